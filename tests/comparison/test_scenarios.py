"""Two hundred random histories of a table: the delta from sketches is what EXCEPT ALL says, or it says over capacity."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from comparison_tables import sketch_of, truth

from sameset.comparison import Verdict, compare
from sameset.sketches.delta import capacity_of

Make = Callable[[int], Any]

#: From a small number a value of each type that DuckDB compares, too.
VALUES: dict[str, tuple[pa.DataType, Make]] = {
    "int8": (pa.int8(), lambda n: n % 100),
    "int64": (pa.int64(), lambda n: n * 10**12),
    "uint64": (pa.uint64(), lambda n: 2**63 + n),
    "float": (pa.float32(), lambda n: n / 4),
    "double": (pa.float64(), lambda n: float("nan") if n == 3 else n / 7),
    "decimal": (pa.decimal128(15, 2), lambda n: Decimal(n) / 4),
    "wide decimal": (pa.decimal128(38, 10), lambda n: Decimal(n * 10**20 + 1) / 10**10),
    "bool": (pa.bool_(), lambda n: n % 2 == 0),
    "text": (pa.string(), lambda n: f"größe {n}" * (n % 5)),
    "bytes": (pa.binary(), lambda n: bytes([n % 256, 0, 255])),
    "date": (pa.date32(), lambda n: dt.date(1969, 12, 1) + dt.timedelta(days=n)),
    "timestamp": (pa.timestamp("us"), lambda n: dt.datetime(1969, 12, 31, 23, 0, 0, n)),
    "zoned": (pa.timestamp("us", "UTC"), lambda n: dt.datetime(2024, 1, 1, n % 24, n % 60, tzinfo=dt.UTC)),
    "time": (pa.time64("us"), lambda n: dt.time(n % 24, n % 60)),
    "list": (pa.list_(pa.int32()), lambda n: [n, None, 0][: n % 4]),
    "struct": (pa.struct({"a": pa.int64(), "b": pa.string()}), lambda n: {"a": n, "b": None if n % 3 else "x"}),
    "list of structs": (pa.list_(pa.struct({"a": pa.int64()})), lambda n: [{"a": n}] * (n % 3)),
}
Row = tuple[int | None, ...]


def history(rng: np.random.Generator, rows: int, changes: int, columns: int) -> tuple[list[Row], list[Row]]:
    """Rows of a unique number and small ones, and the same after inserts, deletes, updates and copies."""

    def fresh(key: int) -> Row:
        return (key, *(None if n == 0 else int(n) for n in rng.integers(0, 60, columns)))

    left = [fresh(key) for key in range(rows)]
    left += [left[i] for i in rng.integers(0, rows, rows // 10)] if rows else []
    right = list(left)
    for step, place in zip(rng.integers(0, 4, changes).tolist(), rng.random(changes).tolist(), strict=True):
        at = int(place * len(right))
        if step == 0 or not right:
            right.append(fresh(rows + len(right)))
        elif step == 1:
            right.pop(at)
        elif step == 2:
            right[at] = (right[at][0], *fresh(0)[1:])
        else:
            right += [right[at]] * 3
    return left, [right[i] for i in rng.permutation(len(right))]


def table_of(kinds: list[str], rows: list[Row]) -> pa.Table:
    columns = {"id": pa.array([row[0] for row in rows], pa.int64())}
    for i, kind in enumerate(kinds, 1):
        type_, make = VALUES[kind]
        columns[f"c{i}"] = pa.array([None if row[i] is None else make(row[i]) for row in rows], type_)
    return pa.table(columns)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(8))
def test_a_delta_is_the_truth_or_says_over_capacity(block: int) -> None:
    for seed in range(25 * block, 25 * block + 25):
        rng = np.random.default_rng(seed)
        kinds = rng.choice(sorted(VALUES), int(rng.integers(1, 4)), replace=False).tolist()
        cells = int(2 ** rng.integers(6, 12))
        changes = int(rng.integers(0, 1 + int(0.6 * capacity_of(cells))))
        left, right = (table_of(kinds, rows) for rows in history(rng, int(rng.integers(0, 3_000)), changes, len(kinds)))
        key = ["id"] if seed % 2 else []
        found = compare(sketch_of(left, key, delta_cells=cells), sketch_of(right, key, delta_cells=cells))
        true = truth(left, right, key)
        assert found.changes == true["counts"] or (found.delta is None and true["size"] > capacity_of(cells)), seed
        assert (found.verdict is Verdict.IDENTICAL) == (true["size"] == 0)
        if found.delta is None:
            assert any("can list" in note for note in found.notes)
            assert found.estimated_difference is not None
