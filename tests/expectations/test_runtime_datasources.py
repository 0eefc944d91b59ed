"""Our data source in projects that do not store it."""

from __future__ import annotations

import json
from pathlib import Path

import great_expectations as gx
import great_expectations.expectations as gxe
import pytest
from expectation_cases import ORDERS, Write
from projects import checkpoint

import sameset_expectations as se
from sameset.errors import SamesetError, SpecError


@pytest.fixture
def folder(write: Write, tmp_path: Path) -> Path:
    """A project with a checkpoint of a table of a data source that great_expectations.yml does not know."""
    context = se.get_context(tmp_path / "project")
    lake = se.add_runtime_datasource(context, "lake")
    data = lake.add_table("orders", write(ORDERS)).add_batch_definition("all")
    checkpoint(context, data, gxe.ExpectTableRowCountToEqual(value=1_000))
    se.save_runtime_datasources(context)
    return tmp_path / "project"


def test_a_stored_checkpoint_of_a_run_time_source_runs(folder: Path) -> None:
    assert se.run_checkpoint(se.get_context(folder), "nightly").success


def test_great_expectations_never_sees_it(folder: Path) -> None:
    assert "sameset" not in (folder / "gx/great_expectations.yml").read_text(encoding="utf-8")
    context = gx.get_context(mode="file", project_root_dir=str(folder))
    assert list(context.data_sources.all()) == []
    context.data_sources.add_pandas("frames")
    assert [one.success for one in [se.run_checkpoint(se.get_context(folder), "nightly")]] == [True]


def test_other_sources_of_the_project_are_saved_as_ever(folder: Path, write: Write) -> None:
    context = se.get_context(folder)
    context.data_sources.add_pandas("frames").add_parquet_asset("orders", path=write(ORDERS)).add_batch_definition(
        "all"
    )
    context.data_sources.get("lake").add_table("more", write(ORDERS))  # type: ignore[attr-defined]
    assert "sameset" not in (folder / "gx/great_expectations.yml").read_text(encoding="utf-8")
    again = se.get_context(folder)
    assert sorted(again.data_sources.all()) == ["frames", "lake"]
    assert again.data_sources.get("frames").get_asset("orders").name == "orders"


def test_what_cannot_be_kept_is_refused(write: Write, tmp_path: Path) -> None:
    context = se.get_context()
    lake = se.add_runtime_datasource(context, "lake")
    with pytest.raises(SpecError, match="has a data source 'lake' already"):
        se.add_runtime_datasource(context, "lake")
    with pytest.raises(SpecError, match="lies in memory"):
        se.save_runtime_datasources(context)
    lake.add_table("orders", write(ORDERS)).add_batch_definition("all")
    stored = se.get_context(tmp_path / "project")
    se.add_runtime_datasource(stored, "shop").add_table("orders", "postgresql://ann:s3cret@db/shop::orders")
    with pytest.raises(SpecError, match=r"address with a password; write \$\{VARIABLE\}") as caught:
        se.save_runtime_datasources(stored)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("content", ["{", "[1]", '[{"type": "pandas", "name": "x"}]', '{"a": 1}', "7"])
def test_a_broken_file_is_an_error(content: str, folder: Path) -> None:
    (folder / "gx/sameset_datasources.json").write_text(content, encoding="utf-8")
    with pytest.raises(
        SamesetError, match=r"sameset_datasources\.json does not hold the data sources.*; restore or remove it"
    ) as caught:
        se.get_context(folder)
    assert "validation error" not in str(caught.value)


def test_the_file_is_json_that_people_can_read(folder: Path) -> None:
    stored = json.loads((folder / "gx/sameset_datasources.json").read_text(encoding="utf-8"))
    assert [(one["name"], [asset["name"] for asset in one["assets"]]) for one in stored] == [("lake", ["orders"])]
