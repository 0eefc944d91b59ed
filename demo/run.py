"""The main job on real input: TPC-H orders arrive five times, and every arrival gets its verdict.

Run it with `make demo`. Everything it writes lies in `.demo/`, which it empties first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent / ".demo"
REGISTRY = HOME / "registry.db"
DOCS = HOME / "data_docs"

# Before Prefect is imported: a server of its own, quiet and without telemetry.
os.environ |= {
    "PREFECT_HOME": str(HOME / "prefect"),
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "DO_NOT_TRACK": "1",
}


@dataclass(frozen=True)
class Delivery:
    """One arrival: what it is made of, and what should come of it."""

    file: str
    dataset: str
    told: str
    expected: str
    query: str


DELIVERIES = (
    Delivery("1_orders.parquet", "orders", "the first delivery", "new", "from orders"),
    Delivery(
        "2_shuffled.csv",
        "orders",
        "the same rows, shuffled, as CSV",
        "unchanged",
        "from orders order by hash(o_orderkey)",
    ),
    Delivery("3_corrected.parquet", "orders", "12 rows changed, 5 added, 3 removed", "modified", "from corrected"),
    Delivery(
        "4_cut_off.parquet",
        "orders",
        "the last 10 % are missing",
        "truncated",
        "from corrected order by o_orderkey limit (select count(*) * 9 // 10 from corrected)",
    ),
    Delivery(
        "5_copy.parquet",
        "orders_copy",
        "a copy under another name, with a renamed column",
        "new",
        "select * rename (o_totalprice as price) from '4_cut_off.parquet'",
    ),
)

CORRECTED = """
    create table corrected as
    select * replace (case when o_orderkey in (from changed) then o_totalprice + 1 else o_totalprice end as o_totalprice)
    from orders where o_orderkey not in (from removed)
    union all
    (select * replace (o_orderkey + 10_000_000 as o_orderkey) from orders order by o_orderkey limit 5)
"""


def make_deliveries(folder: Path) -> None:
    """Writes the five files, from TPC-H orders at scale 0.1 (150,000 rows)."""
    import duckdb

    generator = Path(sys.executable).with_name("tpchgen-cli")
    command = [generator, "parquet", "--scale-factor=0.1", "--tables=orders", f"--output-dir={folder}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with duckdb.connect() as con:
        con.execute(f"set file_search_path = '{str(folder).replace(chr(39), chr(39) * 2)}'")
        con.execute("create table orders as from 'orders.parquet'")
        con.execute("create table changed as select o_orderkey from orders order by hash(o_orderkey) limit 12")
        con.execute("create table removed as select o_orderkey from orders order by hash(-o_orderkey) limit 3")
        con.execute(CORRECTED)
        for delivery in DELIVERIES:
            target = str(folder / delivery.file).replace("'", "''")
            con.execute(f"copy ({delivery.query}) to '{target}'")


def main() -> int:
    """Makes the deliveries, runs the flow on each, shows the table of verdicts; 1 if one is not what it should be."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 120)
    shutil.rmtree(HOME, ignore_errors=True)
    folder = HOME / "deliveries"
    folder.mkdir(parents=True)
    console.print("[bold]sameset demo[/bold]: TPC-H orders arrive five times")
    console.print("making the deliveries ...")
    make_deliveries(folder)
    console.print("starting Prefect and Great Expectations (the first start takes some seconds) ...")
    os.environ["TQDM_DISABLE"] = "1"
    from sameset.cli.terminal import COLOURS
    from sameset.reports.finding import describe_verdict
    from sameset_flows.check_dataset import check_dataset

    table = Table("delivery", "what happened to it", "dataset", "verdict", "evidence", title="Verdicts")
    surprises = 0
    for delivery in DELIVERIES:
        place = str(folder / delivery.file)
        found = check_dataset(place, delivery.dataset, key=["o_orderkey"], registry=str(REGISTRY), docs=str(DOCS))
        status = found["status"]
        surprises += status != delivery.expected or (delivery.dataset == "orders_copy" and not found["resembles"])
        colour = COLOURS[status]
        verdict = f"[{colour}]{describe_verdict(status)}[/{colour}]"
        table.add_row(delivery.file, delivery.told, delivery.dataset, verdict, evidence(found))
        console.print(f"  {delivery.file}: {describe_verdict(status)}")
    console.print(table)
    show_keys(console)
    console.print(
        f"\nreport      {write_page(folder)}\n            what delivery 3 changed, cell by cell and month by month"
    )
    console.print(
        f"\nregistry    {REGISTRY}\n            look into it: .venv/bin/sameset history orders --registry {REGISTRY}"
    )
    console.print(f"Data Docs   {DOCS}\n            open in a browser: {docs_page().as_uri()}")
    console.print(
        f"Prefect     PREFECT_HOME={HOME / 'prefect'} .venv/bin/prefect server start, then its Artifacts page"
    )
    if surprises:
        console.print(f"[red]{surprises} verdicts are not what was expected[/red]")
    return 1 if surprises else 0


def evidence(found: dict) -> str:
    """A few words on what a check found."""
    if found["resembles"]:
        return ", ".join(f"resembles {other['dataset']} ({other['verdict']})" for other in found["resembles"])
    rows = found.get("rows")
    if not rows or rows["added"] is None:
        return f"{found['right']['rows']:,} rows"
    told = [f"{rows[name]:,} {name}" for name in ("changed", "added", "removed") if rows[name]]
    return ", ".join(told) or "the same digest"


def show_keys(console) -> None:
    """The keys of the modified delivery, from the registry's sketches alone."""
    from sameset.execution.comparing import compare_places

    delta = compare_places("orders@2", "orders@3", registry=str(REGISTRY)).to_json()["delta"]
    console.print("\nwhich rows of delivery 3, told by the two stored sketches:")
    for name in ("changed", "added", "removed"):
        console.print(f"  {name:8}", ", ".join(str(entry["o_orderkey"]) for entry in delta[name]))


def write_page(folder: Path) -> Path:
    """A page on what delivery 3 changed in the first, with both at hand."""
    from sameset.execution.comparing import compare_places
    from sameset.reports.html import as_html

    files = [folder / name for name in ("1_orders.parquet", "3_corrected.parquet")]
    found = compare_places(*files, key=["o_orderkey"], bucket_by="o_orderdate:month")
    page = HOME / "report.html"
    page.write_text(as_html(found, 100), encoding="utf-8")
    return page


def docs_page() -> Path:
    """The first page of Data Docs."""
    return next(iter(sorted(DOCS.rglob("index.html"))), DOCS)


if __name__ == "__main__":
    sys.exit(main())
