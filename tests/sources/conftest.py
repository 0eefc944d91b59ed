"""The fixtures of the contract: one table of typed rows as an address or object of each kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from source_rows import TABLE, WRITERS

from sameset.sources import Source, open_source


@pytest.fixture(params=list(WRITERS))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The table as an address or object of each kind."""
    return WRITERS[request.param](TABLE, tmp_path)


@pytest.fixture
def source(place: Any) -> Source:
    return open_source(place)
