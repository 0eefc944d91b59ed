"""Tables whose columns change, and the three ways to compare them: sketches alone, with the new table, with both."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa

import sameset
from sameset.comparison import Comparison, compare
from sameset.execution.refining import refine
from sameset.execution.sides import Sides
from sameset.sketches.spec import Spec

__all__ = ["ORDERS", "by_sketches", "by_tables", "one_table", "orders", "told", "with_column"]


def orders(rows: int, seed: int = 0) -> pa.Table:
    """Orders of every kind of column that has patterns; all but `id` and `country` tell a row from others."""
    rng = np.random.default_rng(seed)
    start = dt.datetime(2024, 1, 1)
    seconds = rng.choice(300 * 86_400, rows, replace=False)
    return pa.table(
        {
            "id": pa.array(range(1, rows + 1), pa.int64()),
            "price": np.round(rng.lognormal(4, 2, rows), 4),
            "weight": rng.normal(70, 15, rows),
            "cents": pa.array(rng.choice(10 * rows, rows, replace=False) + 1, pa.int32()),
            "at": pa.array([start + dt.timedelta(seconds=int(s)) for s in seconds], pa.timestamp("us")),
            "name": [f"Customer {n}" for n in rng.integers(0, 10 * rows + 1, rows)],
            "country": rng.choice(["DE", "FR", "IT", "PL"], rows),
            "note": [None if n % 3 == 0 else f"Note {n}" for n in rng.integers(0, 50 * rows, rows)],
        }
    )


ORDERS = orders(500)


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    """The table with other values in one column."""
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    return table.set_column(table.schema.get_field_index(name), name, array)


def by_sketches(left: pa.Table, right: pa.Table, key: tuple[str, ...] = ()) -> Comparison:
    """Both tables are gone."""
    return compare(*(sameset.sketch_table(table, Spec(key=key)) for table in (left, right)))


def one_table(left: pa.Table, right: pa.Table, key: tuple[str, ...] = ()) -> Comparison:
    """The left table is gone."""
    old, new = (sameset.sketch_table(table, Spec(key=key)) for table in (left, right))
    return refine(compare(old, new), Sides(old, new, None, sameset.open_source(right)))


def by_tables(left: pa.Table, right: pa.Table, key: tuple[str, ...] = ()) -> Comparison:
    """Both tables are at hand."""
    return sameset.compare(left, right, key=key or None)


def told(found: Comparison) -> dict[str, str]:
    """The patterns that were found: their kinds by column."""
    return {column.name: str(pattern.kind) for column in found.columns for pattern in column.patterns}
