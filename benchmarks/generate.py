"""Makes a table of another shape than lineitem: `python -m benchmarks.generate NAME ROWS FILE`.

Row group by row group, each from random numbers of its own seed, so that memory stays flat and every run makes the same
rows (with the same versions of numpy and pyarrow the same bytes).
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.arrays import (
    dates,
    decimals,
    doubles,
    integers,
    lists,
    picked,
    texts,
    timestamps,
    with_nulls,
)
from benchmarks.shapes import SHAPES

__all__ = ["BUILDERS", "main", "rows_of"]

SEED = 20_261_120
WIDTH = 500
COUNTRIES = ["Austria", "Brazil", "Chad", "Denmark", "Egypt", "Fiji", "Ghana", "Haiti", "India", "Japan"]
STATES = ["new", "paid", "packed", "sent", "delivered", "returned"]

Columns = dict[str, pa.Array]
Draw = np.random.Generator
KINDS: dict[str, Callable[[Draw, int], pa.Array]] = {
    "int64": integers,
    "int32": lambda draw, rows: pa.array(draw.integers(0, 10_000, rows, dtype=np.int32)),
    "double": doubles,
    "price": lambda draw, rows: decimals(draw, rows, 15, 2),
    "name": lambda draw, rows: texts(draw, rows, 4, 16),
    "country": lambda draw, rows: picked(draw, rows, COUNTRIES),
    "date": dates,
    "time": timestamps,
    "bool": lambda draw, rows: pa.array(draw.integers(0, 2, rows).astype(bool)),
    "sparse": lambda draw, rows: with_nulls(draw, integers(draw, rows), 0.5),
}


def rows_of(name: str, rows: int, group: int) -> pa.Table:
    """So many rows of a table: those of its row group of this number."""
    return pa.table(BUILDERS[name](np.random.default_rng([SEED, group]), rows))


def _wide(draw: Draw, rows: int) -> Columns:
    kinds = list(KINDS.items())
    chosen = (kinds[i % len(kinds)] for i in range(WIDTH))
    return {f"c{i:03}_{kind}": build(draw, rows) for i, (kind, build) in enumerate(chosen)}


def _narrow(draw: Draw, rows: int) -> Columns:
    return {"id": integers(draw, rows)}


def _text(draw: Draw, rows: int) -> Columns:
    return {
        "code": texts(draw, rows, 8, 8),
        "name": texts(draw, rows, 5, 25),
        "email": texts(draw, rows, 12, 40),
        "url": texts(draw, rows, 30, 150),
        "greek": texts(draw, rows, 3, 30, "αβγδεζηθικλμνξοπρστυφχψω"),
        "title": with_nulls(draw, texts(draw, rows, 0, 80), 0.05),
        "summary": texts(draw, rows, 100, 400),
        "body": texts(draw, rows, 0, 2_000),
    }


def _nested(draw: Draw, rows: int) -> Columns:
    return {
        "id": integers(draw, rows),
        "numbers": with_nulls(draw, lists(draw, rows, 20, integers), 0.05),
        "words": lists(draw, rows, 8, KINDS["name"]),
        "vector": pa.FixedSizeListArray.from_arrays(doubles(draw, 16 * rows).cast(pa.float32()), 16),
        "matrix": lists(draw, rows, 4, lambda draw, rows: lists(draw, rows, 4, doubles)),
        "person": with_nulls(draw, _persons(draw, rows), 0.05),
        "counts": _maps(draw, rows),
        "persons": lists(draw, rows, 4, _persons),
    }


def _dictionary(draw: Draw, rows: int) -> Columns:
    words = [f"product {i:04} of a line with a long name" for i in range(1_000)]
    return {
        "country": picked(draw, rows, COUNTRIES),
        "state": picked(draw, rows, STATES),
        "product": picked(draw, rows, words),
        "note": with_nulls(draw, picked(draw, rows, words[:50]), 0.3),
        "currency": picked(draw, rows, ["CHF", "EUR", "USD"]),
        "flag": picked(draw, rows, ["N", "Y"]),
        "store": pa.array(draw.integers(0, 300, rows)),
        "year": pa.array(draw.integers(2015, 2027, rows, dtype=np.int32)),
        "rate": pa.array(draw.integers(0, 20, rows) / 100),
        "price": decimals(draw, rows, 15, 2, 5_000),
        "day": pa.array(draw.integers(18_000, 19_000, rows, dtype=np.int32), pa.date32()),
        "level": pa.array(draw.integers(0, 5, rows, dtype=np.int8)),
    }


def _persons(draw: Draw, rows: int) -> pa.Array:
    fields = {"id": integers(draw, rows), "name": KINDS["name"](draw, rows), "score": doubles(draw, rows)}
    return pa.StructArray.from_arrays(list(fields.values()), names=list(fields))


def _maps(draw: Draw, rows: int) -> pa.Array:
    """Maps of up to five of ten countries, none of them twice in a map."""
    sizes = draw.integers(0, 6, rows)
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    chosen = (within + np.repeat(draw.integers(0, 10, rows), sizes)) % 10
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32))
    return pa.MapArray.from_arrays(offsets, pa.array(COUNTRIES).take(pa.array(chosen)), integers(draw, len(chosen)))


BUILDERS: dict[str, Callable[[Draw, int], Columns]] = {
    "wide": _wide,
    "narrow": _narrow,
    "text": _text,
    "nested": _nested,
    "dictionary": _dictionary,
}


def main(name: str, rows: str, target: str) -> None:
    """Writes the table, row group by row group."""
    total, size = int(rows), SHAPES[name].group
    first = rows_of(name, min(size, total), 0)
    with pq.ParquetWriter(target, first.schema) as writer:
        writer.write_table(first)
        for group in range(1, -(-total // size)):
            writer.write_table(rows_of(name, min(size, total - group * size), group))


if __name__ == "__main__":
    main(*sys.argv[1:])
