"""What all parts of the benchmark share: where data and tools are, what is asked for, and how runs become lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from benchmarks.data import first_rows, lineitem
from benchmarks.measure import Command, Run, Spread, alternate, contender, spread
from benchmarks.peers import Peer
from benchmarks.table import Goal, Row

__all__ = ["GIB", "SMALL", "WARM", "Bench", "Part", "peaks", "program", "ratio", "times"]

SMALL = 1_000  # rows of the table that the first verdict is about, and of those of other tables to warm up with
#: Rows of lineitem to warm up with: with 1,000 no sample is full, and four kernels were loaded while the timer ran (20 of 510 ms).
WARM = 20_000
GIB = 2**30


@dataclass
class Bench:
    """What all parts need: where the data is kept, at which scale, how many rounds, who can run, what is asked for."""

    cache: Path
    work: Path  #: a folder for this run alone
    scale: float
    rounds: int
    peers: Mapping[str, Peer]
    note: Callable[[str], None]
    larger: bool = False  #: whether lineitem is measured at ten times the scale, too
    wanted: frozenset[Goal] | None = None  #: the lines to measure; None is all
    versions: set[str] = field(default_factory=set)

    @property
    def table(self) -> Path:
        """lineitem at the scale."""
        return lineitem(self.cache, self.scale)

    def wants(self, goal: Goal) -> bool:
        """Whether a line is asked for."""
        return self.wanted is None or goal in self.wanted

    def size(self, rows: int) -> int:
        """The rows that a table which has so many at scale 1 has at this one; never more."""
        return max(int(rows * min(self.scale, 1)), SMALL)

    def rounds_of(self, *commands: Command, rounds: int | None = None) -> list[tuple[Run, ...]]:
        """Runs the commands in turns, and remembers which versions ran."""
        found = alternate(commands, rounds or self.rounds, self.note)
        self.versions.update(run.report["version"] for runs in found for run in runs if "version" in run.report)
        return found

    def sketch(self, *key: str, cores: int = 0, table: Path | None = None) -> Command:
        """The full sketch of lineitem at the scale, or of another table like it."""
        table = table or self.table
        return contender(sys.executable, "sameset_sketch", table, first_rows(table, WARM), *key, cores=cores)


class Part(NamedTuple):
    """What is measured together: a name for `--only`, the lines that it may give, and what gives those that are wanted."""

    name: str
    goals: tuple[Goal, ...]
    measure: Callable[[Bench], list[Row]]


def ratio(goal: Goal, found: Sequence[tuple[Run, ...]], how: str, left: int = 0, right: int = 1) -> Row:
    """The line of one command of each round against another one, inside and for the whole process."""
    pairs = [(runs[left], runs[right]) for runs in found]
    process = spread([mine.process / other.process for mine, other in pairs]).median
    return Row(goal, how, spread([mine.work / other.work for mine, other in pairs]), process)


def times(found: Sequence[tuple[Run, ...]], seconds: Callable[[Run], float]) -> Spread:
    """The spread of the seconds of the first command."""
    return spread([seconds(runs[0]) for runs in found])


def peaks(found: Sequence[tuple[Run, ...]], place: int = 0) -> Spread:
    """The spread of a command's peak memory in GiB."""
    return spread([runs[place].peak / GIB for runs in found])


def program(name: str, arguments: tuple[str, ...]) -> Command:
    """The command line as a user runs it; "different" is an answer."""
    path = str(Path(sys.executable).with_name("sameset"))
    return Command(name, (path, *arguments), accepts=(0, 1), reports=False)
