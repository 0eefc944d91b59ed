"""What those answer that compare two versions of a table: how many rows came, went and changed, and which keys these are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

__all__ = ["Keys", "answer"]

Keys = Iterable[tuple[int, ...]]


def answer(added: Keys, removed: Keys, changed: Keys) -> str:
    """The numbers, and a hash of the keys: equal for equal answers."""
    lists = [sorted(added), sorted(removed), sorted(changed)]
    counts = ", ".join(
        f"{len(keys):,} {word}" for keys, word in zip(lists, ("added", "removed", "changed"), strict=True)
    )
    return f"{counts}; keys {hashlib.sha256(repr(lists).encode()).hexdigest()[:16]}"
