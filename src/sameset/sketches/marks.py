"""How a file of ours says what it holds: the entry `sameset` in the metadata of its Arrow schema."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["LATTICE_MARK", "MARK", "is_marked", "is_marked_lattice"]

MARK = b"sameset"
#: How the entry of a lattice digest begins, of whatever version; that of a table sketch is its format.
LATTICE_MARK = b"lthash32"


def is_marked(metadata: Mapping[bytes, bytes] | None) -> bool:
    """Whether it is a file of ours, of whatever kind."""
    return MARK in (metadata or {})


def is_marked_lattice(metadata: Mapping[bytes, bytes] | None) -> bool:
    """Whether it is a lattice digest, of whatever version."""
    return (metadata or {}).get(MARK, b"").startswith(LATTICE_MARK)
