"""The cost of one cell by type: a table of nine columns of the type against a table of one, divided by eight.

The difference leaves out what a row costs however many columns it has (its finish, sample, signature and delta) and
keeps all that a column costs: value hash, binding, digest and value sample. What a key costs is the difference between
a table of one column with it as the key and without.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import pyarrow as pa

from benchmarks.cell_types import CellType, cell_types
from benchmarks.contenders import Done
from benchmarks.contenders.sameset_sketch import version
from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch, hasher_for

__all__ = ["prepare", "version", "work"]

FEW, MANY = 1, 9
LONG = 0.5  # seconds after which a type is not measured once more: some take a thousand times as long as others


class State(NamedTuple):
    """What is measured, how often."""

    types: dict[str, CellType]
    repeats: int


def prepare(rows: str, repeats: str, *words: str) -> State:
    """One array of so many rows for each type (whose name holds one of the words, if there are any); each was hashed once."""
    types = {name: type_ for name, type_ in cell_types(int(rows)).items() if not words or any(w in name for w in words)}
    for type_ in types.values():
        _seconds(type_.array, MANY, 1)
        _seconds(type_.array, FEW, 1, keyed=True)
    return State(types, int(repeats))


def work(state: State) -> Done:
    """Nanoseconds of one cell of each type, of an element in it, and of a row whose key it is."""
    costs = {name: _costs(type_, state.repeats) for name, type_ in state.types.items()}
    rows = max((len(type_.array) for type_ in state.types.values()), default=0)
    return Done(rows, MANY, ", ".join(costs), costs)


def _costs(type_: CellType, repeats: int) -> dict[str, float]:
    few, many = (_seconds(type_.array, columns, repeats) for columns in (FEW, MANY))
    rows = len(type_.array)
    cell = (many - few) / (MANY - FEW) / rows * 1e9
    key = (_seconds(type_.array, FEW, repeats, keyed=True) - few) / rows * 1e9
    return {"cell": cell, "key": key} | ({"element": cell / type_.elements} if type_.elements else {})


def _seconds(array: pa.Array, columns: int, repeats: int, keyed: bool = False) -> float:
    """The least time to hash a batch of so many equal columns and add it to a sketch."""
    batch = pa.RecordBatch.from_arrays([array] * columns, [f"c{i}" for i in range(columns)])
    spec = Spec(key=("c0",) if keyed else ())
    hasher, sketch = hasher_for(spec, batch.schema), TableSketch.empty(spec, batch.schema)
    times: list[float] = []
    while len(times) < repeats and sum(times) < LONG:
        start = time.perf_counter()
        sketch.fold(hasher, batch)
        times.append(time.perf_counter() - start)
    return min(times)  # what disturbs a measurement only ever adds
