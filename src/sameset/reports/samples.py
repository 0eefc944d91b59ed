"""What became of the samples of a machine-learning dataset, in lines and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sameset.comparison.result import json_value
from sameset.comparison.samples import FATES
from sameset.comparison.sentences import count_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison import Comparison
    from sameset.comparison.estimates import Estimate
    from sameset.comparison.samples import SampleChange, SampleChanges

__all__ = ["NAMES", "STATES", "remarks_of", "sample_lines", "sample_table", "score_line"]

MOST_SAMPLES = 12
#: What a fate is called where a person reads it.
NAMES = {
    "changed": "changed",
    "relabelled": "moved to another label",
    "moved": "moved or renamed",
    "appeared": "appeared",
    "vanished": "vanished",
}
#: The state whose sign and colour a fate has.
STATES = {
    "changed": "changed",
    "relabelled": "changed",
    "moved": "renamed",
    "appeared": "added",
    "vanished": "removed",
}


def score_line(comparison: Comparison) -> str:
    """Both scores: of the rows as often as they occur, and of the distinct ones."""
    bag = comparison.similarity.jaccard.scaled(100)
    sets = comparison.set_similarity
    told = f"similarity: {bag} % as bags"
    return told if sets is None else f"{told}, {sets.jaccard.scaled(100)} % as sets"


def sample_lines(comparison: Comparison, limit: int) -> list[str]:
    """A line for each fate with the first samples that met it, and one for copies; none for what is no dataset of samples."""
    changes = comparison.samples
    if changes is None:
        return []
    lines = [score_line(comparison)] if comparison.is_same else []
    told = changes.columns.name or changes.columns.label  # else there is nothing to call a sample
    for fate in FATES:
        if changes.counts[fate]:
            shown = [_told(change) for change in changes.lists.get(fate, ())[: min(MOST_SAMPLES, limit)]]
            more = changes.counts[fate] - len(shown)
            tail = f" and {more:,} more" if shown and more > 0 else ""
            lines.append(
                f"{NAMES[fate]} ({changes.counts[fate]:,})" + (f": {'; '.join(shown)}{tail}" if told and shown else "")
            )
    return lines + remarks_of(changes)


def sample_table(changes: Sequence[SampleChange]) -> tuple[list[str], list[list[str]]]:
    """Samples of one fate as headings and rows: name and, where one of them has it, its old name, label and number."""
    rows = [
        {
            "sample": change.name or "",
            "was called": change.old_name or "",
            "label": _label_text(change),
            "times": "" if change.times == 1 else f"{change.times:,}",
        }
        for change in changes
    ]
    names = [name for name in ("sample", "was called", "label", "times") if any(row[name] for row in rows)]
    return names, [[row[name] for name in names] for row in rows]


def _told(change: SampleChange) -> str:
    label = _label_text(change)
    name = change.name if change.old_name is None else f"{change.old_name} → {change.name}"
    told = f"{name} ({label})" if name and label else name or f"label {label or 'none'}"
    return told if change.times == 1 else f"{told} {change.times:,} times"


def _label_text(change: SampleChange) -> str:
    """The label of a sample, or what it was and is."""
    label = "" if change.label is None else f"{json_value(change.label)}"
    if change.old_label is None:
        return label
    return f"{json_value(change.old_label)} → {label or 'none'}"


def remarks_of(changes: SampleChanges) -> list[str]:
    """What is to be said of how samples were told apart, and of copies among them."""
    remarks = []
    if not changes.by_content:
        remarks.append(
            "the samples of one side are gone, so they were told apart by name: what changed may have a new label alone, "
            "and what vanished may have appeared again under another name"
        )
    copies = [
        f"{_counted(each)} {when}"
        for each, when in zip(changes.copies, ("before", "now"), strict=True)
        if each is not None and each.low > 0  # an estimate may be of none
    ]
    if copies:
        remarks.append(f"copies of another sample's content: {', '.join(copies)}")
    return remarks


def _counted(estimate: Estimate) -> str:
    if estimate.is_exact:
        return count_of(round(estimate.estimate), "sample")
    return f"about {round(estimate.estimate):,} samples ({round(estimate.low):,} to {round(estimate.high):,})"
