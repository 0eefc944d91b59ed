"""Golden sketches with buckets (format 2): what was frozen is what is computed now, and what the naive twin says."""

from __future__ import annotations

import naive
import pyarrow as pa
import pytest
from make_golden import WITH_BUCKETS
from recipes import BUCKETED, sketch_of

from sameset.sketches.table import TableSketch


def test_no_golden_file_is_forgotten() -> None:
    assert sorted(path.name for path in WITH_BUCKETS.iterdir()) == sorted(f"{name}.sameset" for name in BUCKETED)


@pytest.mark.parametrize("name", BUCKETED)
def test_frozen_sketches_are_those_computed_and_written_now(name: str) -> None:
    recipe, frozen = BUCKETED[name], (WITH_BUCKETS / f"{name}.sameset").read_bytes()
    sketch = TableSketch.from_bytes(frozen)
    now = sketch_of(recipe)
    assert sketch == now
    written = now.to_bytes()
    assert pa.ipc.open_file(written).read_all().equals(pa.ipc.open_file(frozen).read_all(), check_metadata=True)
    assert written == frozen
    if name != "wider":  # 4,100 rows are slow to the twin, which make_golden.py has asked
        assert naive.as_plain(sketch) == naive.table_sketch(recipe.read(), recipe.spec)


def test_the_table_of_4_100_ranges_has_them_two_by_two() -> None:
    buckets = sketch_of(BUCKETED["wider"]).buckets
    assert buckets is not None
    assert (buckets.level, len(buckets.keys)) == (1, 2_050)
