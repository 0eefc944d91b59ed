"""Conditions over Arrow batches: of every type, with whatever stands behind or in them, and never over several rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sameset.canonical.columns import hash_column
from sameset.errors import SourceError, SpecError, UnsupportedTypeError
from sameset.execution.operands import column_types
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import Spec
from sameset.sources import open_source

ROWS = pa.table({"id": range(10), "text": [f"-- {i}" for i in range(10)]})


def extension(kind: pa.BaseExtensionType, values: list[Any]) -> pa.Array:
    return pa.ExtensionArray.from_storage(kind, pa.array(values, kind.storage_type))


ENDS = pa.array([1, 3, 4], pa.int32())
UUIDS = extension(pa.uuid(), [bytes(16), None, bytes(range(16))])
COLUMNS = {
    "texts": pa.array(["x", None, "longer than twelve bytes", ""], pa.string_view()),
    "bytes": pa.array([b"x", None, b"longer than twelve bytes", b""], pa.binary_view()),
    "texts in lists": pa.array([["x" * 20], None, [], ["y"]], pa.list_(pa.string_view())),
    "runs": pa.RunEndEncodedArray.from_arrays(ENDS, pa.array(["a", None, "b"])),
    "runs of uuids": pa.RunEndEncodedArray.from_arrays(ENDS, UUIDS),
    "lists in a dictionary": pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0]), pa.array([[1], None])),
    "uuids in lists": pa.ListArray.from_arrays([0, 1, 1, 2, 3], UUIDS),
    "tensors": extension(
        pa.fixed_shape_tensor(pa.int8(), [2, 2], permutation=[1, 0]), [[1, 2, 3, 4], None, [0] * 4, [7] * 4]
    ),
    "a key twice": pa.array([[(1, "a"), (1, "b")], [], None, [(1, None)]], pa.map_(pa.int64(), pa.string())),
    "wide decimals": pa.array([10**50, None, 0, -1], pa.decimal256(60, 0)),
    "views of lists": pa.array([[1], None, [], [2, 3]], pa.list_view(pa.int8())),
}


@pytest.mark.parametrize("where", ["i % 2 = 1", "i > 9", "i >= 0", "i in (0, 1, 3)"])
def test_columns_of_any_type_are_filtered(where: str) -> None:
    kept = {"i % 2 = 1": [1, 3], "i > 9": [], "i >= 0": [0, 1, 2, 3], "i in (0, 1, 3)": [0, 1, 3]}[where]
    for name, array in COLUMNS.items():
        whole = hash_column(array, name).h1.tolist()
        batches = open_source(pa.table({name: array, "i": [0, 1, 2, 3]})).batches([name], where)
        assert [h for batch in batches for h in hash_column(batch.column(0), name).h1.tolist()] == [
            whole[i] for i in kept
        ], name


@pytest.mark.parametrize("where", ["id < 5 -- the first", "id < 5 /* or so */", "text like '-- %' and id < 5 --\n"])
def test_a_comment_ends_with_the_condition(where: str) -> None:
    assert sketch_table(ROWS, Spec(where=where)).row_count == 5


@pytest.mark.parametrize(
    "where", ["id<5)--", "id < 5) or (true", "row_number() over () < 3", "sum(id) > 3", "max(id) = 9"]
)
def test_what_is_no_condition_of_one_row_is_refused(where: str) -> None:
    with pytest.raises(SourceError):
        sketch_table(ROWS, Spec(where=where))


@pytest.mark.parametrize("kind", ["parquet", "memory"])
@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("(select count(*) from read_text('/etc/hostname')) > 0", "a query of its own"),
        ("id in (select id from source)", "a query of its own"),
        ("exists(from read_csv('/etc/passwd'))", "a query of its own"),
        ("rank() over (order by id) < 3", "several rows"),
        ("#1 > 1", "by its place"),
        ("random() < 0.5", "another value each time"),
        ("nope = 1", "nope"),
        ("filename like '%'", "filename"),
        ("file_row_number = 1", "file_row_number"),
        ("id = ", "cannot be used"),
    ],
)
def test_a_condition_reads_nothing_else_and_is_the_same_each_time(
    kind: str, where: str, why: str, tmp_path: Path
) -> None:
    pq.write_table(ROWS, tmp_path / "rows.parquet")
    place = str(tmp_path / "rows.parquet") if kind == "parquet" else ROWS
    with pytest.raises(SourceError) as raised:
        sketch_table(place, Spec(where=where))
    assert why in str(raised.value)
    assert repr(where) in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "id"},
        {"columns": "id"},
        {"ignore": (1,)},
        {"where": " "},
        {"where": 5},
        {"digits": 1.5},
        {"nfc": 1},
        {"seed": 1.0},
    ],
)
def test_a_spec_of_wrong_kinds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SpecError):
        Spec(**wrong)  # type: ignore[arg-type]


def test_names_in_a_list_are_those_in_a_tuple() -> None:
    assert Spec(key=["id"], columns=["id"], ignore=["x"]) == Spec(key=("id",), columns=("id",), ignore=("x",))  # type: ignore[arg-type]


def test_a_sketch_with_types_that_no_text_has_still_gives_the_types_of_the_others(tmp_path: Path) -> None:
    tensors = extension(pa.fixed_shape_tensor(pa.int8(), [2]), [[1, 2]])
    sketch = sketch_table(pa.table({"id": pa.array([7], pa.int8()), "tensor": tensors}))
    (tmp_path / "x.sameset").write_bytes(sketch.to_bytes())
    (tmp_path / "x.csv").write_text("id\n007\n")
    types = column_types(str(tmp_path / "x.sameset"), None)
    assert open_source(tmp_path / "x.csv", schema=types).schema().field("id").type == pa.int8()
    (tmp_path / "y.csv").write_text("id,tensor\n7,x\n")
    with pytest.raises(UnsupportedTypeError, match="fixed_shape_tensor"):
        open_source(tmp_path / "y.csv", schema=types).schema()


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", "PLAIN"])
def test_texts_of_any_encoding_are_read_from_parquet(encoding: str, tmp_path: Path) -> None:
    table = pa.table({"a": [str(i) for i in range(1_000)], "n": list(range(1_000))})
    pq.write_table(table, tmp_path / "x.parquet", use_dictionary=False, column_encoding={"a": encoding, "n": "PLAIN"})
    assert sketch_table(tmp_path / "x.parquet").text_digest == sketch_table(table).text_digest


STRUCTS = pa.array([{"s": {"a": i}} if i % 3 else None for i in range(9)])
SLICED = {
    "structs in structs": STRUCTS.slice(2, 4),
    "a slice in a list": pa.ListArray.from_arrays(pa.array([0, 1, 1, 3, 4], pa.int32()), STRUCTS.slice(2, 5)),
    "a slice in a struct": pa.StructArray.from_arrays([STRUCTS.slice(1, 5)], ["x"]).slice(1),
    "a slice as dictionary": pa.DictionaryArray.from_arrays(pa.array([0, 2, None, 1]), STRUCTS.slice(2, 4)),
}


@pytest.mark.parametrize("name", SLICED)
def test_a_condition_may_speak_of_slices(name: str) -> None:
    array = SLICED[name]
    table = pa.table({"c": array, "i": range(len(array))})
    wanted = [str(value) for value in array.to_pylist()[1:]]
    batches = open_source(table).batches(
        ["c"], "i >= 1 and (c is not null or c is null) and c::varchar is distinct from 'x'"
    )
    assert [str(value) for batch in batches for value in batch.column(0).to_pylist()] == wanted


def test_a_column_of_which_sql_has_no_values_is_named_with_its_type() -> None:
    table = pa.table({"wide": COLUMNS["wide decimals"], "i": [0, 1, 2, 3]})
    with pytest.raises(SourceError, match=r"speaks of 'wide', but SQL has no values of the type decimal256\(60, 0\)"):
        sketch_table(table, Spec(where="wide > 1"))
    assert sketch_table(table, Spec(where="i > 1 and 'wide' = 'wide'")).row_count == 2
