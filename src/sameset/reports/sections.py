"""The sections of the page in their order: what each tells of a finding, or None where it has nothing to tell.

A section is a template `templates/NAME.html` and the function that gives it its content; a new one is a line in SECTIONS.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from sameset.comparison.samples import FATES
from sameset.reports.cells import Cell, HtmlTable, fitting, text_cell, visible
from sameset.reports.columns import NUMERIC, column_rows, finding_columns
from sameset.reports.finding import describe_verdict
from sameset.reports.overlap import overlap_parts, stripes
from sameset.reports.row_tables import told_rows
from sameset.reports.rows import row_lists
from sameset.reports.samples import NAMES, STATES, remarks_of, sample_table, score_line
from sameset.reports.signs import SIGNS, TONES
from sameset.reports.strips import MOST_NAMES, columns_text, heading_of, rows_text, strip_svg
from sameset.reports.texts import cut
from sameset.reports.words import share_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison.buckets import BucketChange
    from sameset.comparison.samples import SampleChange
    from sameset.reports.finding import Finding, Provenance
    from sameset.sketches.spec import Spec

__all__ = ["SECTIONS", "Report", "Section"]

ROOM = 200_000  # bytes of one table of columns or of datasets
LONGEST_NAME = 300
#: Where figures with intervals are broken, so that a table of columns is no wider than a window.
BREAKS = {
    "distinct": re.compile(r"(?<=\] →) |(?<=→) (?=\S+ \[)"),
    "came, went": re.compile(r"(?<=\]) (?=-)"),
    "values in common": re.compile(r" (?=\[)"),
}
MOST_NOTES = 50
LONGEST_NOTE = 600
FIRST_PATTERNS, MOST_PATTERNS = (
    10,
    600,
)  # that are in sight, and that are on the page: a sentence for each of 500 columns


class Report(NamedTuple):
    """What a page is made of."""

    finding: Finding
    limit: int
    provenance: Provenance


@dataclass(frozen=True)
class Section:
    """A part of the page: the name of its template, and what it has to tell."""

    name: str
    tell: Callable[[Report], Any]


def _counts(report: Report) -> dict[str, Any]:
    finding = report.finding
    sides = [] if finding.comparison is None else [("before", finding.comparison.left)]
    parts = [] if finding.comparison is None or finding.comparison.is_same else overlap_parts(finding.comparison)
    return {
        "sides": [*sides, ("now", finding.now)],
        "growth": finding.now.rows - finding.comparison.left.rows if finding.comparison else 0,
        "parts": parts,
        "stripes": stripes(parts),
        "is_exact": all(part.rows.is_exact for part in parts),
        "similarity": finding.comparison.similarity if finding.comparison and parts else None,
    }


def _notes(report: Report) -> list[str] | None:
    comparison = report.finding.comparison
    notes = (*(comparison.notes if comparison else ()), *report.finding.notes)
    if not notes:
        return None
    more = len(notes) - MOST_NOTES
    shown = [cut(note, LONGEST_NOTE) for note in notes[:MOST_NOTES] if note]
    return shown + ([f"and {more:,} more notes"] if more > 0 else [])


def _columns(report: Report) -> dict[str, Any] | None:
    finding = report.finding
    if finding.comparison is None:
        total, changed, same = len(finding.schema), finding_columns(finding, len(finding.schema)), []
    else:
        columns = finding.comparison.columns
        total = len(columns)
        changed = column_rows([column for column in columns if column.state != "same"], total)
        same = column_rows([column for column in columns if column.state == "same"], total)
    if not total:
        return None
    return {
        "is_new": finding.comparison is None,
        "total": total,
        "changed": _column_table("Columns that differ", changed),
        "changed_total": len(changed),
        "same": _column_table("Columns that are the same", same),
        "same_total": len(same),
    }


def _column_table(label: str, rows: Sequence[dict[str, str]]) -> HtmlTable | None:
    if not rows:
        return None
    used = [name for name in rows[0] if any(row[name] for row in rows)]
    header = [text_cell(name, "number" if name in NUMERIC else "") for name in used]
    return HtmlTable(label, header, fitting(([_column_cell(name, row[name]) for name in used] for row in rows), ROOM))


def _column_cell(name: str, text: str) -> Cell:
    if name == "state":
        state = text.split(" ")[0]  # what follows says more of it
        return text_cell(f"{SIGNS.get(state, '·')} {text}", f"state {TONES.get(state, 'unknown')}")
    kind = "number" if name in NUMERIC else ""
    if name in BREAKS:
        return Cell(Markup("\n").join(visible(part) for part in BREAKS[name].split(text)), kind)
    return text_cell(cut(text, LONGEST_NAME), kind)


def _strip(report: Report) -> dict[str, Any] | None:
    """The strip map and the buckets that differ, if any does."""
    buckets = report.finding.comparison.buckets if report.finding.comparison else None
    if buckets is None or not buckets.differing:
        return None
    differing = buckets.differing
    header = [
        text_cell("bucket"),
        text_cell("state"),
        text_cell("rows", "number"),
        text_cell("columns that differ there"),
    ]
    rows = fitting((_bucket_cells(change, buckets.columns) for change in differing[: report.limit]), ROOM)
    return {
        "heading": cut(heading_of(buckets), LONGEST_NAME),
        "map": Markup(strip_svg(buckets)),
        "table": HtmlTable("Buckets that differ", header, rows),
        "differing": len(differing),
        "total": len(buckets.changes),
    }


def _bucket_cells(change: BucketChange, compared: int) -> list[Cell]:
    state = text_cell(f"{SIGNS[change.state]} {change.state}", f"state {TONES[change.state]}")
    are_all = len(change.columns) == compared > 1
    columns = f"all {compared:,}" if are_all else cut(columns_text(change, MOST_NAMES), LONGEST_NAME)
    return [text_cell(change.label), state, text_cell(rows_text(change), "number"), text_cell(columns)]


def _patterns(report: Report) -> dict[str, Any] | None:
    """What the changes of columns have in common, each with its evidence."""
    columns = report.finding.comparison.columns if report.finding.comparison else ()
    told = [cut(pattern.sentence, LONGEST_NOTE) for column in columns for pattern in column.patterns]
    if not told:
        return None
    rest = told[FIRST_PATTERNS:MOST_PATTERNS]
    return {"first": told[:FIRST_PATTERNS], "rest": rest, "more": max(len(told) - MOST_PATTERNS, 0)}


def _samples(report: Report) -> dict[str, Any] | None:
    """What became of the samples of a machine-learning dataset: a table for each fate."""
    comparison = report.finding.comparison
    changes = comparison.samples if comparison else None
    if comparison is None or changes is None:
        return None
    fates = [
        {
            "name": NAMES[fate],
            "tone": STATES[fate],
            "count": changes.counts[fate],
            **_fate(NAMES[fate], changes.counts[fate], changes.lists.get(fate, ())[: report.limit]),
        }
        for fate in FATES
        if changes.counts[fate]
    ]
    return {"score": score_line(comparison), "fates": fates, "remarks": remarks_of(changes)}


def _fate(name: str, count: int, changes: Sequence[SampleChange]) -> dict[str, Any]:
    """Samples of one fate as a table of the columns in which one of them has anything, and how many it leaves out."""
    names, cells = sample_table(changes)
    rows = fitting(([text_cell(cut(text, LONGEST_NAME)) for text in row] for row in cells), ROOM)
    table = HtmlTable(f"Samples {name}", [text_cell(name) for name in names], rows) if rows else None
    return {"table": table, "more": count - sum(change.times for change in changes[: len(rows)])}


def _rows(report: Report) -> list[Any] | None:
    comparison = report.finding.comparison
    lists = row_lists(comparison, report.limit) if comparison and comparison.samples is None else []
    return [told_rows(rows, comparison.key) for rows in lists] if comparison and lists else None


def _resembles(report: Report) -> dict[str, Any] | None:
    others = report.finding.resembles
    if not others:
        return None
    rows = fitting(
        (
            [
                text_cell(cut(other.dataset, LONGEST_NAME)),
                text_cell(
                    describe_verdict(str(other.comparison.verdict)).replace("_", "-"),
                    f"state {TONES.get(str(other.comparison.verdict), 'unknown')}",
                ),
                text_cell(share_text(other.comparison.similarity.jaccard)),
            ]
            for other in others[: report.limit]
        ),
        ROOM,
    )
    header = [text_cell("dataset"), text_cell("from it to this one"), text_cell("rows in common")]
    return {"table": HtmlTable("Other datasets that it resembles", header, rows), "more": len(others) - len(rows)}


def _provenance(report: Report) -> dict[str, Any]:
    finding, provenance = report.finding, report.provenance
    facts = [("decided by", finding.comparison.basis if finding.comparison else "")]
    if finding.is_check:
        facts += [
            ("previous", finding.previous.reference if finding.previous else "none"),
            ("recorded as", finding.snapshot.reference if finding.snapshot else "not recorded"),
            ("registry", finding.registry or ""),
        ]
    facts += [("files", finding.files.sentence)] if finding.files else []
    facts += _specs(finding)
    facts += [
        ("made by", provenance.program),
        ("made at", f"{provenance.made_at:%Y-%m-%d %H:%M:%S %Z}" if provenance.made_at else ""),
        ("took", f"{provenance.seconds:.3g} s" if provenance.seconds is not None else ""),
    ]
    return {
        "facts": [(name, fact) for name, fact in facts if fact],
        "command": provenance.command,
        "again": _again(finding),
    }


def _specs(finding: Finding) -> list[tuple[str, str]]:
    """What counted as the table, of both sides where they differ in it."""
    now = _spec(finding.now.spec)
    before = _spec(finding.comparison.left.spec) if finding.comparison else now
    return [
        (name, fact if before.get(name, fact) == fact else f"{before[name] or 'none'} before, {fact or 'none'} now")
        for name, fact in now.items()
    ]


def _spec(spec: Spec | None) -> dict[str, str]:
    if spec is None:
        return {}
    return {
        "key": ", ".join(spec.key) or "none",
        "columns": "all" if spec.columns is None else ", ".join(spec.columns),
        "ignored": ", ".join(spec.ignore),
        "where": spec.where or "",
        "digits": str(spec.digits or ""),
        "text": "Unicode normal form C" if spec.nfc else "",
        "encoding": f"version {spec.encoding}",
    }


def _again(finding: Finding) -> str | None:
    """The command that compares both snapshots once more, also when the data is gone, and records nothing."""
    if finding.previous is None or finding.snapshot is None:
        return None
    words = ["sameset", "compare", finding.previous.reference, finding.snapshot.reference]
    return shlex.join(words + (["--registry", finding.registry] if finding.registry else []))


SECTIONS = (
    Section("counts", _counts),
    Section("notes", _notes),
    Section("samples", _samples),
    Section("columns", _columns),
    Section("patterns", _patterns),
    Section("strip", _strip),
    Section("rows", _rows),
    Section("resembles", _resembles),
    Section("provenance", _provenance),
)
