"""How an address is shown and stored: without its password, whatever signs that holds. The one home of it.

Who writes `postgresql://ann:p@ss/w?rd@db/shop` has forgotten to escape it as %XX. It cannot be told for certain then where the
password ends, so rather too much is left out than a sign too little.
"""

from __future__ import annotations

import re

__all__ = ["has_open_password", "holds_password", "is_secret_option", "without_password"]

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# A user without password, a host, a port, a path without @, and options: all that an @ may stand in here is an option.
_OPTIONS_ONLY = re.compile(r"(?:[^:/?#@]*@)?(?:\[[^\]]*\]|[^:/?#@\[])*(?::\d*)?(?:/[^?#@]*)?\?[\w.-]+=", re.DOTALL)
# What follows the first `::` belongs to the password if it has an @ as in `w@db` or `w x@db/shop::orders`.
_RUNS_ON = re.compile(r"[^\s'\"]*@|.*@[\w.\[\],-]+(?::\d+)?/[^\s:'\"]*::", re.DOTALL)
_END = re.compile(r"(?:\[[^\]]*\]|:(?!:)|[^:\[]|\[)*", re.DOTALL)
_EMBEDDED = re.compile(r"([a-z][a-z0-9+.-]*://[^:/?#@\s'\"]*):[^\s'\"]*@", re.IGNORECASE)
_NAMES = r"[\w-]*(?:password|passwd|passphrase|secret|token|signature|credential)[\w-]*|pwd|sig"
_VALUE = r"\s*=)(?:'(?:[^'\\]|\\.)*'|[^&;\s]*)"
_SECRET = re.compile(rf"((?<=[?&;#\s(,])(?:{_NAMES}){_VALUE}", re.IGNORECASE)
# In a query, a column that is named so and compared with a text.
_COMPARED = re.compile(rf"(?<=[\s(])(?:{_NAMES})\s*=\s*'(?:[^'\\]|\\.)*'", re.IGNORECASE)
# Within an address, only the next option ends a secret.
_SECRET_OPTION = re.compile(
    rf"((?<=[?&;#\s])(?:{_NAMES}|[\w-]*key)\s*=)(?:(?![&;][\w.-]+=).)*", re.IGNORECASE | re.DOTALL
)


def without_password(address: str) -> str:
    """The address as it may be shown and stored: no password, and *** for secret options such as `?password=`.

    >>> without_password("postgresql://ann:s3cret@db.example/shop::orders")
    'postgresql://ann@db.example/shop::orders'
    """
    readable = address.encode("utf-8", "backslashreplace").decode("utf-8")
    scheme = _SCHEME.match(readable)
    if scheme is None:
        return _scrubbed(readable)
    if scheme[0].lower() == "delta://" and _SCHEME.match(readable, scheme.end()):
        return scheme[0] + without_password(readable[scheme.end() :])
    place, rest = _parted(readable[scheme.end() :])
    return scheme[0].lower() + _without_userinfo(place) + _scrubbed(rest)


def holds_password(address: str) -> bool:
    """Whether the address has a secret in it; that its query compares a column with a text (`where password = 'x'`) is none."""
    place, mark, query = address.partition("::")
    scheme = _SCHEME.match(place)
    if scheme is None:
        return without_password(address) != address
    kept = scheme[0].lower() + place[scheme.end() :] + mark + _COMPARED.sub("", query)
    return without_password(kept) != kept


def is_secret_option(name: str) -> bool:
    """Whether an option of an address is named like a secret one, as `password` and `sslkey` are.

    >>> is_secret_option("sslpassword"), is_secret_option("sslmode")
    (True, False)
    """
    return _SECRET_OPTION.search(f"?{name}=") is not None


def has_open_password(address: str) -> bool:
    """Whether the address of a database seems to hold a password with signs that belong escaped, so that it would be misread."""
    text = address[scheme.end() :] if (scheme := _SCHEME.match(address)) else address
    place, _ = _parted(text)
    authority = re.split(r"[/?#]", place, maxsplit=1)[0]
    userinfo, _, hosts = authority.rpartition("@")
    # Beside a password, an @ among the options may be the one before the host.
    beyond = place[len(authority) :] if ":" in userinfo else place[len(authority) :].partition("?")[0]
    ports = [re.sub(r"\[[^\]]*\]|[^:\[\]]*", "", host, count=1) for host in hosts.split(",")]
    return len(place) != _end(text, 0) or "@" in beyond or not all(re.fullmatch(r"(?::\d*)?", port) for port in ports)


def _parted(text: str) -> tuple[str, str]:
    """What follows the scheme, in two: where the data is, and from its `::` on which of it."""
    end = _end(text, 0)
    if _has_user(text):
        while match := _RUNS_ON.match(text, end + 2):
            end = _end(text, text.rindex("@", 0, match.end()))
    return text[:end], text[end:]


def _end(text: str, start: int) -> int:
    """Where the first `::` outside the brackets of an IPv6 host is."""
    match = _END.match(text, start)
    return match.end() if match else len(text)


def _has_user(text: str) -> bool:
    """Whether it begins with what may be a user and a password: a colon comes before the path."""
    return re.match(r"[^:/?#]*:", text) is not None


def _without_userinfo(place: str) -> str:
    at = place.rfind("@")
    if at >= 0 and _has_user(place[:at]) and not _OPTIONS_ONLY.match(place):
        hidden = place[:at].partition(":")[2]
        # An @ in the value of a secret option: what follows it is secret, too.
        tail = "***" if _SECRET_OPTION.search(hidden) else place[at + 1 :]
        place = f"{place.partition(':')[0]}@{tail}"
    return _SECRET_OPTION.sub(r"\1***", place)


def _scrubbed(text: str) -> str:
    """Any text without the passwords of the addresses and options in it."""
    return _SECRET.sub(r"\1***", _EMBEDDED.sub(r"\1@", text))
