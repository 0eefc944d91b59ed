"""A batch of rows -> hashed batch: value hashes by column, row hashes, key hashes and packed keys."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from sameset.canonical.buckets import Bucketing, bucket_keys
from sameset.canonical.columns import NULL_HASH, HashedColumn, check_utf8, hash_column, hash_entries
from sameset.canonical.families import Family, family_of, make_room
from sameset.canonical.forms import AS_IS, Form
from sameset.canonical.keys import key_lanes, pack_keys
from sameset.canonical.murmur import hash_lightly
from sameset.canonical.plans import Planner
from sameset.errors import SchemaError, listed
from sameset.kernels.arrays import BOUND, ENTRIES
from sameset.kernels.fold import BEYOND_ASCII, BLOCK, fold_columns
from sameset.kernels.rows import bind_column, bind_entries, finish_rows, finish_sums

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
    key: tuple[Words, Words] | None  #: key hashes, each (rows,)
    sums: Words  #: (3, 2), of the row hashes bound to names, of those bound to positions, of the key hashes (zero without a key)
    lanes: Words  #: (rows, words of the packed key)
    buckets: NDArray[np.int64] | None = None  #: keys of the rows' buckets (rows,), if there are any


def check_columns(names: Sequence[str], key: Sequence[str]) -> None:
    """Refuses two columns of one name, and a key that is not made of distinct columns of the table."""
    twice = sorted({name for name in names if list(names).count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise SchemaError(f"two columns are named {twice[0]!r}; rename one of them")
    if len(set(key)) < len(key):
        raise SchemaError(f"the key names a column twice: {', '.join(key)}; name each key column once")
    for name in key:
        if name not in names:
            raise SchemaError(f"there is no key column {name!r}; the columns are {listed(names)}")


class Tally(Protocol):
    """What takes the hashes of one column."""

    def add(self, nulls: int, rest: Words | None) -> None:
        """Takes what a kernel leaves: how many are null, and the first halves of the hashes that it had no room for."""

    def update(self, column: HashedColumn) -> None:
        """Takes the hashes of a batch."""


class Tallies(Protocol):
    """Where a kernel sums and counts the hashes of all columns."""

    @property
    def columns(self) -> Sequence[Tally]:
        """One tally for each column."""

    @property
    def sums(self) -> Words:
        """The sums of the columns, uint64 (columns, 2)."""

    @property
    def tables(self) -> Words:
        """The tables of their samples, uint64 (columns, 8) (`fold_columns`)."""


class RowHasher:
    """Hashes batches of one schema; made once a scan, since the keys of its columns take some hashing themselves."""

    def __init__(
        self,
        schema: pa.Schema,
        key: Sequence[str] = (),
        seed: int = 0,
        keep_keys: bool = True,
        form: Form = AS_IS,
        bucketing: Bucketing | None = None,
    ) -> None:
        check_columns(schema.names, key)
        make_room(schema)
        self.families = [family_of(field.type, field.name) for field in schema]
        self.bucketing = bucketing and _suited(bucketing, schema.names, self.families)
        self._names = schema.names
        self._keep_keys = keep_keys
        self._form = AS_IS if form == AS_IS else form
        prefix = pack_word(seed)
        self._start = hash_lightly(prefix, ROW_SEED)
        self._constants = np.array([self._start, NULL_HASH, (len(schema), len(key))], np.uint64)
        self._words = np.empty(0, np.uint64)
        self._planner = Planner(self._names, self.families, self._form)
        named = [hash_lightly(prefix + name.encode(), NAME_SEED) for name in schema.names]
        placed = [hash_lightly(prefix + pack_word(i), POSITION_SEED) for i in range(len(schema))]
        self._bindings = np.array([[*n, *p] for n, p in zip(named, placed, strict=True)], np.uint64).reshape(-1, 4)
        self._key = sorted((schema.names.index(name) for name in key), key=lambda i: schema.names[i].encode())
        self._in_key = np.isin(np.arange(len(schema)), self._key)
        self.key_lanes = key_lanes([self.families[i] for i in self._key]) if key else 0

    def for_thread(self) -> RowHasher:
        """One more of the same for another thread: `fold` uses memory of its own again and again."""
        other = copy(self)
        other._words = np.empty(0, np.uint64)
        other._planner = Planner(self._names, self.families, self._form)
        return other

    def hash(self, batch: pa.RecordBatch) -> HashedBatch:
        """The hashes of a batch of the schema."""
        columns = [
            hash_entries(array, family, name, self._form)
            for array, family, name in zip(batch.columns, self.families, self._names, strict=True)
        ]
        sums, key_sums = self._start_sums(batch.num_rows), self._start_sums(batch.num_rows if self._key else 0)
        for i, column in enumerate(columns):
            self._bind(i, column, sums)
            if self._in_key[i]:
                self._bind(i, column, key_sums)
        hashed = self._finished(batch, columns, sums, key_sums)
        return hashed if self.bucketing is None else self._in_buckets(self.bucketing, batch, hashed)

    def fold(self, batch: pa.RecordBatch, tallies: Tallies) -> HashedBatch:
        """The hashes of a batch but for those of its columns, which their tallies take, one for each column.

        The same sums and counts as `hash` and then an update of each column, by one call of a kernel.
        """
        hashed = self._planner.plan(batch)
        columns = self._planner.rows, self._planner.divisors, self._bindings, self._in_key
        hashes, sums = self._hashes(batch.num_rows), np.zeros((3, 2), np.uint64)
        memory = (*self._scratch(min(BLOCK, batch.num_rows)), *hashes)
        left = fold_columns(columns, self._constants, tallies.tables, memory, (tallies.sums, sums))
        if left or hashed:
            self._take_rest(batch, hashed, tallies)
        return self._with_lanes(batch, [], hashes, sums)

    def _take_rest(self, batch: pa.RecordBatch, hashed: dict[int, HashedColumn], tallies: Tallies) -> None:
        """Has the tallies take what the kernel left: how many are null, what full tables have no room for; and looks at texts."""
        for i, (end, more) in enumerate(tallies.tables[:, 6:].tolist()):
            kind = self._planner.rows[i, 0]
            if end == batch.num_rows and not more and kind != BOUND:
                continue
            tally, column, array = tallies.columns[i], hashed.get(i), batch.column(i)
            if kind == BOUND or (kind == ENTRIES and end == 0):
                tally.update(column or hash_entries(array, self.families[i], self._names[i], self._form))
                continue
            beyond_ascii, nulls = divmod(more, int(BEYOND_ASCII))
            if beyond_ascii:
                check_utf8(array, self.families[i], self._names[i], beyond_ascii=True)
            tally.add(nulls, self._hashes_from(end, array, i, column) if end < batch.num_rows else None)

    def _hashes(self, rows: int) -> tuple[Words, Words]:
        """Memory for the hashes of rows and of their keys."""
        return np.empty((2, rows), np.uint64), np.empty((2, rows if self._key else 0), np.uint64)

    def _scratch(self, rows: int) -> tuple[Words, Words]:
        """Memory for the sums of rows and of their keys; used again, for new memory comes page by page, at 1 us each."""
        sizes = 4 * rows, 4 * rows if self._key else 0
        if len(self._words) < sum(sizes):
            self._words = np.empty(sum(sizes), np.uint64)
        return self._words[: sizes[0]], self._words[sizes[0] : sum(sizes)]

    def _hashes_from(self, start: int, array: pa.Array, i: int, hashed: HashedColumn | None) -> Words:
        """First halves of the hashes of the values that a full table could not count."""
        if hashed is not None:
            return hashed.h1[start:]
        rest = hash_column(array.slice(start), self._names[i], self._form)
        return rest.h1 if rest.nulls is None else rest.h1[~rest.nulls]

    def _finished(
        self, batch: pa.RecordBatch, columns: list[HashedColumn], sums: Words, key_sums: Words
    ) -> HashedBatch:
        totals = np.zeros((3, 2), np.uint64)
        named, key = self._hashes(batch.num_rows)
        finish_rows(sums[0], sums[1], np.uint64(len(self._names)), totals[0], *named)
        finish_sums(sums[2], sums[3], np.uint64(len(self._names)), totals[1])
        if self._key:
            finish_rows(key_sums[0], key_sums[1], np.uint64(len(self._key)), totals[2], *key)
        return self._with_lanes(batch, columns, (named, key), totals)

    def _with_lanes(
        self, batch: pa.RecordBatch, columns: list[HashedColumn], hashes: tuple[Words, Words], totals: Words
    ) -> HashedBatch:
        """The hashed batch, with its keys packed."""
        (h1, h2), key = hashes
        lanes = np.zeros((batch.num_rows, self.key_lanes), np.uint64)
        if self._key:
            parts = [(self._names[i], self._form.apply(batch.column(i))) for i in self._key]
            pack_keys(parts, key[0], lanes, self._keep_keys)
        both = (key[0], key[1]) if self._key else None
        return HashedBatch(batch.num_rows, columns, (h1, h2), both, totals, lanes)

    def _in_buckets(self, bucketing: Bucketing, batch: pa.RecordBatch, hashed: HashedBatch) -> HashedBatch:
        i = self._names.index(bucketing.column)
        keys = bucket_keys(bucketing, self.families[i], batch.column(i), hashed.columns[i], self._form)
        return replace(hashed, buckets=keys)

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


def _suited(bucketing: Bucketing, names: Sequence[str], families: Sequence[Family]) -> Bucketing:
    """The bucketing with its kind; SchemaError if the table has no such column, or one of another family."""
    if bucketing.column not in names:
        raise SchemaError(
            f"there is no column {bucketing.column!r} to put rows into buckets by; the columns are {listed(names)}, "
            "and behind the colon stand year, quarter, month, week, day, hour, range=WIDTH or a number of hashes"
        )
    return bucketing.suited(families[names.index(bucketing.column)])
