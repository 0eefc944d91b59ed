"""The exact delta of two tables at hand, by a join of their row hashes that DuckDB spills to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa

from sameset.comparison.delta import delta_of_rows
from sameset.errors import SamesetError
from sameset.execution.scanning import silent
from sameset.kernels.keys import LANE_BYTES
from sameset.sketches.delta import PRIME, DifferingRow
from sameset.sketches.table import hasher_for
from sameset.sources.scan import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sameset.comparison.delta import Delta
    from sameset.execution.scanning import Progress
    from sameset.sketches.spec import Spec
    from sameset.sources.base import Source

__all__ = ["MOST_ROWS", "join_delta"]

# A delta is for people and for proofs; one that fills memory is neither. Beyond it the sketches' estimate stands.
MOST_ROWS = 1_000_000

DIFFERING = """
    select packed_key, h1, h2, sum(side)::bigint as times from (
        select packed_key, h1, h2, 1 as side from right_rows union all
        select packed_key, h1, h2, -1 as side from left_rows
    ) group by all having sum(side) <> 0 limit ?
"""


def join_delta(left: Source, right: Source, spec: Spec, progress: Progress = silent) -> Delta | None:
    """The exact delta of two sources with equal columns; None if more than MOST_ROWS distinct rows differ.

    Takes one more scan of each. Row hashes (16 bytes a row and the packed key) lie in a temporary DuckDB database.
    """
    try:
        with connect() as connection:
            for name, source in (("left_rows", left), ("right_rows", right)):
                _load(connection, name, source, spec, progress)
            found = connection.execute(DIFFERING, [MOST_ROWS + 1]).fetchall()
    except duckdb.Error as error:
        raise SamesetError(f"the rows of {left.address} and {right.address} could not be joined: {error}") from error
    if len(found) > MOST_ROWS:
        return None
    rows = (DifferingRow(bytes(key), (h1, h2), times) for key, h1, h2, times in found)
    return delta_of_rows(rows, sorted(spec.key, key=str.encode))


def _load(connection: duckdb.DuckDBPyConnection, name: str, source: Source, spec: Spec, progress: Progress) -> None:
    hashes = pa.RecordBatchReader.from_batches(_ROW, _row_hashes(source, spec, progress))
    connection.register("scanned", hashes)
    connection.execute(f"create temp table {name} as from scanned")  # names are ours, above
    connection.unregister("scanned")


_ROW = pa.schema({"packed_key": pa.binary(), "h1": pa.uint64(), "h2": pa.uint64()})


def _row_hashes(source: Source, spec: Spec, progress: Progress) -> Iterator[pa.RecordBatch]:
    """Packed keys and row hashes of all rows, as the delta table of a sketch holds them."""
    hasher = hasher_for(spec, source.schema())
    for batch in source.batches():
        hashed = hasher.hash(batch)
        progress(batch.num_rows)
        lanes = [lane & np.uint64(PRIME) for lane in hashed.named]
        for lane in lanes:
            lane[lane == PRIME] = 0
        yield pa.record_batch([_packed(hashed.lanes), *map(pa.array, lanes)], schema=_ROW)


def _packed(words: np.ndarray[tuple[int, int], np.dtype[np.uint64]]) -> pa.Array:
    """Words of packed keys as byte strings of seven bytes a word."""
    rows, width = words.shape
    data = np.ascontiguousarray(words.view(np.uint8).reshape(rows, width, 8)[:, :, :LANE_BYTES])
    offsets = np.arange(rows + 1, dtype=np.int32) * (width * LANE_BYTES)
    return pa.Array.from_buffers(pa.binary(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
