"""Keys in the delta of a sketch that was made by hand: shown or refused, never an error that calls itself a defect."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sameset.comparison import Comparison, compare
from sameset.errors import SketchFormatError
from sameset.execution.sketching import sketch_table
from sameset.sketches.delta import RowLanes
from sameset.sketches.spec import Spec

TABLE = pa.table({"id": range(50)})


def compared(*keys: bytes) -> Comparison:
    """A table with itself and a row more for each of these packed keys, which only delta and digest have."""
    left, right = (sketch_table(TABLE, Spec(key=("id",), delta_cells=64)) for _ in range(2))
    size = 7 * right.delta.key_lanes
    packed = [[int.from_bytes(key.ljust(size, b"\0")[i : i + 7], "little") for i in range(0, size, 7)] for key in keys]
    halves = np.arange(1, len(keys) + 1, dtype=np.uint64)
    right.delta.update(RowLanes(np.array(packed, np.uint64), halves, halves))
    right.digest.rows += len(keys)
    right.digest.sums[0] += halves.sum()
    return compare(left, right)


@pytest.mark.parametrize(
    "key", [b"\xc1a", b"\x1f" + b"a" * 13, b"\x30\xff", b"\xb0\x01a", b"\x20", b"\x50"], ids=lambda key: key.hex()
)
def test_what_is_no_key_is_refused(key: bytes) -> None:
    with pytest.raises(
        SketchFormatError, match=r"a key of a row that differs is damaged, .*; make the sketches and manifests anew"
    ):
        compared(key)


def test_times_with_and_without_a_zone_have_an_order() -> None:
    found = compared(b"\x81\x01", b"\x71\x02", b"\x00", b"\x71\x01", b"\x11\x05")
    assert found.delta is not None
    assert [str(row.key["id"]) for row in found.delta.added if row.key] == [
        "1970-01-01 00:00:00.000001",
        "1970-01-01 00:00:00.000002",
        "1970-01-01 00:00:00.000001+00:00",
        "5",
        "None",
    ]
