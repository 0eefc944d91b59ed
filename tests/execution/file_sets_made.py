"""Sets of files that tests change, and checks of them that know which files were read."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sameset.execution.checking import Arrival, Check, record_check
from sameset.execution.incremental import FilesRead, sketch_files
from sameset.execution.sketching import sketch_table
from sameset.registry import Registry
from sameset.sketches.spec import SampleSize, Spec
from sameset.sources import Source, open_source
from sameset.sources.file_parts import FilesSource
from sameset.sources.file_states import Trust

#: Samples so small that a dozen rows fill them: what is exact for a few rows is not here.
SMALL = Spec(rows=SampleSize(8, 4, 16), values=SampleSize(4, 1000, 4), bins=16, delta_cells=64)


def rows(*numbers: int) -> pa.Table:
    """Rows that depend on their numbers only."""
    return pa.table(
        {
            "id": pa.array(numbers, pa.int64()),
            "text": pa.array([f"t{number % 7}" if number % 5 else None for number in numbers], pa.string()),
            "price": pa.array([number / 8 for number in numbers], pa.float64()),
        }
    )


#: By the ending of a file, the options that it is opened with; only with given types can a CSV file be read alone.
HOW: dict[str, dict[str, Any]] = {"parquet": {}, "arrow": {}, "csv": {"schema": rows().schema}}


def write(table: pa.Table, path: Path) -> None:
    """A file of the kind that its ending names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".arrow":
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    else:
        lines = [",".join("" if value is None else str(value) for value in row.values()) for row in table.to_pylist()]
        path.write_text("\n".join([",".join(table.column_names), *lines]) + "\n", encoding="utf-8")


def watched(source: Source, seen: list[str]) -> Source:
    """The source, which notes the file that is opened to read its rows."""
    assert isinstance(source, FilesSource)
    alone = source.alone

    def noting(file: str) -> Source:
        seen.append(file)
        return alone(file)

    source.alone = noting  # type: ignore[method-assign]
    return source


@dataclasses.dataclass
class Checked:
    """What a check gave, and the names of the files whose rows were read."""

    check: Check
    found: FilesRead
    opened: Counter[str]


def check(
    folder: Path | str, registry: Registry, spec: Spec = SMALL, trust: Trust = Trust.STATUS, **options: Any
) -> Checked:
    """An incremental check by a spec of one's own, recorded; it must equal the sketch of everything, to the byte."""
    seen: list[str] = []
    source = watched(open_source(str(folder), **options), seen)
    found = sketch_files(source, spec, registry, "files", trust=trust)
    opened = Counter(os.path.relpath(file, folder) for file in seen)
    whole = sketch_table(open_source(str(folder), **options), spec)
    assert found.sketch.to_bytes() == whole.to_bytes()
    return Checked(
        record_check(registry, Arrival("files", found.sketch, source.address, source, files=found)), found, opened
    )
