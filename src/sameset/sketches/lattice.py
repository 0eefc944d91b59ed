"""LtHash32-1024: a digest of a multiset of rows that also stands against whoever chooses the rows; a group.

Homomorphic hashing over lattices (Bellare and Micciancio 1997; Lewi, Kim, Maykov, Weis, ePrint 2019/227): every row becomes
1024 numbers of 32 bits by an extendable hash of its content, BLAKE3 here, and rows are added lane by lane. With lanes of
16 bits 65,536 copies of a row would vanish, so they have 32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from sameset.canonical.batches import pack_word
from sameset.canonical.contents import RowWriter
from sameset.errors import MissingExtraError, SpecError, SpecMismatchError

if TYPE_CHECKING:
    import pyarrow as pa
    from blake3 import blake3
    from numpy.typing import NDArray

    Lanes = NDArray[np.uint32]

__all__ = ["LatticeBatch", "LatticeDigest", "LatticeHasher", "LatticeKey", "print_lattice"]

SCHEME = "lthash32-1024:1"
LANES = 1024
ROW_BYTES = 4 * LANES
ROWS_AT_ONCE = 256  # a megabyte of lanes, so that they are summed before they leave the cache
SHORTEST_KEY, LONGEST_KEY = 16, 64
KEY_CONTEXT = "sameset 2026-11-20 lthash32-1024:1 key of the rows"
KEY_ID_CONTEXT = "sameset 2026-11-20 lthash32-1024:1 name of the key"
KEY_ID_BYTES = 8


class LatticeKey:
    """A secret that makes digests of its own; `id` names it and is no secret."""

    def __init__(self, secret: bytes) -> None:
        if not SHORTEST_KEY <= len(secret) <= LONGEST_KEY:
            raise SpecError(
                f"the key of a digest has {SHORTEST_KEY} to {LONGEST_KEY} bytes, not {len(secret)}; make a random one"
            )
        hasher = _blake3()
        self.derived = hasher(secret, derive_key_context=KEY_CONTEXT).digest()
        self.id = hasher(secret, derive_key_context=KEY_ID_CONTEXT).hexdigest(KEY_ID_BYTES)

    def __repr__(self) -> str:
        return f"LatticeKey(id={self.id!r})"


class LatticeBatch(NamedTuple):
    """The rows of one batch, added: how many, and the lanes, uint32 (1024,); `key` is the name of the key or empty."""

    key: str
    rows: int
    lanes: Lanes


class LatticeHasher:
    """Adds the rows of batches of one schema; MissingExtraError without BLAKE3, UnsupportedTypeError as `RowWriter`."""

    def __init__(self, schema: pa.Schema, key: LatticeKey | None = None) -> None:
        self._writer = RowWriter(schema)
        self._key = key.id if key else ""
        self._start: Callable[[memoryview], blake3] = partial(_blake3(), key=key.derived) if key else _blake3()

    def hash(self, batch: pa.RecordBatch) -> LatticeBatch:
        """The sum of the rows of a batch of the schema."""
        lanes = np.zeros(LANES, np.uint32)
        for start in range(0, batch.num_rows, self._writer.rows):
            self._add(batch.slice(start, self._writer.rows), lanes)
        return LatticeBatch(self._key, batch.num_rows, lanes)

    def _add(self, batch: pa.RecordBatch, lanes: Lanes) -> None:
        contents = self._writer.write(batch)
        data, offsets = contents.data.data, contents.offsets.tolist()
        for start in range(0, batch.num_rows, ROWS_AT_ONCE):
            ends = offsets[start : start + ROWS_AT_ONCE + 1]
            rows = [self._start(data[a:b]).digest(ROW_BYTES) for a, b in pairwise(ends)]
            lanes += np.frombuffer(b"".join(rows), "<u4").reshape(-1, LANES).sum(axis=0, dtype=np.uint32)


class LatticeDigest:
    """Row count and the sum of all rows, uint32 (1024,), modulo 2^32; `key` is the name of the key or empty."""

    def __init__(self, key: str, rows: int, lanes: Lanes) -> None:
        self.key = key
        self.rows = rows
        self.lanes = lanes

    @classmethod
    def empty(cls, key: LatticeKey | None = None) -> Self:
        """The digest of no rows."""
        return cls(key.id if key else "", 0, np.zeros(LANES, np.uint32))

    def update(self, batch: LatticeBatch) -> None:
        """Adds the rows of a batch."""
        self._check_key(batch.key)
        self.rows += batch.rows
        self.lanes += batch.lanes

    def merge(self, other: Self) -> Self:
        """The digest of the rows of both."""
        self._check_key(other.key)
        return type(self)(self.key, self.rows + other.rows, self.lanes + other.lanes)

    def subtract(self, other: Self) -> Self:
        """The digest without the rows of the other; its row count may be negative."""
        self._check_key(other.key)
        return type(self)(self.key, self.rows - other.rows, self.lanes - other.lanes)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, LatticeDigest)
            and (self.key, self.rows) == (other.key, other.rows)
            and np.array_equal(self.lanes, other.lanes)
        )

    __hash__ = None  # type: ignore[assignment]  # it changes with update

    def _check_key(self, other: str) -> None:
        if self.key != other:
            raise SpecMismatchError("key", self.key or "no key", other or "no key")


def print_lattice(digest: LatticeDigest, names: Sequence[str]) -> str:
    """The digest for people and JSON: the scheme, the key's name if there is one, 64 hexadecimal digits (docs/schemes.md)."""
    start = SCHEME + (f":k{digest.key}:" if digest.key else ":")
    encoded = sorted(name.encode() for name in names)
    content = [pack_word(len(start)) + start.encode(), pack_word(digest.rows), pack_word(len(encoded))]
    content += [pack_word(len(name)) + name for name in encoded]
    state = np.ascontiguousarray(digest.lanes, "<u4").tobytes()
    return start + _blake3()(b"".join(content) + state).hexdigest()


def _blake3() -> type[blake3]:
    try:
        from blake3 import blake3
    except ImportError:
        raise MissingExtraError("secure", "the lattice digest (BLAKE3)") from None
    return blake3
