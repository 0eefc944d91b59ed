"""The table of results: what is asked for, what was measured, and whether the goal is met."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Spread

__all__ = ["CellCost", "Goal", "Report", "Row", "as_json", "as_markdown", "show"]

HEADINGS = ("what", "goal", "measured", "range", "whole process", "goal met", "how")
WITHOUT_GOAL = (0, 2, 3, 4, 6)  # the columns of a table in which no row has a goal
CELLS = ("cost of one cell, one core", "ns a cell", "range", "ns an element", "ns more for a row whose key it is")


@dataclass(frozen=True)
class Goal:
    """What is measured, in which unit (x is a ratio), and the limit, if there is one."""

    key: str
    what: str
    unit: str = "x"
    at_most: float | None = None
    at_least: float | None = None

    @property
    def words(self) -> str:
        """The limit for people."""
        if self.at_most is not None:
            return f"at most {_number(self.at_most, self.unit)}"
        return "" if self.at_least is None else f"at least {_number(self.at_least, self.unit)}"


@dataclass(frozen=True)
class Row:
    """One line of the table. Without `measured` it was not measured, and `how` says why."""

    goal: Goal
    how: str
    measured: Spread | None = None
    process: float | None = None  #: median of the same ratio for whole processes, where that makes sense
    judged: bool = True  #: whether this run measured what the goal is about

    @property
    def is_met(self) -> bool | None:
        """Whether the median keeps the limit; None if there is no limit, or it was not measured."""
        if self.measured is None or not self.judged:
            return None
        if self.goal.at_most is not None:
            return self.measured.median <= self.goal.at_most
        return None if self.goal.at_least is None else self.measured.median >= self.goal.at_least

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as text."""
        sign = {True: "met", False: "not met", None: ""}[self.is_met]
        if self.measured is None:
            return self.goal.what, self.goal.words, "not measured", "", "", "", self.how
        unit = self.goal.unit
        spread = f"{_number(self.measured.low, unit)} to {_number(self.measured.high, unit)}"
        process = "" if self.process is None else _number(self.process, unit)
        return self.goal.what, self.goal.words, _number(self.measured.median, unit), spread, process, sign, self.how


@dataclass(frozen=True)
class CellCost:
    """Nanoseconds that values of a type take: a cell, what a row takes more whose key it is, an element of a list."""

    cell: Spread
    key: Spread
    element: Spread | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as text."""
        element = "" if self.element is None else f"{self.element.median:.1f}"
        spread = f"{self.cell.low:.1f} to {self.cell.high:.1f}"
        return f"{self.cell.median:.1f}", spread, element, f"{self.key.median:.0f}"


@dataclass(frozen=True)
class Report:
    """All lines by heading, the cost of cells by type, the circumstances (one sentence each), and what went wrong."""

    sections: dict[str, list[Row]]
    cells: dict[str, CellCost]
    circumstances: list[str]
    versions: list[str]
    failures: list[str] = field(default_factory=list)

    @property
    def tables(self) -> list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
        """The tables that have rows: title, headings, rows."""
        found = [_table(title, rows) for title, rows in self.sections.items() if rows]
        costs = [(name, *cost.cells) for name, cost in self.cells.items()]
        return found + ([("cost by type", CELLS, costs)] if costs else [])


def show(report: Report, console: Console) -> None:
    """Prints the tables."""
    for title, headings, rows in report.tables:
        table = Table(*headings, title=f"sameset: {title}", title_justify="left", show_lines="how" in headings)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    for line in [*report.circumstances, *report.versions]:
        console.print(line, highlight=False, markup=False)


def as_markdown(report: Report) -> str:
    """The tables as Markdown."""
    lines = [" ".join(report.circumstances)]
    for title, headings, rows in report.tables:
        lines += ["", f"**{title[:1].upper()}{title[1:]}**", "", *_markdown_head(headings)]
        lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", f"Versions: {'; '.join(report.versions)}.", ""])


def _table(title: str, rows: list[Row]) -> tuple[str, tuple[str, ...], list[tuple[str, ...]]]:
    """Without the columns about goals where there are none."""
    chosen = range(len(HEADINGS)) if any(row.goal.words for row in rows) else WITHOUT_GOAL
    headings = tuple(HEADINGS[i] for i in chosen)
    return title, headings, [tuple(row.cells[i] for i in chosen) for row in rows]


def as_json(report: Report) -> dict[str, Any]:
    """Everything, to be read by a program."""
    rows = [
        {"section": title}
        | asdict(row.goal)
        | {"how": row.how, "met": row.is_met, "process": row.process}
        | _spread(row.measured)
        for title, found in report.sections.items()
        for row in found
    ]
    cells = {
        name: {"cell": _spread(cost.cell), "key": _spread(cost.key), "element": _spread(cost.element)}
        for name, cost in report.cells.items()
    }
    return {
        "schema_version": 2,
        "rows": rows,
        "cells": cells,
        "circumstances": report.circumstances,
        "versions": report.versions,
        "failures": report.failures,
    }


def _spread(spread: Spread | None) -> dict[str, float | None]:
    if spread is None:
        return {"median": None, "low": None, "high": None}
    return {"median": spread.median, "low": spread.low, "high": spread.high}


def _markdown_head(names: tuple[str, ...]) -> list[str]:
    return [f"| {' | '.join(names)} |", "|" + " --- |" * len(names)]


def _number(value: float, unit: str) -> str:
    if unit == "x":
        return f"{value:.0f}x" if value >= 20 else f"{value:.3g}x"
    return f"{value:.3g} {unit}"
