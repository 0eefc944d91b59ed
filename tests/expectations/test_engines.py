"""The contract of engines: the same rows have the same digest on each of them, or the reason why it cannot hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
import pytest
from engine_batches import EVERY, MAKERS, PLAIN, Places, sketch_of

import sameset_expectations as se
from sameset import sketch_table

SLOW = ("mysql table", "spark frame", "spark file", "postgres query")
NO_DURATIONS = "DuckDB's intervals are no durations"
#: By kind, the columns of `EVERY` that it cannot hold, and why.
CANNOT: dict[str, dict[str, str]] = {
    "ours": {},
    "pandas arrow": {},
    "pandas objects": {},
    "pandas file": {},
    "duckdb table": {},
    "duckdb query": {},
    "postgres table": {},
    "spark frame": {},
}


def marked(kinds: Iterable[str]) -> list[Any]:
    return [pytest.param(kind, marks=[pytest.mark.slow] * (kind in SLOW)) for kind in kinds]


@pytest.fixture
def make(places: Places) -> Callable[[str, pa.Table], Any]:
    return lambda kind, table: MAKERS[kind](table, places)


@pytest.mark.parametrize("kind", marked(CANNOT))
def test_what_an_engine_can_hold_has_the_same_digests(kind: str, make: Any) -> None:
    table = EVERY.drop_columns(list(CANNOT[kind]))
    found, expected = sketch_of(make(kind, table)), sketch_table(table)
    assert found.names == expected.names
    differ = [name for i, name in enumerate(found.names) if found.columns[i].digest != expected.columns[i].digest]
    assert differ == []
    assert found.text_digest == expected.text_digest


