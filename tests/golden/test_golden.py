"""Golden files of version 1: what was frozen is what is computed now, and what the naive twin says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import naive
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from make_golden import LINES, SKETCHES
from recipes import TABLES, sketch_of

from sameset.sketches.table import TableSketch

HERE = Path(__file__).parent
every_table = pytest.mark.parametrize("name", TABLES)


@pytest.mark.parametrize(("name", "lines"), LINES.items(), ids=LINES)
def test_vectors_are_as_frozen(name: str, lines: Callable[[], Iterable[str]]) -> None:
    assert list(lines()) == (HERE / name).read_text("ascii").splitlines()


def test_no_golden_file_is_forgotten() -> None:
    assert sorted(path.name for path in SKETCHES.iterdir()) == sorted(f"{name}.sameset" for name in TABLES)


@every_table
def test_frozen_sketches_are_those_computed_now(name: str) -> None:
    frozen = (SKETCHES / f"{name}.sameset").read_bytes()
    sketch = TableSketch.from_bytes(frozen)
    assert sketch == sketch_of(TABLES[name])
    assert naive.as_plain(sketch) == naive.table_sketch(TABLES[name].read(), TABLES[name].spec)


@every_table
def test_frozen_bytes_are_those_written_now(name: str) -> None:
    frozen = (SKETCHES / f"{name}.sameset").read_bytes()
    written = sketch_of(TABLES[name]).to_bytes()
    # The content first: if only the bytes differ, Arrow or zstd pack in another way, and no version of ours is at fault.
    assert pa.ipc.open_file(written).read_all().equals(pa.ipc.open_file(frozen).read_all(), check_metadata=True)
    assert written == frozen


def test_the_table_of_20_000_rows_has_cut_samples() -> None:
    sketch = sketch_of(TABLES["cut-samples"])
    assert len(sketch.rows.hashes) == len(sketch.keys.hashes) == 4096
    assert sketch.delta.decode() is None
    assert any(len(column.values.hashes) == 512 for column in sketch.columns)


@pytest.mark.slow
def test_golden_files_are_not_overwritten_unasked() -> None:
    before = {path: path.read_bytes() for path in SKETCHES.iterdir()}
    done = subprocess.run([sys.executable, HERE / "make_golden.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "already there" in done.stderr
    assert {path: path.read_bytes() for path in SKETCHES.iterdir()} == before


def test_normalisation_is_that_of_unicode_18() -> None:
    composed = "\U000105c9"  # U+105D2 U+0307 since 16.0
    sorted_ = "a\u1ade\u0315"  # U+1ADE is a combining mark since 18.0, of a class below that of U+0315
    formed = pc.utf8_normalize(pa.array(["\U000105d2\u0307", "a\u0315\u1ade"]), "NFC")
    assert formed.to_pylist() == [composed, sorted_]
