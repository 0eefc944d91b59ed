"""Every expectation with fields that pass and fields that fail, and the tables that they are about.

    python tests/expectations/gallery.py FOLDER

writes Data Docs of them all into an empty folder, to be looked at.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

import sameset_expectations as se
from sameset import Registry, Spec, sketch_table
from sameset.execution.checking import Arrival, record_check

__all__ = ["CASES", "Case", "keyed", "make_world", "write_pages"]

ROWS = 2_000
NAMES = {"reference", "name", "column", "other_column"}  # fields that hold names of tables, datasets and columns
NO_DIGEST = "v1:" + "0" * 32


@dataclass(frozen=True)
class Case:
    """One expectation: fields with which the arriving table passes, and fields with which it fails."""

    kind: type[Any]
    passing: dict[str, Any]
    failing: dict[str, Any]
    failing_table: str = "arriving.parquet"

    @property
    def name(self) -> str:
        return self.kind.__name__

    def made(self, *, passes: bool, prefix: str = "", **more: Any) -> Any:
        """The expectation, in the world whose names have that prefix."""
        return self.kind(**_prefixed(self.passing if passes else self.failing, prefix), **more)

    def table(self, *, passes: bool) -> str:
        return "arriving.parquet" if passes else self.failing_table


def _prefixed(fields: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name: [prefix + one for one in value]
        if name == "columns"
        else prefix + value
        if name in NAMES and not value.startswith("v1:")
        else value
        for name, value in fields.items()
    }


CASES = [
    Case(se.ExpectTableToMatch, {"reference": "arriving.csv"}, {"reference": "orders"}),
    Case(se.ExpectTableToDifferFromPrevious, {"name": "orders"}, {"name": "again"}),
    Case(
        se.ExpectTableNotToResembleAnother,
        {"name": "orders", "max_similarity": 1.0},
        {"name": "orders", "max_similarity": 0.5},
    ),
    Case(se.ExpectTableToOnlyGrow, {"reference": "start", "strict": True}, {"reference": "orders"}),
    Case(
        se.ExpectTableRowChangesToBeBetween,
        {"reference": "orders", "max_added": 0.01, "max_removed": 0.01, "unit": "share"},
        {"reference": "orders", "max_added": 20, "min_removed": 1, "max_changed": 5},
    ),
    Case(
        se.ExpectTableColumnsToBeUnchanged,
        {"reference": "before.parquet", "columns": ["note"], "allow_added_and_removed_rows": True},
        {"reference": "orders"},
    ),
    Case(
        se.ExpectTableSimilarityToBeBetween,
        {"reference": "orders", "min_value": 0.9},
        {"reference": "orders", "min_value": 0.995, "max_value": 1.0, "measure": "share_of_table"},
    ),
    Case(se.ExpectTableNotToOverlap, {"reference": "others.parquet"}, {"reference": "orders", "max_share": 0.05}),
    Case(se.ExpectTableRowsToBeDistinct, {}, {"mostly": 0.99}, failing_table="doubled.parquet"),
    Case(se.ExpectTableSchemaToMatch, {"reference": "orders", "order": True}, {"reference": "wide.parquet"}),
    Case(
        se.ExpectColumnDigestToMatch,
        {"column": "price", "reference": "arriving.csv"},
        {"column": "price", "digest": NO_DIGEST},
    ),
    Case(
        se.ExpectColumnValueOverlapToBeBetween,
        {"column": "customer", "reference": "customers.parquet", "measure": "share_of_column", "min_value": 1.0},
        {"column": "id", "other_column": "customer", "max_value": 0.01},
    ),
]


def orders() -> pa.Table:
    numbers = range(ROWS)
    return pa.table(
        {
            "id": list(numbers),
            "price": [number / 4 for number in numbers],
            "note": ["paid", None] * (ROWS // 2),
            "customer": [number % 100 for number in numbers],
        }
    )


def arriving(before: pa.Table) -> pa.Table:
    """The orders with 12 prices changed, 3 rows gone and 5 that came."""
    prices = [-1.0] * 12 + before["price"].to_pylist()[12:]
    changed = before.set_column(1, "price", pa.array(prices))
    came = pa.table(
        {"id": range(90_000, 90_005), "price": [0.5] * 5, "note": ["open"] * 5, "customer": [7] * 5},
        schema=before.schema,
    )
    return pa.concat_tables([changed.slice(0, ROWS - 3), came])


def tables() -> dict[str, pa.Table]:
    before = orders()
    now = arriving(before)
    return {
        "before": before,
        "arriving": now,
        "start": now.slice(0, 1_500),
        "others": before.set_column(0, "id", pa.array(range(500_000, 500_000 + ROWS))),
        "doubled": pa.concat_tables([now, now.slice(0, 100)]),
        "wide": before.append_column("currency", pa.array(["EUR"] * ROWS)).drop_columns(["note"]),
        "customers": pa.table({"customer": range(100)}),
    }


def make_world(folder: Path, registry: str, prefix: str = "") -> None:
    """The tables of the gallery as files of a folder, and the datasets of its registry.

    Files, columns, datasets and notes get the prefix.
    """
    for name, table in tables().items():
        if prefix and "note" in table.column_names:
            notes = [note and prefix + note for note in table["note"].to_pylist()]
            table = table.set_column(table.column_names.index("note"), "note", pa.array(notes))
        table = table.rename_columns([prefix + column for column in table.column_names])
        pq.write_table(table, folder / f"{prefix}{name}.parquet")
        if name == "arriving":
            pyarrow.csv.write_csv(table, folder / f"{prefix}{name}.csv")
    with Registry.open(registry) as opened:
        for dataset, name in (("orders", "before"), ("again", "arriving"), ("start", "start")):
            address = str(folder / f"{prefix}{name}.parquet")
            sketch = sketch_table(address, keyed(prefix))
            record_check(opened, Arrival(prefix + dataset, sketch, address))


def write_pages(folder: Path, registry: str, prefix: str = "") -> str:
    """The index page of Data Docs with every expectation passing and failing; the working folder holds their tables."""
    make_world(Path.cwd(), registry, prefix)
    docs = None
    for table in ("arriving.parquet", "doubled.parquet"):
        expectations = [
            case.made(passes=passes, prefix=prefix, severity="critical" if passes else "warning")
            for case in CASES
            for passes in (True, False)
            if case.table(passes=passes) == table
        ]
        name = f"{prefix}{table.partition('.')[0]}"
        docs = se.validate_table(
            prefix + table, keyed(prefix), expectations, name=name, context_folder=folder, registry=registry
        ).docs
    assert docs is not None
    return docs


def keyed(prefix: str = "") -> Spec:
    return Spec(key=(f"{prefix}id",))


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    os.environ["SAMESET_REGISTRY"] = str(Path("registry.db").resolve())
    pages = write_pages(Path("project"), os.environ["SAMESET_REGISTRY"])
    se.make_self_contained(Path(urlsplit(pages).path).parent)
    sys.stdout.write(f"{pages}\n")
