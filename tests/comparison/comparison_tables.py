"""Tables to compare, and their sketches straight from Arrow, without a source in between."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

import sameset
from sameset.comparison import Comparison, compare
from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch, hasher_for

__all__ = [
    "KEYS",
    "ORDERS",
    "OTHERS",
    "Way",
    "by_sketches",
    "by_tables",
    "changed_column",
    "orders",
    "shuffled",
    "sketch_of",
    "truth",
]

Way = Callable[..., Comparison]


def sketch_of(table: pa.Table, key: Sequence[str] = (), **fields: Any) -> TableSketch:
    """The sketch of a table in memory."""
    spec = Spec(key=tuple(key), **fields)
    sketch, hasher = TableSketch.empty(spec, table.schema), hasher_for(spec, table.schema)
    for batch in table.to_batches():
        sketch.update(hasher.hash(batch))
    return sketch


def orders(rows: int, seed: int = 0, columns: int = 8) -> pa.Table:
    """Orders: a running number, then telling columns and domains; the first `columns` of them."""
    rng = np.random.default_rng(seed)
    day = dt.date(2024, 1, 1)
    table = pa.table(
        {
            "id": pa.array(range(1, rows + 1), pa.int64()),
            "price": np.round(rng.lognormal(4, 2, rows), 4),
            "customer": [f"customer {n}" for n in rng.integers(0, 10 * rows + 1, rows)],
            "country": rng.choice(["DE", "FR", "IT", "PL"], rows),
            "day": [day + dt.timedelta(days=int(n)) for n in rng.integers(0, 300, rows)],
            "weight": rng.normal(70, 15, rows),
            "paid": rng.random(rows) < 0.7,
            "note": [None if n % 3 == 0 else f"note {n}" for n in rng.integers(0, 5 * rows + 1, rows)],
        }
    )
    return table.select(table.schema.names[:columns])


def changed_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    """The table with other values in one column."""
    return table.set_column(table.schema.get_field_index(name), name, pa.array(values))


def truth(left: pa.Table, right: pa.Table, key: Sequence[str] = ()) -> dict[str, Any]:
    """What plain SQL says: rows added and removed with their multiplicities and, with a key, paired off as changed.

    `keys` are three sorted lists of the repr of key values (of all occurrences), added, removed, changed.
    """
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register("l", left)
        con.register("r", right)
        names = ", ".join('"' + name + '"' for name in left.schema.names)
        came = con.sql(f"SELECT {names} FROM r EXCEPT ALL SELECT {names} FROM l").fetchall()  # noqa: S608
        went = con.sql(f"SELECT {names} FROM l EXCEPT ALL SELECT {names} FROM r").fetchall()  # noqa: S608
    places = [left.schema.names.index(name) for name in sorted(key, key=str.encode)]
    added, removed = ([tuple(row[i] for i in places) for row in rows] for rows in (came, went))
    changed = []
    for row in list(added) if key else []:
        if row in removed:
            removed.remove(row)
            added.remove(row)
            changed.append(row)
    keys = [sorted(map(repr, rows)) for rows in (added, removed, changed)]
    return {"counts": (len(added), len(removed), len(changed)), "keys": keys, "size": len(came) + len(went)}


def shuffled(table: pa.Table, seed: int = 7) -> pa.Table:
    return table.take(np.random.default_rng(seed).permutation(table.num_rows))


def by_sketches(left: pa.Table, right: pa.Table, key: tuple[str, ...] = ()) -> Comparison:
    """As if both tables were gone: the sketches come back from their bytes."""
    sketches = (sketch_of(table, key).to_bytes() for table in (left, right))
    return compare(*(sameset.TableSketch.from_bytes(data) for data in sketches))


def by_tables(left: pa.Table, right: pa.Table, key: tuple[str, ...] = ()) -> Comparison:
    return sameset.compare(left, right, key=key or None)


ORDERS = orders(500)
OTHERS = orders(500, seed=1)
KEYS = [(), ("id",)]
