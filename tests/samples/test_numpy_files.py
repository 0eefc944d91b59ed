"""numpy's files: items are rows, whatever their type; what is no plain array is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sample_files import ARRAYS, refusal, rows_of

from sameset import open_source, sketch_table
from sameset.canonical.tensors import tensor_array
from sameset.errors import SchemaError, SourceError

KINDS = st.one_of(
    hnp.integer_dtypes(endianness="?", sizes=(8, 16, 32, 64)),
    hnp.unsigned_integer_dtypes(endianness="?", sizes=(8, 16, 32, 64)),
    hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
    hnp.boolean_dtypes(),
)
ARRAYS_OF_NUMBERS = KINDS.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=5))
)
QUICK = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def digest(place: Any) -> str:
    return sketch_table(open_source(place)).text_digest


def saved(folder: Path, array: Any, name: str = "a.npy") -> Path:
    np.save(folder / name, array)
    return folder / name


@QUICK
@given(array=ARRAYS_OF_NUMBERS, fortran=st.booleans())
def test_items_are_the_tensors_that_they_are(array: np.ndarray[Any, Any], fortran: bool, tmp_path: Path) -> None:
    given = np.asfortranarray(array) if fortran else array
    native = array.astype(array.dtype.newbyteorder("="))
    expected = digest(pa.table({"data": tensor_array(list(native))}))
    assert digest(saved(tmp_path, given)) == expected
    np.savez(tmp_path / "a.npz", data=given)
    np.savez_compressed(tmp_path / "b.npz", data=given)
    assert [digest(tmp_path / name) for name in ("a.npz", "b.npz")] == [expected] * 2


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([1, 2, 3], ">i2"), pa.array([1, 2, 3], pa.int16())),
        (np.array([0.5, np.nan], np.float16), pa.array([0.5, float("nan")], pa.float64())),
        (np.array([True, False]), pa.array([True, False])),
        (np.array([b"ab", b"", b"c\0d"]), pa.array([b"ab", b"", b"c\0d"])),
        (np.array(["é", ""], ">U2"), pa.array(["é", ""])),
        (np.array(["2024-02-29", "NaT"], "M8[D]"), pa.array([19782, None], pa.date32())),
        (np.array(["2024-02", "1969-12"], "M8[M]"), pa.array([19754, -31], pa.date32())),
        (np.array(["2024-02-29T10:30", "NaT"], "M8[m]"), pa.array([1709202600, None], pa.timestamp("s"))),
        (np.array([1, -5], "M8[ns]"), pa.array([1, -5], pa.timestamp("ns"))),
        (np.array([50], "M8[25s]"), pa.array([1250], pa.timestamp("s"))),
        (np.array([3, "NaT"], "m8[h]"), pa.array([10_800, None], pa.duration("s"))),
        (np.array([7], "m8[us]"), pa.array([7], pa.duration("us"))),
    ],
    ids=lambda value: str(getattr(value, "dtype", getattr(value, "type", ""))),
)
def test_values_of_every_type_are_those_of_arrow(array: Any, expected: pa.Array, tmp_path: Path) -> None:
    assert digest(saved(tmp_path, array)) == digest(pa.table({"data": expected}))


def test_fields_are_columns(tmp_path: Path) -> None:
    rows = np.zeros(3, [("id", "<i4"), ("name", "S3"), ("vector", ">f4", (2,))])
    rows["id"], rows["name"], rows["vector"] = [1, 2, 3], [b"a", b"b", b"c"], np.arange(6).reshape(3, 2)
    vectors = tensor_array(list(rows["vector"].astype(np.float32)))
    expected = pa.table({"id": [1, 2, 3], "name": [b"a", b"b", b"c"], "vector": vectors})
    assert digest(saved(tmp_path, rows)) == digest(expected)


def test_several_files_are_one_behind_the_other(tmp_path: Path) -> None:
    whole = np.arange(60, dtype=np.int16).reshape(20, 3)
    (tmp_path / "parts").mkdir()
    saved(tmp_path / "parts", whole[:7], "0.npy")
    saved(tmp_path / "parts", whole[7:], "1.npy")
    source = open_source(tmp_path / "parts")
    assert source.row_count() == 20
    assert digest(source) == digest(saved(tmp_path, whole))
    saved(tmp_path / "parts", whole[:7, :2], "2.npy")
    with pytest.raises(SchemaError, match="different columns"):
        open_source(tmp_path / "parts").schema()


def test_large_arrays_come_in_many_batches_for_several_threads(tmp_path: Path) -> None:
    whole = np.random.default_rng(0).integers(0, 255, (90, 500, 500), np.uint8)
    source = open_source(saved(tmp_path, whole))
    streams = [list(stream) for stream in source.streams(2)]
    assert [[batch.num_rows for batch in stream] for stream in streams] == [[33, 24], [33]]
    together = sketch_table(pa.Table.from_batches([batch for stream in streams for batch in stream]))
    assert together.text_digest == digest(source)
    np.savez(tmp_path / "a.npz", data=whole, row=np.arange(90))
    assert [batch.num_rows for batch in open_source(tmp_path / "a.npz").batches()] == [33, 33, 24]


def test_no_rows_and_no_elements(tmp_path: Path) -> None:
    for shape, rows in (((0, 8, 8), 0), ((3, 0), 3)):
        for name in ("a.npy", "a.npz"):
            (np.savez if name == "a.npz" else np.save)(tmp_path / name, np.zeros(shape, np.uint8))
            assert sketch_table(open_source(tmp_path / name)).row_count == rows


def test_members_are_columns(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **ARRAYS)
    assert rows_of(open_source(tmp_path / "a.npz"))[3]["label"] == 3
    assert open_source(tmp_path / "a.npz").aggregate("count(*), max(label)", "label < 5") == (
        int((ARRAYS["label"] < 5).sum()),
        4,
    )


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([{}, 1], object), "pickled Python objects"),
        (np.zeros(2, complex), "complex128, which has no canonical form"),
        (np.zeros(2, [("a", [("b", int)])]), "field 'a' has numpy's type"),
        (np.float64(1), "a single value"),
        (np.zeros(2, "m8[Y]"), "which has no canonical form"),
        (np.array([2**62], "M8[W]"), "beyond what 64-bit"),
    ],
    ids=str,
)
def test_what_has_no_form_is_refused(array: Any, message: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(SourceError, match=message) as raised:
        digest(tmp_path / "a.npy")
    assert str(tmp_path / "a.npy") in str(raised.value)


def test_members_of_unequal_length_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 2)), classes=np.zeros(10))
    with pytest.raises(SchemaError, match=r"different lengths \(x 3, classes 10\)"):
        open_source(tmp_path / "a.npz").schema()


def test_a_large_array_in_columns_order_is_refused_in_an_archive(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.asfortranarray(np.zeros((3_000, 3_000), np.uint8)))
    with pytest.raises(SourceError, match="Fortran order"):
        digest(tmp_path / "a.npz")


@pytest.mark.parametrize("keep", [0.0, 0.02, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("name", ["a.npy", "a.npz", "c.npz"])
def test_truncated_files_are_one_error(name: str, keep: float, tmp_path: Path) -> None:
    save = {"a.npy": np.save, "a.npz": np.savez, "c.npz": np.savez_compressed}[name]
    save(tmp_path / name, ARRAYS["image"])
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(SourceError) as raised:
        digest(tmp_path / name)
    assert str(tmp_path / name) in str(raised.value)
    if name == "a.npy" and keep > 0.1:
        assert f"it has {int(len(data) * keep):,} of its {len(data):,} bytes" in str(raised.value)


@settings(QUICK, max_examples=60)
@given(junk=st.binary(max_size=40), at=st.integers(0, 200), name=st.sampled_from(["a.npy", "a.npz"]))
def test_broken_bytes_are_rows_or_one_error(junk: bytes, at: int, name: str, tmp_path: Path) -> None:
    (np.savez if name == "a.npz" else np.save)(tmp_path / name, ARRAYS["image"][:5])
    data = bytearray((tmp_path / name).read_bytes())
    data[at : at + len(junk)] = junk
    (tmp_path / name).write_bytes(data)
    told = refusal(lambda: digest(tmp_path / name))
    assert told is None or str(tmp_path / name) in told


def test_a_member_that_claims_more_than_there_is_takes_no_memory(tmp_path: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (1 << 40, 64)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", head.getvalue() + bytes(1_000))
    with pytest.raises(SourceError, match="ends early"):
        digest(tmp_path / "a.npz")
