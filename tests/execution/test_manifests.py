"""Manifests: the delta of two of them is the truth, and one that is not its table's is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_manifests import Row, counted_changes, resources, side_of, table_of

from sameset.comparison import Verdict, compare
from sameset.comparison.delta import Delta, explains
from sameset.errors import ManifestError
from sameset.execution import joins, manifests, spills
from sameset.execution.joins import JoinSide, can_join, join_delta
from sameset.execution.manifests import open_manifest, write_manifest
from sameset.execution.sketching import sketch_table
from sameset.execution.spills import RowSpill
from sameset.sketches.delta import PRIME
from sameset.sketches.digest import RowDigest
from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch

CELLS = st.tuples(st.none() | st.integers(0, 6), st.none() | st.sampled_from("abc"))


@st.composite
def pairs(draw: Callable[[Any], Any]) -> tuple[list[Row], list[Row]]:
    """Rows of few values, so that many occur several times, and other rows, some of them the same."""
    left = draw(st.lists(CELLS, max_size=25))
    same = draw(st.lists(st.sampled_from(left), max_size=15)) if left else []
    return left, draw(st.permutations(same + draw(st.lists(CELLS, max_size=15))))


def delta_of(left: Any, right: Any, spec: Spec) -> tuple[Delta, TableSketch, TableSketch]:
    """The delta by manifests alone."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        one, two = side_of(left, folder / "left", spec), side_of(right, folder / "right", spec)
        return join_delta(one, two, resources(folder)), one.sketch, two.sketch


@given(pairs(), st.booleans(), st.sampled_from([8, 1_000_000]))
@settings(max_examples=40)
def test_the_counts_are_those_of_a_multiset_difference(
    rows: tuple[list[Row], list[Row]], keyed: bool, most: int
) -> None:
    """However few rows may be listed, and in however many ranges they are joined."""
    spec = Spec(key=("k",) if keyed else ())
    with patch.object(joins, "MOST_ROWS", most), patch.object(joins, "BYTES_PER_JOINED_ROW", 1 << 27):
        delta, *_ = delta_of(*map(table_of, rows), spec)
    assert delta.counts == counted_changes(*rows, keyed)


@given(pairs(), st.booleans(), st.booleans())
@settings(max_examples=25)
def test_the_delta_is_that_of_the_sketches_where_they_have_one(
    rows: tuple[list[Row], list[Row]], keyed: bool, keep: bool
) -> None:
    delta, left, right = delta_of(*map(table_of, rows), Spec(key=("k",) if keyed else (), keep_keys=keep))
    assert delta == compare(left, right).delta


@pytest.mark.slow
@given(pairs())
@settings(max_examples=20)
def test_a_list_that_is_cut_holds_rows_of_the_whole_one(rows: tuple[list[Row], list[Row]]) -> None:
    whole, *_ = delta_of(*map(table_of, rows), Spec(key=("k",)))
    with patch.object(joins, "MOST_ROWS", 4):
        cut, *_ = delta_of(*map(table_of, rows), Spec(key=("k",)))
    assert cut.counts == whole.counts
    for name in ("added", "removed", "changed"):
        assert set(map(repr, getattr(cut, name))) <= set(map(repr, getattr(whole, name)))


def test_lists_are_cut_to_the_first_keys(tmp_path: Path) -> None:
    left = table_of([(i, "a") for i in range(300)])
    right = table_of([(i, "b" if i % 3 else "a") for i in range(100, 400)])
    one, two = side_of(left, tmp_path / "left"), side_of(right, tmp_path / "right")
    with patch.object(joins, "MOST_ROWS", 40):
        delta = join_delta(one, two, resources(tmp_path))
    assert delta.counts == (100, 100, 134)
    lists = [[row.key["k"] for row in rows if row.key] for rows in (delta.added, delta.removed, delta.changed)]
    assert lists == [list(range(300, 310)), list(range(10)), [100, 101, 103, 104, 106, 107, 109, 110, 112, 113]]


def test_a_key_of_too_many_rows_is_counted_and_not_listed(tmp_path: Path) -> None:
    one = side_of(table_of([(1, f"a{i}") for i in range(50)]), tmp_path / "left")
    two = side_of(table_of([(1, f"b{i}") for i in range(60)]), tmp_path / "right")
    with patch.object(joins, "MOST_ROWS", 20):
        delta = join_delta(one, two, resources(tmp_path))
    assert (delta.counts, delta.added, delta.changed) == ((10, 0, 50), (), ())
    assert compare(one.sketch, two.sketch, joined=delta).verdict is not Verdict.APPENDED


def test_a_growth_is_proved_however_many_rows_came(tmp_path: Path) -> None:
    rows = [(i, "a") for i in range(9000)]
    one, two = side_of(table_of(rows[:5000]), tmp_path / "left"), side_of(table_of(rows), tmp_path / "right")
    assert compare(one.sketch, two.sketch).verdict is Verdict.MODIFIED
    for most, listed in ((1_000_000, 4000), (400, 100)):
        with patch.object(joins, "MOST_ROWS", most):
            delta = join_delta(one, two, resources(tmp_path))
        found = compare(one.sketch, two.sketch, joined=delta)
        assert (found.verdict, found.basis, found.changes) == (Verdict.APPENDED, "delta", (4000, 0, 0))
        assert len(delta.added) == listed


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    """Whatever their order, and also where they pass through many buckets and row groups."""
    rows = [(i % 700, f"v{i % 900}") for i in range(20_000)]
    with patch.object(manifests, "ROWS_PER_GROUP", 500), patch.object(spills, "LARGEST_BUCKET", 200_000):
        paths = [side_of(table_of(r), tmp_path / n).manifest for r, n in ((rows, "a"), (rows[::-1], "b"))]
    one, two = (path.read_bytes() for path in paths if path)
    assert one == two
    stored = pq.read_table(tmp_path / "a")
    assert stored.num_rows == len(set(rows))
    assert sum(stored["count"].to_pylist()) == len(rows)
    lanes = list(zip(stored["row_1"].to_pylist(), stored["row_2"].to_pylist(), strict=True))
    assert lanes == sorted(lanes)
    assert pq.read_metadata(tmp_path / "a").num_row_groups > 5


def test_an_empty_table_has_a_manifest(tmp_path: Path) -> None:
    one, two = side_of(table_of([]), tmp_path / "left"), side_of(table_of([(1, "a")]), tmp_path / "right")
    assert join_delta(one, two, resources(tmp_path)).counts == (1, 0, 0)


def test_a_name_may_hold_signs_of_patterns(tmp_path: Path) -> None:
    folder = tmp_path / "a*[b]'?"
    folder.mkdir()
    one, two = (side_of(table_of([(i, "a")]), folder / f"{i}'*") for i in range(2))
    assert join_delta(one, two, resources(folder)).counts == (1, 1, 0)


def test_manifests_of_hidden_and_of_readable_keys_are_not_joined(tmp_path: Path) -> None:
    table = table_of([(1, "a")])
    one = side_of(table, tmp_path / "left")
    two = side_of(table, tmp_path / "right", Spec(key=("k",), keep_keys=False))
    assert not can_join(one, two)
    assert not can_join(one, JoinSide(two.sketch))
    assert can_join(one, one)


# what is refused

ROWS = [(i, "abc"[i % 3]) for i in range(2000)]


@pytest.fixture
def side(tmp_path: Path) -> JoinSide:
    return side_of(table_of(ROWS), tmp_path / "rows.manifest.parquet")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda data: b"", "cannot be used"),
        (lambda data: b"PAR1 and nothing more", "cannot be used"),
        (lambda data: data[:-100], "cannot be used"),
        (lambda data: data[: len(data) // 2], "cannot be used"),
        (lambda data: data[:500] + bytes([data[500] ^ 1]) + data[501:], "it is damaged: its checksum is another"),
        (lambda data: data.replace(b'"format": 1', b'"format": 9'), "a format that this program does not read"),
        (lambda data: data.replace(b'"format": 1', b'{format": 1'), "cannot be used"),
        (lambda data: data.replace(b'"rows": 2000', b'"rows": 2001'), "it belongs to another table"),
        (lambda data: data.replace(b'"entries": 2000', b'"entries": 1999'), "it is damaged"),
        (lambda data: data.replace(b'\\"seed\\":0', b'\\"seed\\":1'), "written with other options"),
    ],
)
def test_a_damaged_manifest_is_refused(side: JoinSide, damage: Callable[[bytes], bytes], told: str) -> None:
    assert side.manifest is not None
    data = side.manifest.read_bytes()
    assert damage(data) != data
    side.manifest.write_bytes(damage(data))
    with pytest.raises(ManifestError, match=told) as caught:
        open_manifest(side.manifest, side.sketch)
    assert str(side.manifest) in str(caught.value)
    assert "delete it to do without" in str(caught.value)


@given(st.data())
@settings(max_examples=100)
def test_a_byte_that_changed_is_refused_or_of_no_consequence(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        one, two = side_of(table_of(ROWS[:50]), folder / "left"), side_of(table_of(ROWS[20:60]), folder / "right")
        assert one.manifest is not None
        content = bytearray(one.manifest.read_bytes())
        # Half of them in the footer, which no checksum covers.
        place = data.draw(st.integers(0, len(content) - 1) | st.integers(len(content) - 2000, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        one.manifest.write_bytes(content)
        try:
            counts = join_delta(one, two, resources(folder)).counts
        except ManifestError as error:
            counts = None
            told = str(error)
        assert counts == (10, 20, 0) if counts else "\n" not in told


@pytest.mark.parametrize("other", [table_of(ROWS[1:]), table_of([*ROWS[1:], ROWS[1]]), table_of([])])
def test_the_manifest_of_another_delivery_is_refused(side: JoinSide, other: pa.Table, tmp_path: Path) -> None:
    assert side.manifest is not None
    side_of(other, side.manifest)
    with pytest.raises(ManifestError, match="it belongs to another table, or to another delivery of this one"):
        open_manifest(side.manifest, side.sketch)


def test_any_other_parquet_file_is_refused(side: JoinSide) -> None:
    assert side.manifest is not None
    pq.write_table(table_of(ROWS), side.manifest)
    with pytest.raises(ManifestError, match="it is no manifest"):
        open_manifest(side.manifest, side.sketch)


class FalseSpill(RowSpill):
    """Gives other rows than were scanned."""

    def __init__(self, folder: Path, forge: Callable[[np.ndarray], np.ndarray]) -> None:
        super().__init__(resources(folder))
        self.forge = forge

    def sorted_rows(self, key_lanes: int) -> Iterator[np.ndarray]:
        yield self.forge(np.concatenate(list(super().sorted_rows(key_lanes))))


def doubled(words: np.ndarray) -> np.ndarray:
    words[3, 2] += 1
    return words


def shifted(words: np.ndarray) -> np.ndarray:
    words[3, 0] += 1
    return words


def unreadable(words: np.ndarray) -> np.ndarray:
    words[:, 3] = 0xC1  # a key of a kind that there is not
    return words


def overfull(words: np.ndarray) -> np.ndarray:
    words[3, 2] = 2**64 - 1
    return words


@pytest.mark.parametrize("forge", [doubled, shifted, overfull, lambda words: words[1:], lambda words: words[:0]])
def test_a_forged_manifest_does_not_account_for_the_difference(
    side: JoinSide, forge: Callable[[np.ndarray], np.ndarray], tmp_path: Path
) -> None:
    path, table = tmp_path / "forged", table_of(ROWS[:500])
    with FalseSpill(tmp_path, forge) as spill:
        sketch = sketch_table(table, Spec(key=("k",)), tee=spill.add)
        write_manifest(path, sketch, spill)
    with pytest.raises(ManifestError, match=r"write both anew$"):
        join_delta(JoinSide(sketch, manifest=path), side, resources(tmp_path))


def test_a_forged_key_is_refused(side: JoinSide, tmp_path: Path) -> None:
    path = tmp_path / "forged"
    with FalseSpill(tmp_path, unreadable) as spill:
        sketch = sketch_table(
            table_of([(key + 10_000, text) for key, text in ROWS[:500]]), Spec(key=("k",)), tee=spill.add
        )
        write_manifest(path, sketch, spill)
    with pytest.raises(ManifestError, match="a key of a row that differs is damaged"):
        join_delta(JoinSide(sketch, manifest=path), side, resources(tmp_path))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("kept_as_zero", [0, 1, 2])
def test_lanes_that_are_kept_as_zero_are_allowed_for_and_no_others(kept_as_zero: int, sign: int) -> None:
    """Three rows of 10 in both lanes, and some of 2^61 - 1 in the first, which came or went."""
    left, right = RowDigest.empty(), RowDigest.empty()
    right.rows = 3 + sign * kept_as_zero
    right.sums[0] = [(30 + sign * kept_as_zero * PRIME) % 2**64, 30]
    zeros = [kept_as_zero, 0]
    assert explains(right.rows, [30, 30], zeros, left, right)
    assert not explains(right.rows + 1, [30, 30], zeros, left, right)
    for wrong in ([30, 31], [30, 29], [35, 30], [25, 30]):
        assert not explains(right.rows, wrong, zeros, left, right)


# writers that die

DYING = """
import os, signal, sys
from pathlib import Path
import pyarrow as pa
from sameset.execution import manifests, spills
from sameset.execution.manifests import write_manifest
from sameset.execution.sketching import sketch_table
from sameset.execution.resources import Resources
from sameset.execution.spills import RowSpill

spills.LARGEST_BUCKET, manifests.ROWS_PER_GROUP = 1 << 18, 1000

class Dying(RowSpill):
    def sorted_rows(self, key_lanes):
        for number, words in enumerate(super().sorted_rows(key_lanes)):
            yield words
            if number == 100:
                os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[1])
with Dying(Resources(1 << 29, folder)) as spill:
    sketch = sketch_table(pa.table({"k": range(40_000)}), tee=spill.add)
    write_manifest(folder / "m", sketch, spill)
"""


@pytest.mark.parametrize("before", [b"", b"what was there before"])
def test_a_killed_writer_leaves_nothing_that_looks_whole(tmp_path: Path, before: bytes) -> None:
    if before:
        (tmp_path / "m").write_bytes(before)
    process = subprocess.run([sys.executable, "-c", DYING, str(tmp_path)], timeout=120, check=False)
    assert process.returncode == -signal.SIGKILL
    assert ((tmp_path / "m").read_bytes() if before else not (tmp_path / "m").exists()) == (before or True)
    (left,) = [path for path in tmp_path.iterdir() if path.name != "m"]
    assert left.name.startswith(".m.")
    with pytest.raises(ManifestError):
        open_manifest(left, side_of(table_of([]), tmp_path / "other").sketch)


def test_a_writer_that_fails_leaves_what_was_there(side: JoinSide, tmp_path: Path) -> None:
    assert side.manifest is not None
    before = side.manifest.read_bytes()

    def fail(words: np.ndarray) -> np.ndarray:
        raise KeyboardInterrupt

    with FalseSpill(tmp_path, fail) as spill:
        spill.add_words(np.ones((1, 5), np.uint64))
        with pytest.raises(KeyboardInterrupt):
            write_manifest(side.manifest, side.sketch, spill)
    assert side.manifest.read_bytes() == before
    assert os.listdir(tmp_path) == [side.manifest.name]


def test_a_place_that_cannot_be_written_is_one_sentence(side: JoinSide, tmp_path: Path) -> None:
    with RowSpill(resources(tmp_path)) as spill, pytest.raises(ManifestError, match="cannot be written: No such file"):
        write_manifest(tmp_path / "none" / "m", side.sketch, spill)


def test_what_is_stored_says_whose_it_is(side: JoinSide) -> None:
    assert side.manifest is not None
    facts = json.loads(pq.read_metadata(side.manifest).metadata[b"sameset.manifest"])
    assert facts["digest"] == side.sketch.text_digest
    assert Spec.from_json(facts["spec"]) == side.sketch.spec
    assert (facts["rows"], facts["entries"]) == (2000, 2000)
