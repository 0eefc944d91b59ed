"""A registry on a real PostgreSQL server: addresses, passwords, rights, replicas, limits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import servers
from registry_processes import entry, record_next, writer_inside

from sameset.errors import RegistryError, RegistryUnavailableError
from sameset.registry import Registry
from sameset.registry.engine import locate

pytestmark = pytest.mark.slow


def refused(address: str, kind: type[RegistryError] = RegistryError) -> str:
    """What recording there says, in one line without any password."""
    with pytest.raises(RegistryError) as caught, Registry.open(address) as registry:
        registry.record(entry(), expected_previous=None)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def without_anyone(address: str, user: str) -> str:
    return address.replace("//postgres@", f"//{user}@")


@pytest.fixture
def guarded(server: servers.PostgresServer, on_postgres: str) -> str:
    """The address of a registry still to be made, as a user who needs the password hunter2."""
    schema = on_postgres.rpartition("%3D")[2]
    rules = server.folder / "data" / "pg_hba.conf"
    rule = "host all ann 127.0.0.1/32 scram-sha-256\n"
    if rule not in rules.read_text():
        rules.write_text(rule + rules.read_text())
        server.query("create role ann login password 'hunter2'", "select pg_reload_conf()")
    server.query(f"grant usage, create on schema {schema} to ann")
    return without_anyone(on_postgres, "ann")


def test_a_password_may_stand_in_the_address_the_environment_or_pgpass(guarded, monkeypatch, tmp_path):
    with Registry.open(guarded.replace("ann@", "ann:hunter2@")) as registry:
        record_next(registry, entry())
        assert registry.address.startswith("postgresql+psycopg://ann@127.0.0.1")
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    with Registry.open(guarded) as registry:
        assert registry.latest("orders").number == 1
    monkeypatch.delenv("PGPASSWORD")
    kept = tmp_path / "pgpass"
    kept.write_text("127.0.0.1:*:*:ann:hunter2\n")
    kept.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(kept))
    with Registry.open(guarded) as registry:
        assert registry.latest("orders").number == 1


def test_a_wrong_password_is_told_at_once_and_is_no_loss(guarded, monkeypatch):
    monkeypatch.setattr("sameset.registry.failures.time.sleep", pytest.fail)
    assert "password authentication failed" in refused(guarded.replace("ann@", "ann:hunter22@"))


def test_a_server_that_never_answered_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("sameset.registry.failures.time.sleep", pytest.fail)
    told = refused("postgresql://ann:hunter2@127.0.0.1:1/registry", RegistryUnavailableError)
    assert "postgresql+psycopg://ann@127.0.0.1:1/registry does not answer: " in told
    assert "check that its server runs" in told


def test_a_database_that_is_not_there(server):
    told = refused(f"{server.address}/".replace("/postgres/", "/nowhere"))
    assert 'database "nowhere" does not exist' in told


def test_what_libpq_understands_of_tls_is_its(on_postgres):
    assert "server does not support SSL" in refused(f"{on_postgres}&sslmode=require", RegistryUnavailableError)
    with Registry.open(f"{on_postgres}&sslmode=prefer") as registry:
        assert record_next(registry, entry()) == 0


def test_a_search_path_that_leads_nowhere(server):
    told = refused(f"{server.address}?options=-csearch_path%3Dnowhere")
    assert "has no schema to keep its tables in: no schema has been selected to create in" in told


def test_two_schemas_of_one_database_are_two_registries(server, on_postgres):
    with Registry.open(on_postgres) as one, Registry.open(server.empty_schema()) as other:
        record_next(one, entry("orders"))
        assert other.datasets() == []
        record_next(other, entry("items"))
        assert [[dataset.name for dataset in registry.datasets()] for registry in (one, other)] == [
            ["orders"],
            ["items"],
        ]


def test_who_may_not_make_tables_is_told_who_may(server, on_postgres):
    schema = on_postgres.rpartition("%3D")[2]
    server.query("drop role if exists bob", "create role bob login", f"grant usage on schema {schema} to bob")
    told = refused(without_anyone(on_postgres, "bob"))
    assert f"permission denied for schema {schema}" in told
    assert "`sameset registry upgrade`" in told
    with Registry.open(on_postgres) as owner:
        owner.upgrade()
    tables = f"all tables in schema {schema}"
    server.query(f"grant select, insert, update, delete on {tables} to bob")
    server.query(f"grant usage on all sequences in schema {schema} to bob")
    with Registry.open(without_anyone(on_postgres, "bob")) as registry:
        assert record_next(registry, entry(files=b"files", validation="{}")) == 0
    server.query("drop owned by bob", "drop role bob")


def test_a_replica_is_read_and_says_that_it_cannot_be_written(own_server):
    with Registry.open(own_server.address) as primary, servers.postgres_server(own_server) as replica:
        recorded = primary.record(entry(), expected_previous=None)
        target = own_server.query("select pg_current_wal_lsn()")[0][0]
        (position,) = replica.query(f"select pg_last_wal_replay_lsn() >= '{target}'")[0]
        while not position:
            (position,) = replica.query("select pg_sleep(0.01)", f"select pg_last_wal_replay_lsn() >= '{target}'")[0]
        with Registry.open(replica.address, create=False) as registry:
            assert registry.history("orders") == [recorded]
            assert registry.sketch(recorded) == b"sketch"
            with pytest.raises(RegistryError, match="is a read-only copy; give the address of its primary"):
                record_next(registry, entry(sketch=b"2"))
        both = f"postgresql://postgres@127.0.0.1:{replica.port},127.0.0.1:{own_server.port}/postgres"
        with Registry.open(f"{both}?target_session_attrs=read-write") as registry:
            assert record_next(registry, entry(sketch=b"2")) == 0
            assert f"@127.0.0.1:{replica.port},127.0.0.1:{own_server.port}/postgres" in registry.address


def test_of_several_hosts_the_first_that_answers_is_taken(server, on_postgres):
    address = on_postgres.replace(f"127.0.0.1:{server.port}", f"127.0.0.1:1,127.0.0.1:{server.port}")
    with Registry.open(address) as registry:
        assert record_next(registry, entry()) == 0


@pytest.mark.parametrize("password", ["hunter2,x/y", "a,hunter2", "hunter2%2Cb"])
def test_a_comma_of_a_password_is_no_second_host(password):
    place = locate(f"postgresql://ann:{password}@db:5432/registry")
    assert place.address == "postgresql+psycopg://ann@db:5432/registry"
    assert place.url.host == "db"


def test_a_writer_waits_for_the_lock_of_a_dataset_as_long_as_it_is_told_to(on_postgres):
    with Registry.open(on_postgres, lock_timeout=0.05) as registry:
        registry.record(entry("orders"), expected_previous=None)
        with writer_inside(on_postgres, "insert into snapshot"):
            with pytest.raises(RegistryUnavailableError, match="is locked by another program; try again"):
                registry.record(entry("orders", b"2"), expected_previous=1)
            assert record_next(registry, entry("items")) == 0  # writers of other datasets do not wait


def test_what_a_writer_sets_ends_with_its_transaction(on_postgres):
    shown = "select current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')"
    with Registry.open(on_postgres) as registry:
        isolation = "select current_setting('transaction_isolation')"
        inside = registry._write(lambda c: (*c.exec_driver_sql(shown).one(), *c.exec_driver_sql(isolation).one()))
        assert inside == ("30s", "20s", "read committed")
        assert registry._read(lambda c: tuple(c.exec_driver_sql(shown).one())) == ("0", "0")


def test_a_server_set_to_another_isolation_is_used_as_others(server, on_postgres):
    strict = on_postgres.replace("options=", "options=-cdefault_transaction_isolation%3Dserializable%20")
    with Registry.open(strict) as registry:
        assert registry._read(lambda c: c.exec_driver_sql("show transaction_isolation").scalar()) == "read committed"


def test_a_process_keeps_one_connection_open_at_rest(server, on_postgres):
    name = f"{on_postgres}&application_name=at_rest"
    connected = "select count(*) from pg_stat_activity where application_name like 'at\\_rest%'"
    with Registry.open(name) as registry:
        record_next(registry, entry())
        all_at_once = threading.Barrier(6)

        def read(_: int) -> None:
            all_at_once.wait()
            for _ in range(20):
                assert registry.latest("orders").number == 1

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(read, range(6)))
        while server.query(connected)[0][0] > 1:  # the server takes a moment to see who left
            server.query("select pg_sleep(0.01)")
        assert server.query(connected) == [(1,)]
