"""A check as artifacts of Prefect: under the same key every time, so that Prefect keeps their history per dataset."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from sameset.reports.columns import finding_columns
from sameset.reports.finding import finding_of
from sameset.reports.markdown import as_markdown, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.execution.checking import Check
    from sameset_expectations.validation import Validation

__all__ = ["artifact_key", "publish", "report_markdown", "table_cells"]

# Rows of each list of the delta: enough to see what happened, few enough for a page that loads at once.
MOST_ROWS = 20
MOST_COLUMNS = 1000
LONGEST_SLUG = 60
HASH_DIGITS = 12

# What is left of the signs of Markdown, an underscore within a word and brackets around an interval, means nothing there.
_MARKUP = re.compile(r"[<>&`*~\\#|]|\][(\[:]|\b__|__\b|(?<!\w)_|_(?!\w)")


def publish(check: Check, validation: Validation) -> None:
    """Creates the artifacts of a check within a flow or task run: its report as Markdown, its columns as a table."""
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


def artifact_key(kind: str, dataset: str) -> str:
    """The key of a dataset's artifact: `sameset-KIND-` and its name, for Prefect in lower case, digits and dashes.

    No two datasets share a key: a name that this spelling alters is told apart by a hash, after two dashes, which no
    unaltered name has.

    >>> artifact_key("check", "orders"), artifact_key("check", "Orders 2026")
    ('sameset-check-orders', 'sameset-check-orders-2026--b7ad3e333f92')
    """
    slug = re.sub(r"[^a-z0-9]+", "-", dataset.lower()).strip("-")
    if slug != dataset or len(slug) > LONGEST_SLUG:
        slug = f"{slug[:LONGEST_SLUG].strip('-')}--{sha256(dataset.encode()).hexdigest()[:HASH_DIGITS]}"
    return f"sameset-{kind}-{slug}"
