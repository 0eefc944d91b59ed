"""The contract of engines: the same rows have the same digest on each of them, or the reason why it cannot hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from engine_batches import EVERY, MAKERS, PLAIN, Places, sketch_of

import sameset_expectations as se
from sameset import sketch_table

Make = Callable[[str, pa.Table], Any]

#: Kinds that need what takes seconds to start, or differ from another only in how a batch is asked for.
SLOW = ("mysql table", "spark frame", "spark file", "postgres query")
#: By kind, the columns of `EVERY` that it cannot hold, and why.
CANNOT: dict[str, dict[str, str]] = {
    "ours": {},
    "pandas arrow": {},
    "pandas objects": {
        "uint64": "with a missing value these are objects, of which Arrow takes 63 bits",
        "map": "pandas makes lists of pairs of it, whose two sides Arrow wants to be of one type",
    },
    "pandas file": {},
    "duckdb table": {"duration": "DuckDB has intervals, which are no durations"},
    "duckdb query": {"duration": "DuckDB reads Parquet's durations as numbers"},
    "postgres table": {
        "uint64": "PostgreSQL has signed integers only",
        "fine timestamp": "PostgreSQL keeps microseconds",
        "duration": "PostgreSQL has intervals, which are no durations",
        **dict.fromkeys(("nested list", "struct", "map"), "the driver that writes has no type for it"),
    },
    "spark frame": {
        "time": "Spark reads no times of a day from Parquet",
        "fine timestamp": "Spark keeps microseconds",
        "duration": "Spark reads Parquet's durations as numbers",
    },
}
CANNOT["postgres query"] = CANNOT["postgres table"]
CANNOT["postgres temporary"] = {**CANNOT["postgres table"], "list": "arrays are read over connections of ours alone"}
CANNOT["spark file"] = CANNOT["spark frame"]

pytestmark = [
    # PySpark leaves the sockets over which it sends results to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def marked(kinds: Iterable[str]) -> list[Any]:
    return [pytest.param(kind, marks=[pytest.mark.slow] * (kind in SLOW)) for kind in kinds]


@pytest.fixture
def make(places: Places) -> Make:
    """`make(kind, table)`: the table as a batch of a kind of data source."""
    return lambda kind, table: MAKERS[kind](table, places)


@pytest.mark.parametrize("kind", marked(CANNOT))
def test_types_that_an_engine_can_hold_have_one_digest(kind: str, make: Make) -> None:
    table = EVERY.drop_columns(list(CANNOT[kind]))
    found, expected = sketch_of(make(kind, table)), sketch_table(table)
    assert found.names == expected.names
    differ = [name for i, name in enumerate(found.names) if found.columns[i].digest != expected.columns[i].digest]
    assert differ == []
    assert found.text_digest == expected.text_digest


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(kind, name, marks=[pytest.mark.slow] * (kind in SLOW), id=f"{kind}-{name}")
        for kind, names in CANNOT.items()
        for name in names
    ],
)
def test_a_type_that_an_engine_cannot_hold_never_has_the_digest_of_another(kind: str, name: str, make: Make) -> None:
    table = EVERY.select([name])
    try:
        digest = sketch_of(make(kind, table)).text_digest
    except Exception as error:  # whoever refuses it: what writes, Great Expectations, or we
        digest = str(error)
    assert digest != sketch_table(table).text_digest, f"{kind} can hold {name}: {CANNOT[kind][name]}?"


@pytest.mark.parametrize("kind", marked(MAKERS))
@pytest.mark.parametrize("rows", [120, 0])
def test_rows_that_occur_twice_and_none_at_all_are_one_table_everywhere(kind: str, rows: int, make: Make) -> None:
    table = PLAIN.slice(0, rows)
    found, expected = sketch_of(make(kind, table)), sketch_table(table)
    assert found.row_count == rows
    assert found.text_digest == expected.text_digest


@pytest.mark.parametrize("kind", marked(MAKERS))
def test_expectations_tell_rows_that_changed(kind: str, make: Make, tmp_path: Any) -> None:
    same, other = str(tmp_path / "same.parquet"), str(tmp_path / "other.parquet")
    pq.write_table(PLAIN.take(list(range(119, -1, -1))), same)
    pq.write_table(PLAIN.slice(1), other)
    batch = make(kind, PLAIN)
    assert batch.validate(se.ExpectTableToMatch(reference=same)).success
    found = batch.validate(se.ExpectTableToMatch(reference=other))
    assert not found.success
    assert "1 row" in found.result["details"]["sentence"]
    assert found.exception_info["raised_exception"] is False


@pytest.mark.parametrize("kind", marked(MAKERS))
def test_the_schema_of_one_table_is_the_same_everywhere(kind: str, make: Make, tmp_path: Any) -> None:
    pq.write_table(PLAIN, tmp_path / "same.parquet")
    expectation = se.ExpectTableSchemaToMatch(reference=str(tmp_path / "same.parquet"), order=True)
    found = make(kind, PLAIN).validate(expectation)
    assert (found.success, found.result["details"]["sentence"]) == (True, "= 4 columns as in the reference")
