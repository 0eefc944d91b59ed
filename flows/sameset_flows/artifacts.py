"""A check as artifacts of Prefect: under the same key every time, so that Prefect keeps their history per dataset."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from sameset.reports.columns import finding_columns
from sameset.reports.finding import finding_of
from sameset.reports.history import history_svg
from sameset.reports.markdown import as_markdown, escape
from sameset_flows.keys import artifact_key
from sameset_flows.row_lines import MOST_ROWS, row_lines, rows_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.execution.checking import Check
    from sameset.registry import Snapshot
    from sameset_expectations.validation import Validation

__all__ = ["publish", "report_markdown", "svg_address", "table_cells"]

MOST_COLUMNS = 1000

# What is left of the signs of Markdown, an underscore within a word and brackets around an interval, means nothing there.
_MARKUP = re.compile(r"[<>&`*~\\#|]|\][(\[:]|\b__|__\b|(?<!\w)_|_(?!\w)")


def publish(check: Check, validation: Validation, history: Sequence[Snapshot] = ()) -> None:
    """Creates the artifacts of a check within a flow or task run: report, columns, rows that differ, and a picture of `history`."""
    name = check.arrival.dataset
    create_markdown_artifact(
        key=artifact_key("check", name),
        markdown=report_markdown(check, validation),
        description=escape(check.sentence),
    )
    create_table_artifact(
        key=artifact_key("columns", name),
        table=table_cells(finding_columns(finding_of(check), MOST_COLUMNS)),
        description=f"The columns of {escape(name)}, those that changed first",
    )
    # Also where no row differs: the newest artifact of a key is what Prefect shows of a dataset.
    create_table_artifact(
        key=artifact_key("rows", name),
        table=table_cells(row_lines(check.comparison)),
        description=f"Rows of {escape(name)} that differ from its previous snapshot: {rows_in_words(check.comparison)}",
    )
    if history:
        # Markdown and no image artifact: of that Prefect's page prints the address, too, across the whole page.
        create_markdown_artifact(
            key=artifact_key("history", name),
            markdown=f"![The rows, snapshot by snapshot]({svg_address(history_svg(history))})",
            description=f"The rows of {escape(name)}, snapshot by snapshot",
        )


def report_markdown(check: Check, validation: Validation) -> str:
    """The check as Markdown, with what was recorded where."""
    facts = [
        ("snapshot", check.snapshot.reference if check.snapshot else "not recorded"),
        ("registry", check.registry or ""),
        ("validation", _validation_in_words(validation)),
        ("Data Docs", validation.docs or "none"),
    ]
    header, *lines = [f"| {name} | {escape(fact)} |" for name, fact in facts]
    return "\n".join([as_markdown(check, MOST_ROWS), "### Recorded", "", header, "| --- | --- |", *lines, ""])


def table_cells(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Rows for a table artifact, whose cells Prefect's page takes for Markdown and HTML: any that hold such are escaped."""
    return [{name: escape(cell) if _MARKUP.search(cell) else cell for name, cell in row.items()} for row in rows]


def _validation_in_words(validation: Validation) -> str:
    failed = [result["expectation_config"] for result in validation.result["results"] if not result["success"]]
    told = f"{validation.evaluated - len(failed)} of {validation.evaluated} expectations met"
    names = [f"{expectation['type']} ({expectation.get('severity', 'critical')})" for expectation in failed[:MOST_ROWS]]
    return told + (f"; not met: {', '.join(names)}" if names else "")


def svg_address(picture: str) -> str:
    """The picture itself as an address, so that a page needs nothing else to show it."""
    return "data:image/svg+xml;base64," + b64encode(picture.encode()).decode()
