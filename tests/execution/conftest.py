"""A folder of four files and a registry, for checks file by file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from file_sets_made import rows, write

from sameset.registry import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """An empty registry, open."""
    with Registry.open(tmp_path / "registry.db") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four Parquet files of ten rows each."""
    for number in range(4):
        write(rows(*range(10 * number, 10 * number + 10)), tmp_path / "data" / f"{number}.parquet")
    return tmp_path / "data"
