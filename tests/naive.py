"""The naive twin of the core: docs/encoding.md in plain Python, paragraph by paragraph, with mmh3 as the oracle of the hash.

Slow and obvious on purpose. Nothing here imports `sameset`: whoever doubts a digest checks it against this page and that one.
Hashes are pairs of Python integers. Values are in `naive_values` and `naive_nested`; here are rows, tables and sketches.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
from naive_buckets import bucket_keys, bucket_table, split
from naive_nested import canonical_bytes, family, value_hash, value_type, values
from naive_values import (
    AS_IS,
    BOOLEAN,
    BYTES,
    DATE,
    DURATION,
    M64,
    NANOSECONDS,
    NULL,
    NUMBER,
    PRIME,
    TEXT,
    TIME,
    TIMESTAMP,
    ZONED,
    Form,
    Hash,
    Value,
    days,
    finish,
    fmix,
    murmur,
    number_bytes,
    ticks,
    u64,
)

__all__ = [
    "AS_IS",
    "BOOLEAN",
    "BYTES",
    "DATE",
    "NANOSECONDS",
    "NULL",
    "NUMBER",
    "TEXT",
    "TIME",
    "ZONED",
    "Form",
    "add_to_cells",
    "as_plain",
    "canonical_bytes",
    "cells_of",
    "check_of",
    "days",
    "delta",
    "family",
    "fewest_bytes",
    "key_hashes",
    "key_words",
    "murmur",
    "name_key",
    "named_hashes",
    "pack_string",
    "pack_word",
    "packed_keys",
    "packed_value",
    "peel",
    "position_key",
    "positional_hashes",
    "printed_digest",
    "pure_row",
    "row_hash",
    "row_lanes",
    "rows_of",
    "sample",
    "signature",
    "table_sketch",
    "total",
    "u64",
    "value_hash",
    "value_hashes",
    "value_type",
    "values",
    "words_of",
]

# Rows, tables, columns


def name_key(name: str, seed: int) -> Hash:
    return murmur(u64(seed) + name.encode(), 101)


def position_key(position: int, seed: int) -> Hash:
    return murmur(u64(seed) + u64(position), 102)


def row_hash(hashes: Sequence[Hash], keys: Sequence[Hash], seed: int) -> Hash:
    """The hash of a row from the hashes of its values and the keys (of names or of positions) of its columns."""
    r1, r2 = murmur(u64(seed), 103)
    for (v1, v2), (k1, k2) in zip(hashes, keys, strict=True):
        r1 = r1 + fmix(v1 ^ k1) & M64
        r2 = r2 + fmix(v2 ^ k2) & M64
    return finish(r1, r2, len(hashes))


def value_hashes(array: pa.Array, form: Form = AS_IS) -> list[Hash]:
    return [value_hash(value, array.type) for value in values(array, form)]


def rows_of(batch: pa.RecordBatch, form: Form) -> list[list[Hash]]:
    """The hashes of all values, row by row."""
    columns = [value_hashes(array, form) for array in batch.columns]
    return [[column[i] for column in columns] for i in range(batch.num_rows)]


def named_hashes(batch: pa.RecordBatch, seed: int, form: Form = AS_IS) -> list[Hash]:
    keys = [name_key(name, seed) for name in batch.schema.names]
    return [row_hash(row, keys, seed) for row in rows_of(batch, form)]


def positional_hashes(batch: pa.RecordBatch, seed: int, form: Form = AS_IS) -> list[Hash]:
    keys = [position_key(i, seed) for i in range(batch.num_columns)]
    return [row_hash(row, keys, seed) for row in rows_of(batch, form)]


def key_hashes(batch: pa.RecordBatch, key: Sequence[str], seed: int, form: Form = AS_IS) -> list[Hash]:
    return named_hashes(batch.select(list(key)), seed, form)


def total(hashes: Iterable[Hash]) -> Hash:
    """The sum of hashes lane by lane: the digest of a column, or of rows."""
    hashes = list(hashes)
    return sum(h[0] for h in hashes) & M64, sum(h[1] for h in hashes) & M64


def printed_digest(batch: pa.RecordBatch, seed: int, form: Form = AS_IS) -> str:
    s1, s2 = total(named_hashes(batch, seed, form))
    names = sorted(name.encode() for name in batch.schema.names)
    data = u64(seed) + u64(batch.num_rows) + u64(s1) + u64(s2)
    h1, h2 = murmur(data + b"".join(u64(len(name)) + name for name in names), 104)
    return f"v1:{h1:016x}{h2:016x}"


# Sketches


def sample(hashes: Iterable[int], size: int, scaled: int, cap: int) -> tuple[dict[int, int], int]:
    """({hash: count} in ascending order, threshold): the definition, from all hashes at once."""
    counts = Counter(h for h in hashes if h != M64)
    distinct = sorted(counts)
    n = len(distinct)
    s = sum(1 for h in distinct if h < 2**64 // scaled)
    kept = distinct[: min(n, cap, max(size, s))]
    if len(kept) == n:
        threshold = M64
    elif s > cap:
        threshold = kept[-1] + 1
    else:
        threshold = max(kept[-1] + 1, 2**64 // scaled)
    return {h: counts[h] for h in kept}, threshold


def signature(hashes: Iterable[int], bins: int) -> list[int]:
    b = bins.bit_length() - 1
    least = [M64] * bins
    for h in hashes:
        least[h % bins] = min(least[h % bins], h >> b)
    return least


def key_words(families: Iterable[int]) -> int:
    """How many words of seven bytes the packed key of columns of these families has."""
    budget = {DATE: 5, BOOLEAN: 2, NULL: 1, TEXT: 24, BYTES: 24}
    size = sum(budget.get(number, 9) for number in families)
    return min(max((size + 6) // 7, 2), 6)


def fewest_bytes(number: int) -> bytes:
    size = 1
    while not -(2 ** (8 * size - 1)) <= number < 2 ** (8 * size - 1):
        size += 1
    return number.to_bytes(size, "little", signed=True)


def pack_word(kind: int, number: int) -> bytes:
    data = fewest_bytes(number)
    return bytes([16 * kind + len(data)]) + data


def pack_string(kind: int, data: bytes) -> bytes | None:
    return bytes([16 * kind, len(data)]) + data if len(data) < 256 else None


def packed_value(value: Value, kind: pa.DataType) -> bytes | None:
    """One value of a packed key; None if there is no form for it."""
    kind = value_type(kind)
    if value is None:
        return b"\0"
    if family(kind) == BOOLEAN:
        return pack_word(10, int(value))
    if family(kind) == NUMBER:
        data = number_bytes(value)
        if len(data) == 8:
            return pack_word(1, int.from_bytes(data, "little", signed=True))
        return pack_word(2, int.from_bytes(data[:8], "little", signed=True)) if len(data) == 9 else None
    if family(kind) == TEXT:
        if re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", value):
            return pack_string(11, uuid.UUID(value).bytes)
        return pack_string(3, value.encode())
    if family(kind) == BYTES:
        return pack_string(4, value)
    if family(kind) == DATE:
        return pack_word(5, days(value, kind))
    if family(kind) not in (TIME, TIMESTAMP, ZONED, DURATION):
        return None
    microseconds, rest = ticks(value, kind)
    return pack_word(family(kind) - 1, microseconds) if rest == 0 else None


def packed_keys(
    batch: pa.RecordBatch, key: Sequence[str], seed: int, keep_keys: bool, form: Form = AS_IS
) -> list[bytes]:
    """The packed keys of all rows, padded to whole words."""
    names = sorted(key, key=str.encode)
    kinds = [batch.schema.field(name).type for name in names]
    width = 7 * key_words(map(family, kinds))
    columns = [values(batch.column(name), form) for name in names]
    packed = []
    for i, (h1, _) in enumerate(key_hashes(batch, key, seed, form)):
        pieces = [packed_value(column[i], kind) for column, kind in zip(columns, kinds, strict=True)]
        whole = None if None in pieces or not keep_keys else b"".join(piece or b"" for piece in pieces)
        if whole is None or len(whole) > width:
            whole = b"\xf0" + u64(h1)
        packed.append(whole.ljust(width, b"\0"))
    return packed


def words_of(packed: bytes) -> list[int]:
    return [int.from_bytes(packed[i : i + 7], "little") for i in range(0, len(packed), 7)]


def row_lanes(
    batch: pa.RecordBatch, key: Sequence[str] = (), seed: int = 0, keep_keys: bool = True, form: Form = AS_IS
) -> list[list[int]]:
    """The lanes of all rows of a delta."""
    packed = packed_keys(batch, key, seed, keep_keys, form) if key else [b""] * batch.num_rows
    hashes = [[h1 % 2**61 % PRIME, h2 % 2**61 % PRIME] for h1, h2 in named_hashes(batch, seed, form)]
    return [words_of(data) + pair for data, pair in zip(packed, hashes, strict=True)]


def check_of(lanes: Sequence[int]) -> int:
    h = len(lanes)
    for x in lanes:
        h = fmix(((h ^ x) * 5 + 0x52DCE729) & M64)
    return h % PRIME


def cells_of(check: int, cells: int) -> list[int]:
    """The cell of each of the four subtables that a row goes to."""
    size = cells // 4
    a, b = fmix(check), fmix(check ^ 0x9E3779B97F4A7C15)
    return [a % size, size + (a >> 32) % size, 2 * size + b % size, 3 * size + (b >> 32) % size]


Cell = list[int]


def delta(rows: Iterable[tuple[Sequence[int], int]], cells: int, lanes: int) -> list[Cell]:
    """The cells of rows (lanes, how often; may be negative): each is [count, sum of each lane ..., sum of checks]."""
    table = [[0] * (lanes + 2) for _ in range(cells)]
    for row, times in rows:
        add_to_cells(table, row, times)
    return table


def add_to_cells(table: list[Cell], row: Sequence[int], times: int) -> None:
    check = check_of(row)
    for at in cells_of(check, len(table)):
        count, *sums = table[at]
        table[at] = [
            (count + times) & M64,
            *((total_ + times * x) % PRIME for total_, x in zip(sums, [*row, check], strict=True)),
        ]


def peel(table: list[Cell]) -> dict[tuple[int, ...], int] | None:
    """{lanes: times} of what lies in a delta; None if not all of it comes loose."""
    table = [list(cell) for cell in table]
    found: dict[tuple[int, ...], int] = {}
    while pure := next((p for p in map(pure_row, table) if p is not None), None):
        row, times = pure
        found[row] = found.get(row, 0) + times
        if len(found) > len(table):
            return None
        add_to_cells(table, row, -times)
    return found if not any(map(any, table)) else None


def pure_row(cell: Cell) -> tuple[tuple[int, ...], int] | None:
    """The row, and how often, of a cell that holds copies of one row only."""
    count, *sums = cell
    if count % PRIME == 0 and not any(sums):
        return None
    times = count - 2**64 if count >= 2**63 else count
    if times % PRIME == 0:
        return None
    *row, check = (x * pow(times, -1, PRIME) % PRIME for x in sums)
    return (tuple(row), times) if check_of(row) == check else None


def table_sketch(batch: pa.RecordBatch, spec: Any) -> dict[str, Any]:
    """All of a table's sketch from its definition, as plain values; the spec is read by its fields alone."""

    def sample_of(hashes: Iterable[int], size: Any) -> tuple[dict[int, int], int]:
        return sample(hashes, size.size, size.scaled, size.cap)

    form = Form(spec.digits, spec.nfc)
    named = named_hashes(batch, spec.seed, form)
    keys = key_hashes(batch, spec.key, spec.seed, form) if spec.key else []
    lanes = row_lanes(batch, spec.key, spec.seed, spec.keep_keys, form)
    words = key_words(family(batch.schema.field(name).type) for name in spec.key) if spec.key else 0
    columns = []
    for array in batch.columns:
        hashes = value_hashes(array, form)
        there = [h1 for value, (h1, _) in zip(values(array, form), hashes, strict=True) if value is not None]
        columns.append(
            {
                "sums": total(hashes),
                "nulls": len(array) - len(there),
                "values": sample_of(there, spec.values),
            }
        )
    return {
        "rows": batch.num_rows,
        "digest": printed_digest(batch, spec.seed, form),
        "sums": [total(named), total(positional_hashes(batch, spec.seed, form)), total(keys)],
        "columns": columns,
        "row sample": sample_of((h1 for h1, _ in named), spec.rows),
        "key sample": sample_of((h1 for h1, _ in keys), spec.rows),
        "signature": signature((h1 for h1, _ in named), spec.bins),
        "delta": delta(((row, 1) for row in lanes), spec.delta_cells, words + 2),
        "buckets": buckets_of(batch, spec.bucket_by, named, form) if spec.bucket_by else None,
    }


def buckets_of(batch: pa.RecordBatch, bucket_by: str, named: list[Hash], form: Form) -> dict[str, Any]:
    column, how = split(bucket_by)
    keys = bucket_keys(batch.column(batch.schema.names.index(column)), how, form)
    return bucket_table(keys, named, [value_hashes(array, form) for array in batch.columns])


def as_plain(sketch: Any) -> dict[str, Any]:
    """A sketch of `sameset` in the form of `table_sketch`."""

    def plain(kept: Any) -> tuple[dict[int, int], int]:
        return dict(zip(kept.hashes.tolist(), kept.counts.tolist(), strict=True)), kept.threshold

    return {
        "rows": sketch.row_count,
        "digest": sketch.text_digest,
        "sums": [sketch.digest.named, sketch.digest.positional, sketch.digest.key],
        "columns": [
            {"sums": column.digest, "nulls": column.nulls, "values": plain(column.values)} for column in sketch.columns
        ],
        "row sample": plain(sketch.rows),
        "key sample": plain(sketch.keys),
        "signature": sketch.signature.bins.tolist(),
        "delta": sketch.delta.cells.tolist(),
        "buckets": sketch.buckets
        and {
            "level": sketch.buckets.level,
            "buckets": dict(zip(sketch.buckets.keys.tolist(), sketch.buckets.sums.tolist(), strict=True)),
        },
    }
