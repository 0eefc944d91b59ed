"""The sketches of all other datasets of a registry, of which some may be of a newer program: these are told, not obeyed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sameset.errors import DamagedSketchError, SamesetError, SketchFormatError
from sameset.execution.operands import stored_operand
from sameset.registry import Registry, Snapshot
from sameset.sketches.table import TableSketch

__all__ = ["other_sketches", "told_unread"]

MOST_NAMES = 3


def other_sketches(
    registry: Registry, others: Iterable[Snapshot]
) -> Iterator[tuple[Snapshot, TableSketch | SamesetError]]:
    """Each of these snapshots with its sketch, or why that cannot be read.

    One dataset that a newer program checks, or whose sketch is damaged, must not stop the checks of all others.
    """
    for other in others:
        sketch: TableSketch | SamesetError
        try:
            sketch = stored_operand(registry.sketch(other), other.reference)
        except (SketchFormatError, DamagedSketchError) as error:
            sketch = error
        yield other, sketch


def told_unread(unread: Sequence[tuple[Snapshot, SamesetError]]) -> tuple[str, ...]:
    """What is to be said of the other datasets that could not be read: one sentence, or nothing."""
    if not unread:
        return ()
    names = ", ".join(other.dataset for other, _ in unread[:MOST_NAMES])
    more = f" and {len(unread) - MOST_NAMES:,} more" if len(unread) > MOST_NAMES else ""
    return (f"not compared with {names}{more}, whose sketch cannot be read: {unread[0][1]}",)
