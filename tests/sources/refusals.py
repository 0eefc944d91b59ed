"""How a source that cannot be read is asked why."""

from __future__ import annotations

import pytest

from sameset.errors import SourceError
from sameset.sources import open_source

__all__ = ["read", "refusal"]


def read(place: object) -> int:
    """How many rows there are."""
    return sum(batch.num_rows for batch in open_source(place).batches())


def refusal(place: object, kind: type[Exception] = SourceError) -> str:
    """Why reading all rows fails: one line, not a long one."""
    with pytest.raises(kind) as raised:
        read(place)
    text = str(raised.value)
    assert "\n" not in text
    assert len(text) < 600
    return text
