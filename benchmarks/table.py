"""The table of results: what is asked for, what was measured, and whether the goal is met."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Spread

__all__ = ["Goal", "Report", "Row", "as_json", "as_markdown", "show"]

HEADINGS = ("what", "goal", "measured", "range", "whole process", "goal met", "how")


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
class Report:
    """All lines, the cost of cells by type in nanoseconds, the circumstances (one sentence each), and what went wrong."""

    rows: list[Row]
    cells: dict[str, Spread]
    circumstances: list[str]
    versions: list[str]
    failures: list[str] = field(default_factory=list)


def show(report: Report, console: Console) -> None:
    """Prints the tables."""
    table = Table(*HEADINGS, title="sameset against its goals", title_justify="left", show_lines=True)
    for row in report.rows:
        table.add_row(*row.cells)
    cells = Table("type", "ns a cell", "range", title="cost of one cell, one core", title_justify="left")
    for name, spread in report.cells.items():
        cells.add_row(name, *_nanoseconds(spread))
    console.print(table)
    console.print(cells)
    for line in [*report.circumstances, *report.versions]:
        console.print(line, highlight=False, markup=False)


def as_markdown(report: Report) -> str:
    """The tables as Markdown."""
    lines = [" ".join(report.circumstances), "", *_markdown_head(HEADINGS)]
    lines += [f"| {' | '.join(row.cells)} |" for row in report.rows]
    lines += ["", *_markdown_head(("cost of one cell, one core", "ns", "range"))]
    lines += [f"| {name} | {' | '.join(_nanoseconds(spread))} |" for name, spread in report.cells.items()]
    return "\n".join([*lines, "", f"Versions: {'; '.join(report.versions)}.", ""])


def as_json(report: Report) -> dict[str, Any]:
    """Everything, to be read by a program."""
    rows = [
        asdict(row.goal) | {"how": row.how, "met": row.is_met, "process": row.process} | _spread(row.measured)
        for row in report.rows
    ]
    cells = {name: _spread(spread) for name, spread in report.cells.items()}
    return {
        "schema_version": 1,
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


def _nanoseconds(spread: Spread) -> tuple[str, str]:
    return f"{spread.median:.1f}", f"{spread.low:.1f} to {spread.high:.1f}"


def _number(value: float, unit: str) -> str:
    if unit == "x":
        return f"{value:.0f}x" if value >= 20 else f"{value:.3g}x"
    return f"{value:.3g} {unit}"
