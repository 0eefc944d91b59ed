"""What became of the files of a dataset since the snapshot whose files are remembered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["FileChanges", "changes_of"]

MOST_LISTED = 100


@dataclass(frozen=True)
class FileChanges:
    """How many files there are, how many had to be read, and which came, changed, went or moved, by their names."""

    total: int
    read: int = 0  #: files whose rows were read
    hashed: int = 0  #: files whose bytes were read to know whether they are the same
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()  #: (old name, new name) of files with the same bytes
    first: bool = False  #: whether nothing is remembered of any files before
    whole: str | None = None  #: why all rows were read, where single files cannot be

    @property
    def unchanged(self) -> int:
        """Files of the same name and bytes as before."""
        return 0 if self.whole else self.total - len(self.added) - len(self.changed) - len(self.renamed)

    @property
    def sentence(self) -> str:
        """The finding in one line: "997 of 1,000 files unchanged: 2 new, 1 changed; 3 read"."""
        if self.whole:
            return f"all files were read: {self.whole}"
        if self.first:
            return f"{self.total:,} files read and remembered"
        counts = {"new": self.added, "changed": self.changed, "gone": self.removed, "renamed": self.renamed}
        told = ", ".join(f"{len(files):,} {word}" for word, files in counts.items() if files)
        return (
            f"{self.unchanged:,} of {self.total:,} files unchanged"
            + (f": {told}" if told else "")
            + f"; {self.read:,} read"
        )

    def to_json(self) -> dict[str, Any]:
        """The changes as JSON, lists with at most 100 names each."""
        return {
            "total": self.total,
            "unchanged": self.unchanged,
            "read": self.read,
            "hashed": self.hashed,
            "whole": self.whole,
            **{name: _listed(getattr(self, name)) for name in ("added", "changed", "removed")},
            "renamed": {
                "count": len(self.renamed),
                "first": [{"from": old, "to": new} for old, new in self.renamed[:MOST_LISTED]],
            },
        }


def _listed(names: Sequence[str]) -> dict[str, Any]:
    return {"count": len(names), "first": list(names[:MOST_LISTED])}


def changes_of(
    before: Mapping[str, str], now: Mapping[str, str], *, read: int, hashed: int, first: bool
) -> FileChanges:
    """The changes from the contents of files by name, before and now."""
    came = [name for name in now if name not in before]
    went = [name for name in before if name not in now]
    homeless = defaultdict(list)
    for name in reversed(went):
        homeless[before[name]].append(name)
    renamed = tuple((homeless[now[name]].pop(), name) for name in came if homeless.get(now[name]))
    old, new = ({pair[side] for pair in renamed} for side in (0, 1))
    return FileChanges(
        len(now),
        read,
        hashed,
        tuple(name for name in came if name not in new),
        tuple(name for name in now if name in before and before[name] != now[name]),
        tuple(name for name in went if name not in old),
        renamed,
        first,
    )
