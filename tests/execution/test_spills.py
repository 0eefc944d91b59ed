"""Row hashes sorted on disk: the same rows come back in order, whatever their number, their copies and their bits."""

from __future__ import annotations

import errno
import resource
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_manifests import resources

from sameset.canonical.batches import HashedBatch, RowHasher
from sameset.errors import ManifestError
from sameset.execution import spills
from sameset.execution.spills import COUNT, RowSpill, count_copies, words_of
from sameset.sketches.delta import PRIME, DeltaTable, RowLanes

#: First lanes that lie close together, at both ends, and anywhere.
LANES = st.one_of(st.integers(0, 5), st.integers(PRIME - 5, PRIME - 1), st.integers(0, PRIME - 1))
ROWS = st.lists(st.tuples(LANES, st.integers(0, 3), st.integers(1, 3), st.just(7)), max_size=60)


def naive(rows: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    counts: Counter[tuple[int, int]] = Counter()
    for one, two, count, _ in rows:
        counts[one, two] += count
    return [(one, two, count, 7) for (one, two), count in sorted(counts.items())]


def words(rows: list[tuple[int, ...]]) -> np.ndarray:
    return np.array(rows, np.uint64).reshape(-1, 4)


@given(ROWS)
def test_copies_are_counted_and_rows_sorted(rows: list[tuple[int, ...]]) -> None:
    assert [tuple(row) for row in count_copies(words(rows)).tolist()] == naive(rows)


@given(st.lists(ROWS, max_size=4), st.sampled_from([64, 1 << 20]))
@settings(max_examples=30)
def test_what_was_spilled_comes_back_sorted_once(batches: list[list[tuple[int, ...]]], bucket: int) -> None:
    """Also where a bucket holds two rows and is distributed again, down to its last bits."""
    small = patch.multiple(spills, LARGEST_BUCKET=bucket, DIGIT_BITS=3)
    with TemporaryDirectory() as name, small, RowSpill(resources(Path(name))) as spill:
        for batch in batches:
            spill.add_words(words(batch))
        found = [tuple(row) for part in spill.sorted_rows(1) for row in part.tolist()]
    assert found == naive([row for batch in batches for row in batch])


def test_rows_may_come_from_many_threads(tmp_path: Path) -> None:
    parts = [words([(i * 2**50 + j, j, 1, 7) for i in range(1000)]) for j in range(8)]
    with RowSpill(resources(tmp_path)) as spill, ThreadPoolExecutor(8) as pool:
        list(pool.map(spill.add_words, parts))
        found = np.concatenate(list(spill.sorted_rows(1)))
    assert len(found) == 8000
    assert (np.diff(found[:, 0].astype(np.int64)) > 0).all()


def hashed(lanes: list[int]) -> HashedBatch:
    batch = RowHasher(pa.schema({"a": pa.int64()})).hash(pa.record_batch({"a": list(range(len(lanes)))}))
    one = np.array(lanes, np.uint64)
    return HashedBatch(len(lanes), [], (one, one[::-1].copy()), None, batch.sums, batch.lanes)


def test_lanes_are_those_of_the_delta_table() -> None:
    """Modulo 2^61 - 1, which is kept as 0."""
    lanes = [0, 1, PRIME - 1, PRIME, PRIME + 1, 2**63 + 5, 2**64 - 1]
    batch = hashed(lanes)
    table = DeltaTable.empty(64, 0)
    table.update(RowLanes(batch.lanes, *batch.named))
    rows = table.decode()
    assert rows is not None
    assert {row.row: row.times for row in rows} == Counter((a, b) for a, b, *_ in words_of(batch).tolist())
    assert (words_of(batch)[:, COUNT] == 1).all()


def test_nothing_of_it_has_a_name_on_disk(tmp_path: Path) -> None:
    with patch.object(spills, "LARGEST_BUCKET", 0), RowSpill(resources(tmp_path)) as spill:
        spill.add_words(words([(1, 2, 1, 7)]))
        assert list(tmp_path.iterdir()) == []


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """Within it no file of this process may grow beyond a size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@patch.object(spills, "LARGEST_BUCKET", 0)
def test_a_disk_that_takes_no_more_is_one_sentence(tmp_path: Path) -> None:
    rows = words([(i * 2**40, i, 1, 7) for i in range(4000)] * 30)
    with RowSpill(resources(tmp_path)) as spill, small_files(1000), pytest.raises(ManifestError) as caught:
        spill.add_words(rows)
    assert str(tmp_path) in str(caught.value)
    assert "choose another folder with --temp" in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.EFBIG
