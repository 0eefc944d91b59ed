"""How datasets are named, and how a snapshot is addressed: NAME or NAME@NUMBER."""

from __future__ import annotations

import re
import unicodedata

from sameset.errors import SpecError

__all__ = ["MAX_NAME", "check_name", "parse_reference"]

MAX_NAME = 200

# Control characters, lone surrogates, line and paragraph separators: they break a table, or cannot be stored.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})

# Nine digits fit the integer column of every database.
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


def check_name(name: str) -> str:
    """The name itself if a dataset can bear it; otherwise a SpecError that says which rule it breaks."""
    fault = _fault(name)
    if fault is not None:
        raise SpecError(f"{name[: MAX_NAME + 1]!r} cannot name a dataset: {fault}; choose another name")
    return name


def parse_reference(text: str) -> tuple[str, int | None]:
    """Name and snapshot number of `NAME@NUMBER`; the number is None for `NAME` alone, which means the latest.

    >>> parse_reference("orders@3"), parse_reference("orders")
    (('orders', 3), ('orders', None))
    """
    name, at, number = text.partition("@")
    if at and not _NUMBER.fullmatch(number):
        raise SpecError(
            f"{text!r} is not a snapshot: after the @ stands its number, 1 or more; write NAME or NAME@NUMBER"
        )
    return check_name(name), int(number) if at else None


def _fault(name: str) -> str | None:
    """What keeps a dataset from bearing this name, or None."""
    if not name.strip():
        return "it is empty"
    if len(name) > MAX_NAME:
        return f"it has {len(name)} characters, more than {MAX_NAME}"
    if name != name.strip():
        return "it begins or ends with a blank"
    for reserved, use in (("@", "snapshots"), ("::", "tables")):
        if reserved in name:
            return f"it holds {reserved!r}, which addresses {use}"
    if any(unicodedata.category(character) in _UNPRINTABLE for character in name):
        return "it holds a control character"
    return None
