"""A batch of rows -> hashed batch: value hashes by column, row hashes, key hashes and packed keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sameset.canonical.buffers import hash_one
from sameset.canonical.columns import HashedColumn, hash_entries
from sameset.canonical.families import Family, family_of
from sameset.canonical.forms import AS_IS, Form
from sameset.canonical.keys import key_lanes, pack_keys
from sameset.errors import SchemaError
from sameset.kernels.rows import bind_column, bind_entries, finish_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

__all__ = ["ENCODING_VERSION", "HashedBatch", "RowHasher", "check_columns", "pack_word"]

ENCODING_VERSION = 1
NAME_SEED, POSITION_SEED, ROW_SEED = 101, 102, 103


def pack_word(value: int) -> bytes:
    """An unsigned 64-bit integer as eight little-endian bytes."""
    return value.to_bytes(8, "little")


@dataclass(frozen=True)
class HashedBatch:
    """All hashes of one batch. Words are uint64; sums are modulo 2^64 over the batch's rows."""

    rows: int
    columns: list[HashedColumn]
    named: tuple[Words, Words]  #: row hashes bound to column names, each (rows,)
    named_sum: Words  #: (2,)
    positional_sum: Words  #: (2,)
    key: tuple[Words, Words] | None  #: key hashes, each (rows,)
    key_sum: Words  #: (2,), zero without a key
    lanes: Words  #: (rows, words of the packed key)


def check_columns(names: Sequence[str], key: Sequence[str]) -> None:
    """Refuses two columns of one name, and a key that is not made of distinct columns of the table."""
    twice = sorted({name for name in names if list(names).count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise SchemaError(f"two columns are named {twice[0]!r}; rename one of them")
    if len(set(key)) < len(key):
        raise SchemaError(f"the key names a column twice: {', '.join(key)}; name each key column once")
    for name in key:
        if name not in names:
            raise SchemaError(f"there is no key column {name!r}; the columns are {', '.join(map(repr, names))}")


class RowHasher:
    """Hashes batches of one schema; made once a scan, since the keys of its columns take some hashing themselves."""

    def __init__(
        self, schema: pa.Schema, key: Sequence[str] = (), seed: int = 0, keep_keys: bool = True, form: Form = AS_IS
    ) -> None:
        check_columns(schema.names, key)
        self.families = [family_of(field.type, field.name) for field in schema]
        self._names = schema.names
        self._keep_keys = keep_keys
        self._form = AS_IS if form == AS_IS else form
        prefix = pack_word(seed)
        self._start = hash_one(prefix, ROW_SEED)
        named = [hash_one(prefix + name.encode(), NAME_SEED) for name in schema.names]
        placed = [hash_one(prefix + pack_word(i), POSITION_SEED) for i in range(len(schema))]
        self._bindings = np.array([[*n, *p] for n, p in zip(named, placed, strict=True)], np.uint64).reshape(-1, 4)
        self._key = sorted((schema.names.index(name) for name in key), key=lambda i: schema.names[i].encode())
        self.key_lanes = key_lanes([self.families[i] for i in self._key]) if key else 0

    def hash(self, batch: pa.RecordBatch) -> HashedBatch:
        """The hashes of a batch of the schema."""
        columns: list[HashedColumn] = []
        return replace(self.hash_rows(batch, lambda _, column: columns.append(column)), columns=columns)

    def hash_rows(self, batch: pa.RecordBatch, take: Callable[[int, HashedColumn], None]) -> HashedBatch:
        """The hashes of a batch but for its columns', which `take` is given one by one with the column's place.

        So they can be used while they are in the cache, and need not be kept: those of 16 columns and 16,384 rows take 4 MiB.
        """
        rows = batch.num_rows
        sums, key_sums = self._start_sums(rows), self._start_sums(rows) if self._key else None
        for i, array in enumerate(batch.columns):
            column = hash_entries(array, self.families[i], self._names[i], self._form)
            self._bind(i, column, sums)
            if key_sums is not None and i in self._key:
                self._bind(i, column, key_sums)
            take(i, column)
        named_sum, positional_sum, key_sum = np.zeros((3, 2), np.uint64)
        named = _finish(sums[0], sums[1], len(self._names), named_sum)
        _finish(sums[2], sums[3], len(self._names), positional_sum)
        lanes = np.zeros((rows, self.key_lanes), np.uint64)
        key = None
        if key_sums is not None:
            key = _finish(key_sums[0], key_sums[1], len(self._key), key_sum)
            parts = [(self._names[i], self._form.apply(batch.column(i))) for i in self._key]
            pack_keys(parts, key[0], lanes, self._keep_keys)
        return HashedBatch(rows, [], named, named_sum, positional_sum, key, key_sum, lanes)

    def _start_sums(self, rows: int) -> Words:
        sums = np.empty((4, rows), np.uint64)
        sums[0::2], sums[1::2] = self._start
        return sums

    def _bind(self, i: int, column: HashedColumn, sums: Words) -> None:
        if column.codes is None:
            bind_column(column.h1, column.h2, self._bindings[i], sums)
        else:
            bind_entries(column.codes, column.h1, column.h2, self._bindings[i], sums)

    @property
    def key_families(self) -> list[Family]:
        """Families of the key columns, in the order of their names."""
        return [self.families[i] for i in self._key]


def _finish(s1: Words, s2: Words, columns: int, total: Words) -> tuple[Words, Words]:
    h1, h2 = np.empty(len(s1), np.uint64), np.empty(len(s1), np.uint64)
    finish_rows(s1, s2, np.uint64(columns), total, h1, h2)
    return h1, h2
