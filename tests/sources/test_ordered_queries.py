"""Rows in order come from a query that says which: one that only seems to would have another UNF with every run."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from sameset.errors import SourceError
from sameset.sources import open_source
from sameset.sources.database_names import says_order

ORDERED = [
    "select a from t ORDER\n BY a",
    "select a from t where b in (select c from s) order by (a + 1) desc limit 5 -- all",
    "with q as (select a from t) select a, ')' as b from q order by a",
    "select a from t union all select a from s order by 1",
]
UNORDERED = [
    "select a from t",
    "select a, row_number() over (order by a) from t",
    "select string_agg(a, ',' order by a) from t group by b",
    "select a from (select a from t order by a)",
    "select a from t -- order by a",
    "select a from t /* order\nby a */",
    "select 'it''s in order by a' as b, \"order by\" from t",
    "select order_by, reorder by from t",
]


@pytest.mark.parametrize("query", ORDERED)
def test_an_order_of_the_query_itself_is_found(query: str) -> None:
    assert says_order(query)


@pytest.mark.parametrize("query", UNORDERED)
def test_an_order_of_anything_else_is_none(query: str) -> None:
    assert not says_order(query)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """t of 5,000 rows that count down, and views on it."""
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table t as select 5000 - i as a from range(5000) as s(i)")
        con.execute('create schema "s s"')
        con.execute('create view "s s"."up" as select a from main.t order by a')
        con.execute("create view counted as select a % 7 as b, count(*) as n from t group by b")
        con.execute('create view "up" as select a from t')
    return path


@pytest.mark.parametrize(
    ("content", "start"),
    [("t", 5000), ("s s.up", 1), ("select a from t order by a desc", 5000), ("from t order by a", 1)],
)
def test_tables_and_ordered_queries_of_duckdb_come_in_order(path: Path, content: str, start: int) -> None:
    found = [v for batch in open_source(f"{path}::{content}").ordered_batches() for v in batch.column(0).to_pylist()]
    assert found == (list(range(1, 5001)) if start == 1 else list(range(5000, 0, -1)))


@pytest.mark.parametrize(
    "content", ["select a from t", "counted", "up", "select x.a from t as x join t as y using (a)"]
)
def test_other_queries_and_views_of_duckdb_have_no_order(path: Path, content: str) -> None:
    with pytest.raises(SourceError, match="keeps its rows in no order; give a select with ORDER BY"):
        open_source(f"{path}::{content}").ordered_batches()
