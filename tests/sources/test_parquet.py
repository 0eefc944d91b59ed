"""Parquet: what its types mean beside those of the Arrow table that was written, and what would arrive changed."""

from __future__ import annotations

import datetime as dt
import gc
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nested_encodings import varied_tensors

from sameset.errors import SamesetError, SourceError, UnsupportedTypeError
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch
from sameset.sources import open_source


def digest(place: object) -> str:
    return sketch_table(place).text_digest


def written(table: pa.Table, tmp_path: Path, **how: Any) -> Path:
    pq.write_table(table, tmp_path / "x.parquet", **how)
    return tmp_path / "x.parquet"


def refusal(place: object, kind: type[SamesetError] = SourceError, spec: Spec | None = None) -> str:
    with pytest.raises(kind) as raised:
        sketch_table(place, spec)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def extension(kind: pa.BaseExtensionType, values: list[Any]) -> pa.Array:
    return pa.ExtensionArray.from_storage(kind, pa.array(values, kind.storage_type))


TENSOR = pa.fixed_shape_tensor(pa.float32(), [2, 3], permutation=[1, 0])
HALVES = pa.fixed_shape_tensor(pa.float16(), [2, 1])
SIX = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
EXTENSIONS = {
    "bool8": extension(pa.bool8(), [1, 0, None]),
    "tensor": extension(TENSOR, [SIX, None, SIX[::-1]]),
    "tensor of halves": extension(HALVES, [[1, 2], None, [0.5, 4]]),
    "bool8 in a list": pa.ListArray.from_arrays([0, 1, 1, 2], extension(pa.bool8(), [1, None])),
    "tensor in a struct": pa.StructArray.from_arrays([extension(HALVES, [[1, 2], None, [3, 4]])], ["t"]),
    "tensor in a map": pa.MapArray.from_arrays([0, 1, 1, 2], pa.array(["a", "b"]), extension(HALVES, [[1, 2], [3, 4]])),
    "tensors of several shapes": varied_tensors([([2, 3], SIX), None, ([1, 0], [])], pa.float16(), 2, [1, 0]),
    "json": extension(pa.json_(), ["{}", None, "[1]"]),
    "uuid": extension(pa.uuid(), [bytes(16), None, bytes(range(16))]),
    "wide type of few digits": pa.array([Decimal("1.50"), None, Decimal(-2)], pa.decimal256(15, 2)),
    "wide type of 38 digits": pa.array([Decimal("9" * 38), None, Decimal(-2)], pa.decimal256(38, 0)),
    "map with a key twice": pa.array([[(1, "a"), (1, "b")], None, []], pa.map_(pa.int64(), pa.string())),
}


def column_digests(sketch: TableSketch) -> dict[str, object]:
    return {name: column.digest for name, column in zip(sketch.names, sketch.columns, strict=True)}


def test_a_column_is_what_it_was_in_arrow(tmp_path: Path) -> None:
    table = pa.table(EXTENSIONS | {"i": [1, 2, 3]})
    path = written(table, tmp_path)
    assert column_digests(sketch_table(path)) == column_digests(sketch_table(table))
    below = sketch_table(path, Spec(where="i > 1"))
    assert column_digests(below) == column_digests(sketch_table(table.slice(1)))


ODD = {
    "a and A": (pa.array([{"a": 1, "A": 2}]), "names that are empty or differ only in case"),
    "no name": (pa.array([[{"": 1}]]), "names that are empty or differ only in case"),
    "x and x": (pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["x", "x"]), "differ only in case"),
    "39 digits": (pa.array([1], pa.decimal256(39, 0)), "decimal256(39, 0)"),
    "39 digits in a tensor": (
        extension(pa.fixed_shape_tensor(pa.decimal256(39, 0), [1]), [[Decimal("9" * 39)]]),
        "decimal256(39, 0)",
    ),
    "opaque": (extension(pa.opaque(pa.int64(), "geometry", "acme"), [1]), "geometry"),
}


def test_a_column_that_would_arrive_changed_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    path = written(pa.table({name: array for name, (array, _) in ODD.items()} | {"fine": [1]}), tmp_path)
    source = open_source(path)
    for name, (_, told) in ODD.items():
        message = refusal(source, UnsupportedTypeError, Spec(columns=(name, "fine")))
        assert f"column {name!r} has type " in message
        assert told in message
    assert sketch_table(source, Spec(ignore=tuple(ODD))).text_digest == digest(pa.table({"fine": [1]}))


@pytest.mark.parametrize("union", [True, False])
def test_an_extension_type_that_nobody_registered_is_refused_by_name(union: bool, tmp_path: Path) -> None:
    metadata = {"ARROW:extension:name": "acme.money", "ARROW:extension:metadata": ""}
    fields = [pa.field("odd", pa.int64(), metadata=metadata), pa.field("fine", pa.int64())]
    path = written(pa.table([pa.array([1]), pa.array([2])], schema=pa.schema(fields)), tmp_path)
    if union:
        pq.write_table(pa.table({"fine": [3], "more": [4]}), tmp_path / "y.parquet")
    source = open_source(tmp_path if union else path, union_by_name=union)
    told = refusal(source, UnsupportedTypeError)
    assert "'odd' has type extension<acme.money>" in told
    assert sketch_table(source, Spec(ignore=("odd",))).row_count == 1 + union


MOMENTS = pa.array([dt.datetime(9999, 1, 1), dt.datetime(1, 1, 1), dt.datetime(2024, 1, 1, 1, 1, 1, 7)])
FINE = pa.array([1, 10**18 + 1, None], pa.int64())


@pytest.mark.parametrize("nested", [False, True])
def test_timestamps_of_the_old_kind_are_read_unless_they_hold_nanoseconds(nested: bool, tmp_path: Path) -> None:
    def table(moments: pa.Array) -> pa.Table:
        lists = pa.array([[("a", moment)] for moment in moments], pa.map_(pa.string(), moments.type))
        return pa.table({"t": pa.StructArray.from_arrays([lists], ["m"]) if nested else moments, "i": [1, 2, 3]})

    coarse = table(MOMENTS.cast(pa.timestamp("us")))
    assert digest(written(coarse, tmp_path, use_deprecated_int96_timestamps=True)) == digest(coarse)
    path = written(table(FINE.cast(pa.timestamp("ns"))), tmp_path, use_deprecated_int96_timestamps=True)
    told = refusal(path)
    assert "nanoseconds in a timestamp of the kind INT96 (t" in told
    assert str(path) in told


WAYS: list[dict[str, Any]] = [
    {"compression": "zstd", "store_schema": False},
    {"row_group_size": 7},
    {"data_page_version": "2.0"},
    {"use_dictionary": False, "column_encoding": {"s": "DELTA_BYTE_ARRAY", "n": "DELTA_BINARY_PACKED"}},
    {"use_dictionary": False, "column_encoding": {"s": "DELTA_LENGTH_BYTE_ARRAY", "n": "BYTE_STREAM_SPLIT"}},
    {"version": "1.0"},
]


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_the_way_of_writing_does_not_count(how: dict[str, Any], tmp_path: Path) -> None:
    numbers = range(200)
    table = pa.table(
        {
            "n": pa.array(numbers, pa.int64()),
            "u": pa.array([2**32 - 1 - i for i in numbers], pa.uint32()),
            "s": [None if i % 9 == 0 else f"text {i % 5}" for i in numbers],
            "l": [[{"x": [i, None]}] if i % 3 else None for i in numbers],
        }
    )
    assert digest(written(table, tmp_path, **how)) == digest(table)


def test_decimals_of_every_width_keep_all_digits(tmp_path: Path) -> None:
    columns = {}
    for digits in (9, 18, 19, 38):
        for scale in (0, digits // 2, digits):
            nines = Decimal((0, (9,) * digits, -scale))
            columns[f"{digits} {scale}"] = pa.array([nines, nines.copy_negate(), None], pa.decimal128(digits, scale))
    table = pa.table(columns)
    for how in ({}, {"store_decimal_as_integer": True}, {"store_schema": False}):
        assert digest(written(table, tmp_path, **how)) == digest(table)


def test_a_file_without_row_groups_is_a_table_of_no_rows(tmp_path: Path) -> None:
    table = pa.table({"a": pa.array([], pa.int64())})
    pq.ParquetWriter(tmp_path / "x.parquet", table.schema).close()
    assert digest(tmp_path / "x.parquet") == digest(table)


VIEWED = {
    "text": pa.array(["short", "longer than twelve bytes", None, chr(945) * 50], pa.string_view()),
    "raw": pa.array([b"\xff", b"", None, bytes(40)], pa.binary_view()),
    "n": pa.array([1, 2, None, 4]),
    "price": pa.array([Decimal("1.50"), None, Decimal(0), Decimal(-2)], pa.decimal128(15, 2)),
}


@pytest.mark.parametrize(
    "other",
    [
        pa.array([1, 2, None, 4], pa.int16()),
        pa.array([1, 2, None, 4], pa.timestamp("s")),
        pa.array(list("abcd"), pa.large_string()),
    ],
    ids=lambda array: str(array.type),
)
def test_texts_noted_as_views_are_the_texts(tmp_path: Path, other: pa.Array) -> None:
    table = pa.table({**VIEWED, "other": other})
    file = written(table, tmp_path, use_dictionary=False)
    kinds = next(iter(open_source(file).streams(1)[0])).schema.types
    # Read without the note, and so as plain text, where the other types do not need it.
    views = other.type == pa.large_string()
    assert kinds[:2] == ([pa.string_view(), pa.binary_view()] if views else [pa.string(), pa.binary()])
    assert digest(file) == digest(table)
    assert open_source(file).schema().types[:2] == [pa.large_string(), pa.large_binary()]


def test_a_file_without_columns_is_told_as_such(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, 2]}).select([]), tmp_path / "none.parquet")
    with pytest.raises(SourceError, match="it has no columns; give it as an Arrow file"):
        list(open_source(str(tmp_path / "none.parquet")).batches())


@pytest.mark.parametrize("kind", [pa.string(), pa.string_view()])
def test_metadata_are_given_back_without_a_search_for_cycles(kind: pa.DataType, tmp_path: Path) -> None:
    """Each time they were read was 7 MB more for a file of 524 row groups, kept until Python looked for cycles."""
    for name in "ab":
        pq.write_table(pa.table({"x": pa.array(["one", "two"], kind)}), tmp_path / f"{name}.parquet", row_group_size=1)
    gc.collect()
    gc.disable()
    try:
        sketch_table(tmp_path)
        held = [each for each in gc.get_objects() if isinstance(each, pq.FileMetaData)]
    finally:
        gc.enable()
    assert not held
