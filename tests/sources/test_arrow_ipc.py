"""Arrow IPC: dictionaries that grow or change, compression, ends that are missing, and types that nobody registered."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from arrow_bytes import of_format

from sameset.errors import SamesetError, SourceError, UnsupportedTypeError
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import Spec
from sameset.sources import open_source

ROWS = pa.table({"n": [1, 2, None], "s": ["a", "b", None]})


def digest(place: object) -> str:
    return sketch_table(place).text_digest


def refusal(place: object, kind: type[SamesetError] = SourceError) -> str:
    with pytest.raises(kind) as raised:
        sketch_table(place)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def stream(path: Path, *tables: pa.Table, **options: object) -> bytes:
    with pa.ipc.new_stream(str(path), tables[0].schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for table in tables:
            writer.write_table(table)
    return path.read_bytes()


def texts(*dictionaries: list[str]) -> list[pa.Table]:
    """Tables of the first two entries of each dictionary."""
    codes = pa.array([0, 1], pa.int8())
    return [pa.table({"s": pa.DictionaryArray.from_arrays(codes, pa.array(entries))}) for entries in dictionaries]


@pytest.mark.parametrize("deltas", [True, False])
def test_dictionaries_may_grow_and_change_in_a_stream(deltas: bool, tmp_path: Path) -> None:
    tables = texts(["a", "b"], ["a", "b", "c"], ["z", "y"])
    stream(tmp_path / "x.arrows", *tables, emit_dictionary_deltas=deltas)
    assert digest(tmp_path / "x.arrows") == digest(pa.table({"s": ["a", "b", "a", "b", "z", "y"]}))
    with pa.ipc.new_file(
        str(tmp_path / "x.arrow"), tables[0].schema, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    ) as writer:
        for table in tables[:2]:
            writer.write_table(table)
    assert digest(tmp_path / "x.arrow") == digest(pa.table({"s": ["a", "b", "a", "b"]}))


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_compression_within_and_endings_do_not_count(compression: str, tmp_path: Path) -> None:
    for name in ("x.arrow", "x.arrows", "without ending"):
        stream(tmp_path / name, ROWS, compression=compression)
        assert digest(tmp_path / name) == digest(ROWS)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_stream_that_breaks_off_between_batches_is_refused(pack: type[bytes], tmp_path: Path) -> None:
    whole = stream(tmp_path / "whole.arrows", ROWS, ROWS)
    one = stream(tmp_path / "one.arrows", ROWS)
    nothing = stream(tmp_path / "nothing.arrows", ROWS.slice(0, 0))
    path = tmp_path / ("x.arrows" if pack is bytes else "x.arrows.gz")
    path.write_bytes(pack(whole))
    assert digest(path) == digest(pa.concat_tables([ROWS, ROWS]))
    for size in (len(one) - 8, len(whole) - 8, len(nothing) - 8):  # without the end mark
        path.write_bytes(pack(whole[:size]))
        assert "breaks off without an end mark" in refusal(path)
    path.write_bytes(pack(whole + one))
    assert "goes on behind its end mark" in refusal(path)


def test_an_arrow_file_compressed_as_a_whole_says_what_to_do(tmp_path: Path) -> None:
    with pa.ipc.new_file(str(tmp_path / "x.arrow"), ROWS.schema) as writer:
        writer.write_table(ROWS)
    (tmp_path / "x.arrow.gz").write_bytes(gzip.compress((tmp_path / "x.arrow").read_bytes()))
    assert "is a compressed Arrow file; decompress it" in refusal(tmp_path / "x.arrow.gz")


def extended(kind: pa.DataType, name: str, inner: bool) -> pa.Field:
    """A column of an extension type that nobody registered, or with one in it: what Arrow makes of it when it is read."""
    metadata = {"ARROW:extension:name": name, "ARROW:extension:metadata": ""}
    field = pa.field("odd", kind, metadata=metadata)
    return pa.field("odd", pa.list_(field)) if inner else field


@pytest.mark.parametrize("inner", [True, False])
@pytest.mark.parametrize("place", ["file", "memory"])
def test_an_extension_type_that_nobody_registered_is_refused_by_name(inner: bool, place: str, tmp_path: Path) -> None:
    values = [[1], None] if inner else [1, None]
    schema = pa.schema([pa.field("fine", pa.int64()), extended(pa.int64(), "acme.money", inner)])
    table = pa.table([pa.array([1, 2]), pa.array(values, schema.field("odd").type)], schema=schema)
    stream(tmp_path / "x.arrows", table)
    source = tmp_path / "x.arrows" if place == "file" else table
    told = refusal(source, UnsupportedTypeError)
    assert "'odd'" in told
    assert "extension<acme.money>" in told
    expected = digest(pa.table({"fine": [1, 2]}))
    assert sketch_table(source, Spec(ignore=("odd",))).text_digest == expected
    assert sketch_table(source, Spec(ignore=("odd",), where="fine > 0")).text_digest == expected


def test_a_reader_that_fails_or_lies_is_a_sentence() -> None:
    def batches(second: object) -> pa.RecordBatchReader:
        def given() -> object:
            yield from ROWS.to_batches()
            if isinstance(second, Exception):
                raise second
            yield second

        return pa.RecordBatchReader.from_batches(ROWS.schema, given())

    assert "RuntimeError: disk gone" in refusal(batches(RuntimeError("disk gone\nat sector 7")))
    assert "memory:table" in refusal(batches(pa.record_batch({"other": [1]})))


@pytest.mark.parametrize("make", [pa.UnionArray.from_sparse, pa.UnionArray.from_dense])
@pytest.mark.parametrize("path", ["u", "u[]", "u.x"])
def test_unions_are_refused_by_column_and_type(make: object, path: str, tmp_path: Path) -> None:
    children = [pa.array([1, 2]), pa.array(["a", "b"])]
    offsets = [pa.array([0, 0], pa.int32())] if make is pa.UnionArray.from_dense else []
    array = make(pa.array([0, 1], pa.int8()), *offsets, children)  # type: ignore[operator]
    if path == "u[]":
        array = pa.ListArray.from_arrays([0, 1, 2], array)
    elif path == "u.x":
        array = pa.StructArray.from_arrays([array], ["x"])
    with pa.ipc.new_file(str(tmp_path / "x.arrow"), pa.schema([("u", array.type)])) as writer:
        writer.write_table(pa.table({"u": array}))
    for place in (tmp_path / "x.arrow", open_source(pa.table({"u": array})), pa.table({"u": array.slice(0, 0)})):
        told = refusal(place, UnsupportedTypeError)
        assert f"'{path}' has type {'sparse' if make is pa.UnionArray.from_sparse else 'dense'}_union<" in told


@pytest.mark.parametrize(("kind", "width"), [(b"tiM", pa.int32()), (b"tiD", pa.int64())])
def test_intervals_that_python_has_no_arrays_of_are_refused_and_in_nobodys_way(
    kind: bytes, width: pa.DataType, tmp_path: Path
) -> None:
    plain = pa.record_batch({"n": pa.array([1, 2, 3]), "id": pa.array([1, 2, 3], width), "m": pa.array([7, 8, 9])})
    table = pa.Table.from_batches([of_format(plain, 1, kind)])
    stream(tmp_path / "intervals.arrow", table)
    for place in (table, str(tmp_path / "intervals.arrow")):
        assert "column 'id' has type " in refusal(place, UnsupportedTypeError)
        for spec in (
            Spec(ignore=("id",)),
            Spec(ignore=("id",), where="n > 1"),
            Spec(ignore=("n", "id"), where="n > 1"),
        ):
            assert (
                sketch_table(place, spec).text_digest == sketch_table(pa.Table.from_batches([plain]), spec).text_digest
            )
        with pytest.raises(SourceError, match="SQL has no values of the type"):
            sketch_table(place, Spec(columns=("n",), where="id is null"))
