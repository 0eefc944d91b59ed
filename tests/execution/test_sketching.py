"""A scan by all cores: the same sketch however the rows come, errors that end it, memory that stays flat."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_sources import FailingSource, ListedSource

from sameset.errors import SchemaError, SourceError, UnsupportedTypeError
from sameset.execution import scanning
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch
from sameset.sources import Source

SPEC = Spec(key=("k",))
UNION = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1]), pa.array(["x"])])


def table_of(rows: Sequence[tuple[int, str | None]]) -> pa.Table:
    return pa.table({"k": pa.array([k for k, _ in rows], pa.int64()), "v": pa.array([v for _, v in rows], pa.string())})


def batches_of(table: pa.Table, size: int) -> list[pa.RecordBatch]:
    return table.to_batches(max_chunksize=size) or [pa.RecordBatch.from_pylist([], table.schema)]


@pytest.fixture
def use_threads(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda count: monkeypatch.setattr(scanning, "cores", lambda: count)


ROWS = st.lists(st.tuples(st.integers(-3, 3), st.none() | st.text(max_size=2)), max_size=30)


@given(ROWS, st.integers(1, 31), st.integers(1, 4), st.randoms())
@settings(max_examples=40)
def test_the_sketch_is_the_same_for_any_batches_threads_and_order(
    rows: list[tuple[int, str | None]], size: int, threads: int, random: Any
) -> None:
    whole = sketch_table(ListedSource(batches_of(table_of(rows), 1000)), SPEC)
    random.shuffle(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "cores", lambda: threads)
        parts = sketch_table(ListedSource(batches_of(table_of(rows), size)), SPEC)
    assert parts == whole
    assert parts.to_bytes() == whole.to_bytes()


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_sketch_of_200_000_rows_is_the_same_for_any_batches_threads_and_order(
    threads: int, use_threads: Callable[[int], None]
) -> None:
    rng = np.random.default_rng(3)
    table = pa.table({"k": np.arange(200_000), "v": rng.choice(["a", "b", None], 200_000)})
    whole = sketch_table(ListedSource(batches_of(table, 65_536)), SPEC)
    use_threads(threads)
    shuffled = table.take(rng.permutation(200_000))
    source = ListedSource(
        [batch for size in (1, 999, 65_536) for batch in batches_of(shuffled.slice(*_part(size)), size)]
    )
    assert sketch_table(source, SPEC).to_bytes() == whole.to_bytes()
    assert len(source.threads) <= threads


def _part(size: int) -> tuple[int, int]:
    """Three parts of the 200,000 rows: the first 50 in batches of one row."""
    return {1: (0, 50), 999: (50, 50_000), 65_536: (50_050, 149_950)}[size]


def test_partitions_by_any_mapper_give_the_same_sketch() -> None:
    table = table_of([(n % 50, str(n)) for n in range(1000)])

    class Partitioned(ListedSource):
        def partitions(self) -> Sequence[Source]:
            return [ListedSource([batch]) for batch in self._batches]

    class Backwards:
        def map(self, function: Callable[[Source], TableSketch], partitions: Sequence[Source]) -> Iterable[TableSketch]:
            return [function(partition) for partition in reversed(partitions)]

    source, whole = Partitioned(batches_of(table, 77)), sketch_table(ListedSource([*batches_of(table, 1000)]), SPEC)
    assert sketch_table(source, SPEC) == whole
    assert sketch_table(source, SPEC, mapper=Backwards()) == whole


def test_progress_is_told_every_row_once(use_threads: Callable[[int], None]) -> None:
    use_threads(4)
    told: list[int] = []
    sketch_table(ListedSource(batches_of(table_of([(n, None) for n in range(1000)]), 7)), SPEC, progress=told.append)
    assert sum(told) == 1000


BATCHES = batches_of(table_of([(n, str(n)) for n in range(2000)]), 20)


@pytest.mark.parametrize("at", [0, 1, 50, 99])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("error", [SourceError("line 7 is broken"), OSError("gone"), KeyboardInterrupt()], ids=repr)
def test_an_error_of_the_source_ends_the_scan(
    at: int, threads: int, error: BaseException, use_threads: Callable[[int], None]
) -> None:
    use_threads(threads)
    source = FailingSource(BATCHES, at, error)
    with pytest.raises(type(error)) as raised:
        sketch_table(source, SPEC)
    assert raised.value is error
    assert_nothing_runs(source)


def test_an_error_of_the_fold_ends_the_scan_and_names_the_source() -> None:
    far = pa.record_batch({"k": [1], "v": pa.array([2**62], pa.timestamp("s"))})
    source = ListedSource([far.slice(0, 0)] * 30 + [far] + [far.slice(0, 0)] * 300)
    with pytest.raises(SourceError, match=r"^listed: column 'v' .*292,271 years"):
        sketch_table(source, SPEC)
    assert_nothing_runs(source)


def test_an_error_of_the_progress_ends_the_scan() -> None:
    def stop(rows: int) -> None:
        raise ValueError("enough")

    source = ListedSource(BATCHES)
    with pytest.raises(ValueError, match="enough"):
        sketch_table(source, SPEC, progress=stop)
    assert_nothing_runs(source)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_an_error_in_one_thread_stops_the_others_also_in_an_endless_source(
    threads: int, use_threads: Callable[[int], None]
) -> None:
    use_threads(threads)

    class Endless(ListedSource):
        def batches(self, *_: Any) -> Iterator[pa.RecordBatch]:
            yield from cycle(self._batches)

    told: list[int] = []

    def stop_at_ten(rows: int) -> None:
        told.append(rows)
        if len(told) == 10:
            raise ValueError("enough")

    source = Endless(BATCHES)
    with pytest.raises(ValueError, match="enough"):
        sketch_table(source, SPEC, progress=stop_at_ten)
    assert_nothing_runs(source)


def assert_nothing_runs(source: ListedSource) -> None:
    assert source.open_scans == 0
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("sameset")] == []


def test_a_scan_that_failed_leaves_no_connection_open(tmp_path: Path) -> None:
    """DuckDB refuses to open a file for writing that is open for reading in the same process."""
    path = str(tmp_path / "x.duckdb")
    with duckdb.connect(path) as con:
        con.execute("CREATE TABLE t AS SELECT range AS k, range AS v FROM range(500000)")

    def stop(rows: int) -> None:
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        sketch_table(f"{path}::t", SPEC, progress=stop)
    with duckdb.connect(path) as con:
        con.execute("DROP TABLE t")


@pytest.mark.parametrize(
    ("table", "key", "kind", "told"),
    [
        (pa.table({"a": [1]}), ("k",), SchemaError, "no key column 'k'"),
        (pa.table({"k": [1]}), ("k", "k"), SchemaError, "twice"),
        (pa.table([pa.array([1]), pa.array([2])], ["k", "k"]), (), SchemaError, "two columns"),
        (pa.table({"k": UNION}), (), UnsupportedTypeError, "column 'k'"),
    ],
    ids=["no key column", "key twice", "two of one name", "union"],
)
def test_what_cannot_be_sketched_is_refused_before_a_row_is_read(
    table: pa.Table, key: tuple[str, ...], kind: type[SourceError], told: str
) -> None:
    with pytest.raises(kind, match=told) as raised:
        sketch_table(table, Spec(key=key))
    assert "memory:table" in str(raised.value)


@pytest.mark.slow
def test_memory_is_flat_in_the_number_of_rows() -> None:
    """Ten times the rows in at most 1.2 times the memory."""
    peaks = []
    for rows in (2_000_000, 20_000_000):
        command = [sys.executable, str(Path(__file__).with_name("peak_memory.py")), str(rows)]
        process = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
        assert process.returncode == 0, process.stderr
        read, peak = map(int, process.stdout.split())
        assert read > 0.9 * rows
        peaks.append(peak)
    assert peaks[1] <= 1.2 * peaks[0]
    assert peaks[1] < 1 << 30
