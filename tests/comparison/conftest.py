"""Both ways to compare: from sketches alone, and with both tables at hand."""

from __future__ import annotations

import pytest
from comparison_tables import Way, by_sketches, by_tables


@pytest.fixture(params=[by_sketches, by_tables], ids=["sketches", "tables"])
def compared(request: pytest.FixtureRequest) -> Way:
    way: Way = request.param
    return way
