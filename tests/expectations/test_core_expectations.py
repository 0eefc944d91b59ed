"""Every expectation of Great Expectations itself on our data source: it works, or one sentence says that it does not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from core_expectations import CORE, REFUSED, WORKING, names_of
from expectation_cases import ORDERS

import sameset_expectations as se
from sameset_expectations.failures import reason_of

PAGE = Path(__file__).parents[2] / "docs/core-expectations.md"


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A batch of our data source."""
    import pyarrow.parquet as pq

    address = tmp_path_factory.mktemp("core") / "orders.parquet"
    pq.write_table(ORDERS, address)
    context = se.get_context()
    return (
        context.data_sources.add_sameset("lake")
        .add_table("orders", str(address))
        .add_batch_definition("all")
        .get_batch()
    )


def test_none_is_forgotten() -> None:
    assert sorted(names_of(WORKING) + names_of(REFUSED)) == CORE


@pytest.mark.parametrize(("expectation", "right", "wrong"), WORKING, ids=names_of(WORKING))
def test_it_works(expectation: Any, right: dict[str, Any], wrong: dict[str, Any], batch: Any) -> None:
    met, failed = batch.validate(expectation(**right)), batch.validate(expectation(**wrong))
    assert [reason_of(one.exception_info) for one in (met, failed)] == [None, None]
    assert [met.success, failed.success] == [True, False]


@pytest.mark.parametrize(("expectation", "fields"), REFUSED, ids=names_of(REFUSED))
def test_it_says_that_it_does_not(expectation: Any, fields: dict[str, Any], batch: Any) -> None:
    result = batch.validate(expectation(**fields))
    reason = reason_of(result.exception_info)
    assert not result.success
    assert reason is not None
    assert re.search("data source|no other table 'customers'", reason)
    assert "Traceback" not in reason


@pytest.mark.parametrize("heading", ["Work", "Do not work"])
def test_the_page_lists_them(heading: str) -> None:
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert listed == sorted(names_of(WORKING if heading == "Work" else REFUSED))
