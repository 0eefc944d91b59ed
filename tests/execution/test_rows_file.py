"""A file of all differing rows: the difference of the tables as SQL has it, however many rows differ and whatever is at hand."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_sources import FailingSource
from pyarrow import csv

import sameset
from sameset import Spec
from sameset.comparison import Comparison, Verdict
from sameset.comparison.delta import delta_of_rows
from sameset.errors import ManifestError, SamesetError, SourceError
from sameset.execution import joins, row_spool, rows_file
from sameset.execution.comparing import compare_places
from sameset.execution.delta_rows import WantedRows
from sameset.execution.manifest_store import Manifests
from sameset.execution.manifests import manifest_beside, sketch_with_manifest
from sameset.execution.pairing import paired
from sameset.execution.resources import LEAST_MEMORY, Resources
from sameset.sketches.delta import DifferingRow
from sameset.sources.memory import MemorySource

FEW = 64  # cells of a delta, that lists 8 rows in any case and 36 in most
OWN = ["_change", "_side", "_times", "_row_hash"]


@contextlib.contextmanager
def cramped() -> Iterator[None]:
    """Lists of a few rows, a scan for every few lines, and rows that go to the disk a few at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joins, "MOST_ROWS", 8)
        patch.setattr(rows_file, "SHARE_LOOKED_FOR", LEAST_MEMORY // (20 * rows_file.BYTES_PER_LINE))
        patch.setattr(row_spool, "SHARE_HELD", LEAST_MEMORY // 4_000)
        patch.setattr(row_spool, "FEWEST_LINES", 3)
        patch.setattr(row_spool, "STRETCH_BYTES", 300)
        yield


def compared(left: Any, right: Any, path: Path, **wanted: Any) -> Comparison:
    resources = Resources(LEAST_MEMORY, path.parent)
    return compare_places(left, right, rows=WantedRows(0, path), manifests=Manifests(resources=resources), **wanted)


def rows_of(path: Path, side: str) -> Counter[tuple[Any, ...]]:
    """The rows of one side of the file, as often as it says."""
    found: Counter[tuple[Any, ...]] = Counter()
    for row in pq.read_table(path).to_pylist():
        if row["_side"] == side:
            found[tuple(value for name, value in row.items() if name not in OWN)] += row["_times"]
    return found


def except_all(one: pa.Table, two: pa.Table) -> Counter[tuple[Any, ...]]:
    with duckdb.connect() as con:
        con.register("one", one)
        con.register("two", two)
        return Counter(con.execute("from one except all from two").fetchall())


Rows = list[tuple[Any, ...]]


def table_of(rows: Rows) -> pa.Table:
    kinds = {"k": pa.int64(), "n": pa.float64(), "t": pa.string(), "d": pa.date32()}
    return pa.table({name: pa.array([row[i] for row in rows], kind) for i, (name, kind) in enumerate(kinds.items())})


ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(0, 25),
        st.none() | st.integers(0, 3).map(float),
        st.sampled_from(["", "x", "näme"]),
        st.none() | st.dates(),
    ),
    max_size=60,
)


def expect_the_difference(left: pa.Table, right: pa.Table, path: Path) -> None:
    assert rows_of(path, "after") == except_all(right, left)
    assert rows_of(path, "before") == except_all(left, right)


def expect_pairs(found: Comparison, path: Path) -> None:
    """Changed rows are two lines that follow one another, of one key; and the counts are those of the comparison."""
    lines = pq.read_table(path).to_pylist()
    assert [line["_change"] for line in lines] == sorted(
        (line["_change"] for line in lines), key="changed added removed".find
    )
    changed = [line for line in lines if line["_change"] == "changed"]
    for before, after in zip(changed[::2], changed[1::2], strict=True):
        assert (before["_side"], after["_side"]) == ("before", "after")
        assert (before["k"], before["_times"]) == (after["k"], after["_times"])
    times: Counter[str] = Counter()
    for line in lines:
        times[line["_change"]] += line["_times"]
    assert (times["added"], times["removed"], times["changed"] // 2) == found.changes


def expect_that_of(old: Rows, new: Rows, path: Path, *, keyed: bool, over: bool) -> None:
    """Compares two tables, beyond the capacity of their deltas where `over`, and looks at the file of their differing rows."""
    left, right = table_of(old), table_of(new)
    with cramped() if over else contextlib.nullcontext():
        found = compared(left, right, path, key=["k"] if keyed else None, delta_cells=FEW if over else None)
    expect_the_difference(left, right, path)
    expect_pairs(found, path)


@given(ROWS, ROWS, st.booleans(), st.booleans())
@settings(max_examples=15, deadline=None)
def test_it_is_the_difference_in_both_directions(
    tmp_path_factory: pytest.TempPathFactory,
    old: Rows,
    new: Rows,
    keyed: bool,
    over: bool,
) -> None:
    expect_that_of(old, new, tmp_path_factory.mktemp("rows") / "rows.parquet", keyed=keyed, over=over)


@pytest.mark.slow
@given(ROWS, ROWS, st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_many_of_them_are(
    tmp_path_factory: pytest.TempPathFactory,
    old: Rows,
    new: Rows,
    keyed: bool,
    over: bool,
) -> None:
    expect_that_of(old, new, tmp_path_factory.mktemp("rows") / "rows.parquet", keyed=keyed, over=over)


def many(rows: range, add: float = 0.0) -> pa.Table:
    numbers = np.arange(rows.start, rows.stop)
    return pa.table(
        {"id": numbers, "price": np.sqrt(numbers) + add * (numbers % 2), "t": [f"t{n % 7}" for n in numbers]}
    )


OLD, NEW = many(range(400)), many(range(50, 500), 0.5)


def with_manifest(table: pa.Table, folder: Path, key: tuple[str, ...] = ("id",)) -> Path:
    """A sketch file with its manifest beside it."""
    path = folder / "old.sameset"
    sketch = sketch_with_manifest(
        table, Spec(key=key, delta_cells=FEW), manifest_beside(path), Resources(LEAST_MEMORY, folder)
    )
    path.write_bytes(sketch.to_bytes())
    return path


@pytest.mark.parametrize("key", [["id"], None])
def test_beyond_the_lists_it_is_written_whole(key: list[str] | None, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    with cramped():
        found = compared(OLD, NEW, path, key=key, delta_cells=FEW)
    assert found.delta is not None
    assert len(found.delta.added) == 2
    expect_the_difference(OLD, NEW, path)
    counts = Counter(pq.read_table(path)["_change"].to_pylist())
    assert counts == ({"changed": 350, "added": 100, "removed": 50} if key else {"added": 275, "removed": 225})


def test_it_does_not_depend_on_what_fits_into_memory(tmp_path: Path) -> None:
    compared(OLD, NEW, tmp_path / "roomy.parquet", key=["id"])
    with cramped():
        compared(OLD, NEW, tmp_path / "cramped.parquet", key=["id"], delta_cells=FEW)
    assert pq.read_table(tmp_path / "cramped.parquet").equals(pq.read_table(tmp_path / "roomy.parquet"))


@pytest.mark.parametrize("over", [False, True])
def test_with_the_manifest_of_a_table_that_is_gone_it_has_the_new_rows_and_the_keys_of_the_old(
    over: bool, tmp_path: Path
) -> None:
    path = tmp_path / "rows.parquet"
    with cramped() if over else contextlib.nullcontext():
        found = compared(with_manifest(OLD, tmp_path), NEW, path)
    assert rows_of(path, "after") == except_all(NEW, OLD)
    assert set(rows_of(path, "before")) == {(n, None, None) for n in range(50)}
    assert found.notes[-1] == (
        "rows.parquet holds the keys alone of 50 removed rows and nothing of what 175 changed rows were, "
        "for the old table is not at hand"
    )


def test_without_key_and_old_table_it_has_the_new_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    found = compared(sameset.sketch_table(OLD.slice(0, 9)), OLD.slice(2, 9), path)
    assert (rows_of(path, "before"), len(rows_of(path, "after"))) == ({}, 2)
    assert found.notes[-1] == "rows.parquet holds nothing of 2 removed rows, for the old table is not at hand"


def test_two_sketches_have_keys_and_nothing_else(tmp_path: Path) -> None:
    tables = OLD.slice(0, 9), OLD.slice(2, 9)
    old, new = (sameset.sketch_table(table, Spec(key=("id",))) for table in tables)
    compared(old, new, tmp_path / "rows.parquet")
    lines = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [(line["_change"], line["id"]) for line in lines] == [
        ("added", 9),
        ("added", 10),
        ("removed", 0),
        ("removed", 1),
    ]
    with pytest.raises(SamesetError, match=r"neither table is at hand, and the sketches have no keys"):
        compared(sameset.sketch_table(tables[0]), sameset.sketch_table(tables[1]), tmp_path / "none.parquet")
    assert not (tmp_path / "none.parquet").exists()


def test_unrelated_tables_have_a_difference_too(tmp_path: Path) -> None:
    left, right = many(range(6_000)), many(range(50_000, 56_000))
    assert compared(left, right, tmp_path / "rows.parquet").verdict is Verdict.UNRELATED
    expect_the_difference(left, right, tmp_path / "rows.parquet")


def test_renamed_columns_have_no_rows_that_differ(tmp_path: Path) -> None:
    found = compared(OLD, OLD.rename_columns(["a", "b", "c"]), tmp_path / "rows.csv")
    assert found.verdict is Verdict.RENAMED
    assert (tmp_path / "rows.csv").read_text() == '"_change","_side","_times","_row_hash","a","b","c"\n'


def test_of_columns_that_came_it_has_none(tmp_path: Path) -> None:
    left, right = OLD, many(range(3, 410), 0.5).append_column("new", pa.array(range(407)))
    found = compared(left, right, tmp_path / "rows.parquet", key=["id"])
    assert found.basis == "common columns"
    expect_the_difference(left, right.drop_columns(["new"]), tmp_path / "rows.parquet")
    assert found.notes[-1] == "rows.parquet holds the rows in the 3 columns that both tables have"


def test_it_has_the_columns_and_rows_that_were_asked_for(tmp_path: Path) -> None:
    compared(OLD, NEW, tmp_path / "rows.csv", key=["id"], ignore=["t"], where="id < 53")
    lines = csv.read_csv(tmp_path / "rows.csv")
    assert lines.column_names == [*OWN, "id", "price"]
    assert Counter(lines["_change"].to_pylist()) == {"removed": 50, "changed": 2}  # lines


def test_a_value_that_the_common_type_does_not_hold_makes_the_column_text(tmp_path: Path) -> None:
    left = pa.table({"id": [1, 2], "x": pa.array([2**60 + 1, 7], pa.int64())})
    right = pa.table({"id": [1, 2], "x": [0.5, 8.0]})
    compared(left, right, tmp_path / "rows.parquet", key=["id"])
    assert pq.read_table(tmp_path / "rows.parquet")["x"].to_pylist() == [str(2**60 + 1), "0.5", "7", "8.0"]


def test_csv_has_words_for_values_that_have_none_of_their_own(tmp_path: Path) -> None:
    tensors = pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(4.0).reshape(2, 2))
    table = pa.table(
        {
            "id": [1, 2],
            "uuid": pa.array([b"\0" * 16, b"\1" * 16], pa.uuid()),
            "tags": [None, [{"a": 1}]],
            "raw": [b"", b"\xff"],
            "tensor": tensors,
        }
    )
    compared(table.slice(0, 1), table, tmp_path / "rows.csv", key=["id"])
    assert (tmp_path / "rows.csv").read_text().splitlines()[1].split(",", 4)[4] == (
        '2,"01010101-0101-0101-0101-010101010101","[{""a"": 1}]","ff","[2.0, 3.0]"'
    )


def test_parquet_keeps_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.uint16()),
            "zoned": pa.array([1, 2], pa.timestamp("ns", "Asia/Kathmandu")),
            "price": pa.array([1, 2], pa.decimal128(9, 2)),
            "uuid": pa.array([b"\0" * 16, b"\1" * 16], pa.uuid()),
            "tags": pa.array([["a"], None], pa.list_(pa.string())),
            "day": pa.array([1, 2], pa.date32()),
            "raw": pa.array([b"a", b"\xff"], pa.binary(1)),
        }
    )
    compared(table.slice(0, 1), table, tmp_path / "rows.parquet", key=["id"])
    written = pq.read_table(tmp_path / "rows.parquet")
    assert written.schema.types[len(OWN) :] == [
        *table.schema.types[:4],
        pa.list_(pa.field("element", pa.string())),
        *table.schema.types[5:],
    ]
    assert written.select(table.column_names).to_pylist() == table.slice(1).to_pylist()


def test_a_table_that_cannot_be_read_again_leaves_no_file(tmp_path: Path) -> None:
    path, batches = tmp_path / "rows.csv", NEW.slice(0, 100).to_batches()
    path.write_text("what was there before\n")
    error = SourceError("the lake has dried up")
    with pytest.raises(SamesetError, match=r"no rows were written to .*rows\.csv: the lake has dried up"):
        compared(sameset.sketch_table(OLD, Spec(key=("id",))), FailingSource(batches, 1, error), path)
    assert path.read_text() == "what was there before\n"
    assert list(tmp_path.iterdir()) == [path]


class ChangingSource(MemorySource):
    """Is empty when it is read again."""

    read = False

    def streams(self, *arguments: Any, **named: Any) -> Sequence[Iterator[pa.RecordBatch]]:
        if self.read:
            return MemorySource(NEW.slice(0, 0)).streams(*arguments, **named)
        self.read = True
        return super().streams(*arguments, **named)


def test_a_table_that_changed_in_the_meantime_is_no_half_file(tmp_path: Path) -> None:
    with pytest.raises(SamesetError, match=r"no rows were written to .*rows\.csv: .* changed between two readings"):
        compared(OLD, ChangingSource(NEW), tmp_path / "rows.csv", key=["id"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "of_temporary"), [(".parquet", False), (".csv", False), (".csv", True)])
def test_a_disk_that_is_full_leaves_no_file(suffix: str, of_temporary: bool, tmp_path: Path) -> None:
    path, limits = tmp_path / f"rows{suffix}", resource.getrlimit(resource.RLIMIT_FSIZE)
    error = ManifestError if of_temporary else SamesetError
    told = "temporary files in .* cannot be written" if of_temporary else rf"rows\{suffix} cannot be written"
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
    try:
        with cramped() if of_temporary else contextlib.nullcontext(), pytest.raises(error, match=told):
            compared(OLD, NEW, path, key=["id"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


DIFFERING = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(-3, 3).filter(bool)),
    max_size=30,
    unique_by=lambda row: row[:2],
)


@given(DIFFERING, st.booleans(), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_rows_are_paired_as_in_a_delta(rows: list[tuple[int, int, int]], keyed: bool, at_once: int) -> None:
    rows = sorted((row for row in rows if keyed or not row[0]), key=lambda row: (row[0], row[2] > 0, row[1]))
    words = np.array([(row, 0, times, key) for key, row, times in rows], np.int64).reshape(-1, 4).view(np.uint64)
    pieces = [words[i : i + at_once] for i in range(0, len(words), at_once)]
    found = [np.concatenate(part) for part in zip(*paired(iter(pieces), with_key=keyed), strict=True)] or [
        words[:0]
    ] * 3
    packed = [DifferingRow(b"\x01" + bytes([key]) + bytes(12), (row, 0), times) for key, row, times in rows]
    truth = delta_of_rows(packed, ("k",) if keyed else ())
    changed = found[0][:, [0, 2]].astype(int).tolist()
    pairs = [(old[0], new[0], new[1]) for old, new in zip(changed[::2], changed[1::2], strict=True)]
    assert sorted(pairs) == sorted((c.old_row[0], c.row[0], c.times) for c in truth.changed if c.old_row)
    for part, changes in zip(found[1:], (truth.added, truth.removed), strict=True):
        assert sorted(part[:, [0, 2]].astype(int).tolist()) == sorted([c.row[0], c.times] for c in changes)


def most_memory(*arguments: str) -> int:
    """Bytes that a comparison takes at most, in a process of its own."""
    script = Path(__file__).with_name("peak_of_rows.py")
    process = subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True, check=True)
    changed, memory = map(int, process.stdout.split())
    assert changed == ROWS_CHANGED
    return memory


ROWS_CHANGED = 2 << 20


@pytest.mark.slow
def test_two_million_changed_rows_are_written_in_bounded_memory(tmp_path: Path) -> None:
    rows = f"{2 * ROWS_CHANGED}"
    memory = most_memory(rows, str(tmp_path / "rows.parquet"))
    assert memory < LEAST_MEMORY
    assert memory - most_memory(rows) < 192 << 20  # 83 MB measured
    with pq.ParquetFile(tmp_path / "rows.parquet") as file:
        assert file.metadata.num_rows == 2 * ROWS_CHANGED
