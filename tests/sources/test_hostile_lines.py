"""JSON lines that would take all memory or all day are refused, and wide ones are read in portions."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest

from sameset.errors import SchemaError, SourceError
from sameset.sources import open_source


def test_a_line_is_not_unpacked_without_end(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    with gzip.open(path, "wb", 1) as file:
        file.write(b'{"a": 1}\n{"a": "')
        for _ in range(40):
            file.write(b"a" * (1 << 20))
        file.write(b'"}\n')
    with pytest.raises(SourceError, match=r"line 2 is longer than 16 MiB; write one object of JSON per line"):
        open_source(path).schema()


def test_ids_as_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps({f"user {line * 101 + i}": 1 for i in range(101)}) for line in range(100)))
    with pytest.raises(SchemaError, match=r"more than 10,000 different keys; .* write names that are data"):
        open_source(path).schema()


def test_the_kinds_of_many_keys_are_found_in_portions(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    kinds = [(5, pa.int64()), ("a", pa.large_string()), (True, pa.bool_()), (0.5, pa.float64())]
    path.write_text(json.dumps({f"k{i}": kinds[i % 4][0] for i in range(210)}))
    assert open_source(path).schema().types == [kinds[i % 4][1] for i in range(210)]
    path.write_text(json.dumps({"twice": 1})[:-1] + ', "twice": 2}')
    with pytest.raises(SchemaError, match="the key 'twice' twice"):
        open_source(path).schema()
