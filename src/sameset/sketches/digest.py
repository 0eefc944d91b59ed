"""The digest of a multiset of rows: how many, and the sums of their hashes. Exact, of fixed size, a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from sameset.canonical.batches import pack_word
from sameset.canonical.murmur import hash_lightly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.canonical.batches import HashedBatch

    Words = NDArray[np.uint64]

__all__ = ["RowDigest", "print_digest"]

PRINT_SEED = 104


class RowDigest:
    """Row count, sums of named and positional row hashes and of key hashes: `sums` is uint64 (3, 2), modulo 2^64."""

    def __init__(self, rows: int, sums: Words) -> None:
        self.rows = rows
        self.sums = sums

    @classmethod
    def empty(cls) -> Self:
        """The digest of no rows."""
        return cls(0, np.zeros((3, 2), np.uint64))

    def update(self, batch: HashedBatch) -> None:
        """Adds the rows of a batch."""
        self.rows += batch.rows
        self.sums += batch.sums

    def merge(self, other: Self) -> Self:
        """The digest of the rows of both."""
        return type(self)(self.rows + other.rows, self.sums + other.sums)

    def subtract(self, other: Self) -> Self:
        """The digest without the rows of the other; its row count may be negative."""
        return type(self)(self.rows - other.rows, self.sums - other.sums)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowDigest) and self.rows == other.rows and np.array_equal(self.sums, other.sums)

    __hash__ = None  # type: ignore[assignment]  # it changes with update

    @property
    def named(self) -> tuple[int, int]:
        """Both lanes of the sum of row hashes bound to column names."""
        return int(self.sums[0, 0]), int(self.sums[0, 1])

    @property
    def positional(self) -> tuple[int, int]:
        """Both lanes of the sum of row hashes bound to column positions."""
        return int(self.sums[1, 0]), int(self.sums[1, 1])

    @property
    def key(self) -> tuple[int, int]:
        """Both lanes of the sum of key hashes; zero without a key."""
        return int(self.sums[2, 0]), int(self.sums[2, 1])


def print_digest(digest: RowDigest, names: Sequence[str], seed: int) -> str:
    """The digest for people and JSON, as `v1:` and 32 hexadecimal digits (docs/encoding.md, "Printed digest")."""
    encoded = sorted(name.encode() for name in names)
    words = b"".join(map(pack_word, (seed, digest.rows, *digest.named)))
    h1, h2 = hash_lightly(words + b"".join(pack_word(len(name)) + name for name in encoded), PRINT_SEED)
    return f"v1:{h1:016x}{h2:016x}"
