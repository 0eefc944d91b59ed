"""Two small files that differ in a row, and the program in their folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_process import Here, in_process, write_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """monday.csv, tuesday.csv with one row changed, and an empty place for a registry."""
    write_rows(tmp_path / "monday.csv")
    write_rows(tmp_path / "tuesday.csv", changed=1)
    return tmp_path


@pytest.fixture
def here(folder: Path, capsys: pytest.CaptureFixture[str]) -> Here:
    """Runs the program in this process, in that folder."""
    return lambda *arguments: in_process(*arguments, folder=folder, capture=capsys)
