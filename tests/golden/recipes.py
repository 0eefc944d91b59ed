"""What the golden files are made of: values and tables in code, without files, chance or clock."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pyarrow as pa

from sameset.execution.digesting import lattice_digest
from sameset.execution.sketching import sketch_table
from sameset.sketches.lattice import LatticeDigest, LatticeKey
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.table import TableSketch, hasher_for
from sameset.sources import open_source

__all__ = ["BUCKETED", "FORMED", "NESTED", "ROUNDED", "ROWS", "TABLES", "VALUES", "Recipe", "lattice_of", "sketch_of"]

INTS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
DECIMALS = [
    pa.decimal128(38, 0),
    pa.decimal128(38, 10),
    pa.decimal128(9, -3),
    pa.decimal256(76, 2),
    pa.decimal256(76, 76),
]
UNITS = ["s", "ms", "us", "ns"]
ZONE = "Europe/Berlin"


def raw(kind: pa.DataType, *words: int | None) -> pa.Array:
    """A date or time array from the integers behind it."""
    return pa.array(words, pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)


def scaled(kind: pa.DataType, *unscaled: int | None) -> pa.Array:
    """A decimal array from its unscaled integers, by way of text so that no context rounds."""
    return pa.array([None if n is None else Decimal(f"{n}E{-kind.scale}") for n in unscaled], kind)


VALUES: list[pa.Array] = [
    pa.nulls(1),
    pa.array([False, True]),
    *(pa.array([0, 1, 5, 127], kind) for kind in INTS),
    pa.array([-1, -(2**63), 2**63 - 1, 2**53 + 1]),
    pa.array([2**63, 2**63 + 1, 2**64 - 1, 10**19, 10**19 + 10**5, 18446744073709500000], pa.uint64()),
    pa.array([0.5, 0.1, 65504.0], pa.float16()),
    pa.array([0.1, -0.0, 16777216.0, 1e-45, math.inf, math.nan], pa.float32()),
    pa.array([0.1, -0.0, 5.0, 2.0**53, 2.0**63, -(2.0**63), 5e-324, 1.7976931348623157e308], pa.float64()),
    pa.array([math.nan, math.inf, -math.inf, 1e22, 1e23, 123456789.125], pa.float64()),
    *(scaled(kind, 0, 5, -5, 10**8, 999_999_999) for kind in DECIMALS),
    scaled(pa.decimal128(38, 10), 123456789012345, 1234567890123456, -(10**37) - 1, 2**63, 10**25),
    scaled(pa.decimal256(76, 2), 10**75 + 1, -(2**200), 2**64 * 100, -(2**63) * 100),
    *(
        pa.array(["", "a", "null", "\0", "é", "e\u0301", "\U0001f600", "x" * 16, "y" * 33], kind)
        for kind in (pa.string(), pa.large_string(), pa.string_view())
    ),
    *(
        pa.array([b"", b"\0", b"\0\0\0\0", b"\xff" * 15, b"\xff" * 17], kind)
        for kind in (pa.binary(), pa.large_binary(), pa.binary_view())
    ),
    pa.array([b"\0" * 4, b"abcd"], pa.binary(4)),
    pa.array([uuid.UUID(int=0).bytes, uuid.UUID(int=2**127 + 5).bytes], pa.uuid()),
    raw(pa.date32(), 0, -1, 20_000),
    raw(pa.date64(), 0, -86_400_000, 20_000 * 86_400_000),
    *(raw(kind, 0, 43_200) for kind in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"))),
    *(raw(make(unit), 0, -1, 1_700_000_001) for make in (pa.timestamp, pa.duration) for unit in UNITS),
    *(raw(pa.timestamp(unit, ZONE), 0, -1, 1_700_000_001) for unit in UNITS),
    pa.array(["a", "a", ""]).dictionary_encode(),
]


def extension(kind: pa.BaseExtensionType, values: list[object]) -> pa.Array:
    return pa.ExtensionArray.from_storage(kind, pa.array(values, kind.storage_type))


INTERVAL = pa.month_day_nano_interval()
POINT = pa.struct({"x": pa.int8(), "y": pa.float64()})
SIX = [0, 1, 2, 3, 4, 5]
#: Six values each, so that together they are a table.
NESTED: list[pa.Array] = [
    *(
        pa.array([[], [1, 2], [2, 1], [None], None, [1, 2, 3]], kind)
        for kind in (pa.list_(pa.int64()), pa.large_list(pa.float64()), pa.list_view(pa.decimal128(9, 2)))
    ),
    pa.array([["a", "b"], ["", None], None, ["ab", ""], ["é", "e\u0301"], ["a", "b"]], pa.list_(pa.string(), 2)),
    pa.array([[[1, 2], [3]], [[1], [2, 3]], [[]], [None], [], None], pa.list_(pa.list_(pa.int8()))),
    pa.array([{"x": 1, "y": 2.0}, {"x": 2, "y": 1.0}, {"x": None, "y": None}, None, {"x": 1, "y": 0.1}, {}], POINT),
    pa.array([{}, None, {}, {}, {}, {}], pa.struct({})),
    pa.array([[("a", 1), ("b", 2)], [("b", 2), ("a", 1)], [("a", 1)] * 2, [], None, [("a", None)]], pa.map_("string", "int8")),
    pa.array([[{"x": 1, "y": 0.5}], [None], [], None, [{"x": 1}] * 2, [{}]], pa.list_(POINT)),
    pa.array([(0, 0, 0), (1, -2, 3), (-12, 30, 2**62), None, (0, 0, -1), (2**31 - 1, -(2**31), -(2**63))], INTERVAL),
    extension(pa.fixed_shape_tensor(pa.float64(), [2, 3]), [SIX, SIX[::-1], None, [0.5] * 6, SIX, SIX]),
    extension(pa.fixed_shape_tensor(pa.float64(), [3, 2], permutation=[1, 0]), [[0, 3, 1, 4, 2, 5], SIX, None, SIX, SIX, SIX]),
    extension(pa.fixed_shape_tensor(pa.int32(), [6]), [SIX, SIX[::-1], None, SIX, SIX, SIX]),
    extension(pa.fixed_shape_tensor(pa.uint8(), [2, 0]), [[], None, [], [], [], []]),
    extension(pa.fixed_shape_tensor(pa.float32(), []), [[1], [2], None, [0], [0.5], [1]]),
    extension(pa.bool8(), [0, 1, -1, None, 127, 1]),
    extension(pa.json_(), ["{}", "[1, 2]", None, "null", '"\u00e9"', "{}"]),
    pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None, 0, 1]), pa.array([[1], None, [1, 2]], pa.list_(pa.int8()))),
    pa.RunEndEncodedArray.from_arrays(pa.array([2, 3, 6]), pa.array(["a", None, "b"])),
]  # fmt: skip

#: Values as digits and nfc form them: (digits, nfc, values).
FORMED: list[tuple[int | None, bool, pa.Array]] = [
    *((digits, False, pa.array([0.15, 0.25, 0.35, 2.5, 1.005, 9.995, -1234.5678, 0.1 + 0.2])) for digits in (1, 2, 3, 15)),
    (3, False, pa.array([5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, math.inf, math.nan, -0.0, 1e22, 1e23])),
    (1, False, pa.array([1.7976931348623157e308, 9.5, 0.95, -95.0])),
    (7, False, pa.array([0.1, 16777217.0, 3.4028235e38], pa.float32())),
    (2, False, pa.array([0.1, 0.333, 65504.0], pa.float16())),
    (2, False, pa.array([123456, -1])),
    (2, True, pa.array([[1.25, 1.35], [0.125]])),
    (None, True, pa.array(["e\u0301", "A\u030a", "\u1100\u1161\u11a8", "\u1e9b\u0323", "\ufb01", "a"])),
    (None, True, pa.array([{"e\u0301": "e\u0301"}])),
]  # fmt: skip


def mixed(i: int) -> int:
    """A whole number below 2^32 that looks like chance (Knuth's multiplicative hash)."""
    return i * 2_654_435_761 % 2**32


def every_type(rows: int = 6) -> pa.RecordBatch:
    """One column for every array of VALUES; its values over and over, with a null in every fourth place."""
    columns = []
    for at, values in enumerate(VALUES):
        codes = pa.array([None if (i + at) % 4 == 3 else i % len(values) for i in range(rows)], pa.int64())
        columns.append(plain(values).take(codes).cast(values.type) if is_view(values.type) else values.take(codes))
    return pa.RecordBatch.from_arrays(columns, names=[f"{at:02} {column.type}" for at, column in enumerate(columns)])


def is_view(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(kind) or pa.types.is_binary_view(kind))


def plain(values: pa.Array) -> pa.Array:
    """Views as what Arrow can take from."""
    return values.cast(pa.large_string() if pa.types.is_string_view(values.type) else pa.large_binary())


def orders(rows: int) -> pa.RecordBatch:
    """A table with keys of several kinds: `id`, (`day`, `shop`), `uuid`; rows repeat in nothing but their values."""
    numbers = range(rows)
    return pa.RecordBatch.from_arrays(
        [
            pa.array(numbers, pa.int64()),
            raw(pa.date32(), *(19_000 + i // 7 for i in numbers)),
            pa.array([f"shop {i % 7}" for i in numbers]),
            pa.array([str(uuid.UUID(int=mixed(i) * 2**90 + i)) for i in numbers]),
            scaled(pa.decimal128(15, 2), *(mixed(i) % 10**7 for i in numbers)),
            pa.array([None if i % 11 == 0 else mixed(i) % 1000 / 8 for i in numbers], pa.float64()),
            raw(pa.timestamp("us", "UTC"), *(1_700_000_000_000_000 + mixed(i) for i in numbers)),
        ],
        names=["id", "day", "shop", "uuid", "price", "weight", "at"],
    )


def repeated() -> pa.RecordBatch:
    """A table without a key, whose rows occur up to five times."""
    return pa.RecordBatch.from_pydict({"city": [f"c{i % 9}" for i in range(40)], "n": [i % 9 for i in range(40)]})


def with_nans() -> pa.RecordBatch:
    """A column whose values have buckets of their own: NaN, null, and what lies beyond all ranges."""
    return pa.RecordBatch.from_pydict({"x": [float("nan"), None, 1e300, float("-inf"), -0.0, -0.5, 1.5, 2.0] * 2})


SMALL = Spec(rows=SampleSize(16, 4, 64), values=SampleSize(8, 4, 16), bins=16, delta_cells=64)


def nested() -> pa.RecordBatch:
    """One column for every array of NESTED."""
    return pa.RecordBatch.from_arrays(NESTED, names=[f"{at:02} {array.type}" for at, array in enumerate(NESTED)])


def accents() -> pa.RecordBatch:
    """A table whose keys and values other forms change."""
    return pa.RecordBatch.from_pydict(
        {
            "name": ["é", "e\u0301", "A\u030a", None, "plain"] * 4,
            "size": [i / 7 for i in range(20)],
            "tags": [["e\u0301", str(i)] for i in range(20)],
        }
    )


def as_made(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch


@dataclass(frozen=True)
class Recipe:
    """A table, the spec to sketch it with, and what of the table that spec reads."""

    make: Callable[[], pa.RecordBatch]
    spec: Spec
    choose: Callable[[pa.RecordBatch], pa.RecordBatch] = field(default=as_made)

    def read(self) -> pa.RecordBatch:
        return self.choose(self.make())


TABLES = {
    "every-type": Recipe(every_type, SMALL),
    "empty": Recipe(lambda: every_type(0), Spec()),
    "no-columns": Recipe(lambda: orders(3).select([]), SMALL),
    "no-key": Recipe(repeated, SMALL),
    "single-key": Recipe(lambda: orders(30), Spec(key=("id",))),
    "composite-key": Recipe(lambda: orders(30), replace(SMALL, key=("shop", "day"))),
    "uuid-key": Recipe(lambda: orders(30), replace(SMALL, key=("uuid",))),
    "hidden-key-and-seed": Recipe(lambda: orders(30), replace(SMALL, key=("id",), keep_keys=False, seed=2**64 - 1)),
    "nested": Recipe(nested, replace(SMALL, key=("05 struct<x: int8, y: double>", "16 extension<arrow.json>"))),
    "digits": Recipe(accents, replace(SMALL, key=("size",), digits=3)),
    "nfc": Recipe(accents, replace(SMALL, key=("name", "size"), nfc=True)),
    "columns": Recipe(
        lambda: orders(30),
        replace(SMALL, columns=("weight", "id", "day")),
        lambda it: it.select(["id", "day", "weight"]),
    ),
    "ignore": Recipe(
        lambda: orders(30),
        replace(SMALL, key=("id",), ignore=("at", "uuid", "day")),
        lambda it: it.select(["id", "shop", "price", "weight"]),
    ),
    "where": Recipe(lambda: orders(30), replace(SMALL, key=("id",), where="id >= 20"), lambda it: it.slice(20)),
    "every-option": Recipe(
        accents,
        replace(SMALL, digits=2, nfc=True, columns=("size", "name"), ignore=("name",), where="size < 1"),
        lambda it: it.select(["size"]).slice(0, 7),
    ),
    "cut-samples": Recipe(lambda: orders(20_000).select(["id", "price", "weight"]), Spec(key=("id",))),
}
#: Tables whose sketches have buckets, of format 2; their digests are those of the same tables without.
BUCKETED = {
    "month": Recipe(lambda: orders(30), replace(SMALL, key=("id",), bucket_by="day")),
    "week": Recipe(lambda: orders(30), replace(SMALL, bucket_by="day:week")),
    "nulls": Recipe(lambda: orders(30), replace(SMALL, bucket_by="weight:range=25")),
    "nans": Recipe(with_nans, replace(SMALL, bucket_by="x:range=2")),
    "hour": Recipe(lambda: orders(30), replace(SMALL, bucket_by="at:hour")),
    "range": Recipe(lambda: orders(30), replace(SMALL, bucket_by="price:range=3")),
    "hashes": Recipe(lambda: orders(30), replace(SMALL, bucket_by="uuid:7")),
    "form": Recipe(accents, replace(SMALL, digits=2, nfc=True, bucket_by="name:16")),
    "wider": Recipe(lambda: orders(4_100).select(["id"]), replace(SMALL, bucket_by="id:range=1")),
}
#: Doubles to be rounded: ties of their decimals and what only looks like one, carries, powers of ten, both ends of the range.
ROUNDED = [
    *(
        0.15,
        0.25,
        0.35,
        2.5,
        0.285,
        1.005,
        1.015,
        2.675,
        9.995,
        99.95,
        0.1 + 0.2,
        -8.5,
        -0.0,
        9.5,
        99.5,
        123456.0,
        1234565.0,
    ),
    *(
        999999999999999.5,
        1234567890123456.0,
        4503599627370497.5,
        0.9999999999999995,
        123456789.01234565,
        0.12345678901234565,
    ),
    *(
        1e21,
        1e22,
        1e23,
        9.999999999999999e22,
        8.5e22,
        2.5e-22,
        1.2345678901234565e-25,
        6.02214076e23,
        0.10000000149011612,
    ),
    *(5e-324, 1.5e-323, 2.2250738585072014e-308, 2.225073858507201e-308, 9.5e-309, 9.5e307, 1.7976931348623157e308),
]
ROWS = [name for name in TABLES if name not in ("empty", "cut-samples")]


def sketch_of(recipe: Recipe) -> TableSketch:
    """The sketch of a recipe's table, from three batches; by way of a source if the spec chooses among them."""
    batch = recipe.make()
    if recipe.choose is not as_made:
        return sketch_table(pa.table(batch), recipe.spec)
    sketch, hasher = TableSketch.empty(recipe.spec, batch.schema), hasher_for(recipe.spec, batch.schema)
    third = batch.num_rows // 3
    for part in (batch.slice(0, third), batch.slice(third, third), batch.slice(2 * third)):
        sketch.update(hasher.hash(part))
    return sketch


def lattice_of(name: str, secret: bytes | None) -> LatticeDigest:
    """The lattice digest of a recipe's table, with its options, by way of a source."""
    recipe = TABLES[name]
    found = lattice_digest(open_source(pa.table(recipe.make())), LatticeKey(secret) if secret else None, recipe.spec)
    assert found.state is not None
    return found.state
