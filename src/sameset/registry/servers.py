"""A registry on PostgreSQL: what its address may say, and connections that neither hang nor pile up.

Whatever libpq reads is left to it: PGPASSWORD, `.pgpass`, PGSSLMODE, `?sslmode=`, `?options=-csearch_path=team`,
`?target_session_attrs=`, a service file.
"""

from __future__ import annotations

import os

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from sameset.addresses import without_password
from sameset.errors import MissingExtraError, RegistryError

__all__ = ["read_address", "server_engine"]

# A server that vanished without a word (its machine lost power, a firewall forgot the connection) is noticed within a
# minute, where the system's own settings take a quarter of an hour to notice while writing, two hours while reading.
_NOTICING = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,  # milliseconds
}

# A writer whose machine vanished between two statements holds the row of its dataset no longer than this: less than those
# who wait for it do. Nothing of ours takes time between two statements of a transaction.
_MOST_IDLE = 20.0


def read_address(rest: str) -> tuple[str, URL]:
    """What may be shown of the address of a server, and the address itself; `rest` is what follows `postgresql://`.

    Several hosts, as libpq takes them (`postgresql://ann@first:5432,second:5432/registry`), are tried one after another.
    """
    place, slash, path = rest.partition("/")
    userinfo, at, hosts = place.rpartition("@")
    # A comma may belong to a password, too: one with a slash, unescaped, before the @.
    several = hosts.split(",") if "," in hosts and "?" not in hosts and "@" not in path.partition("?")[0] else []
    text = f"postgresql+psycopg://{userinfo}{at}{'several' if several else hosts}{slash}{path}"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    # An @ in the host, or beside a password among the options, is of a password that was cut at its own @.
    if url is None or "@" in f"{url.host}{url.database}" or (url.password and "@" in rest.partition("?")[2]):
        raise RegistryError(
            "the registry's address cannot be read; write postgresql://USER@HOST:PORT/DATABASE, signs like @ as %XX"
        )
    secret = [name for name in url.query if "password" in name]
    shown = without_password(url.difference_update_query(secret).render_as_string())
    if several:
        url = URL.create(url.drivername, url.username, url.password, None, None, url.database, url.query)
        url = url.update_query_pairs([("host", host) for host in several])
        shown = shown.replace(f"{at}several" if at else "//several", f"{at}{hosts}" if at else f"//{hosts}", 1)
    return shown, url


def server_engine(url: URL, lock_timeout: float) -> Engine:
    """The engine for a server. A process keeps one connection open at rest; a writer waits `lock_timeout` seconds for others."""
    given = set(url.query) | ({"connect_timeout"} if os.environ.get("PGCONNECT_TIMEOUT") else set())
    arguments: dict[str, object] = {name: value for name, value in _NOTICING.items() if name not in given}
    # Prepared statements belong to a connection of the server, which poolers (PgBouncer) hand to others between transactions.
    arguments |= {"prepare_threshold": None, "fallback_application_name": "sameset"}
    try:
        engine = create_engine(
            url,
            connect_args=arguments,
            # Said, because a server may be set to another: writers rely on seeing what was committed while they waited.
            isolation_level="READ COMMITTED",
            pool_size=1,
            max_overflow=9,
            hide_parameters=True,
        )
    except ModuleNotFoundError:
        raise MissingExtraError("postgres", "a registry on PostgreSQL") from None
    limits = f"set local lock_timeout = {max(1, round(lock_timeout * 1000))}"
    limits += f"; set local idle_in_transaction_session_timeout = {round(_MOST_IDLE * 1000)}"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("sameset_writes", False):
            connection.exec_driver_sql(limits)

    return engine
