"""What runs of `sameset digest` are given and give."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

__all__ = ["ORDERS", "SCHEMA", "SECRET", "Outcome", "Run"]

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/digest.schema.json").read_text("utf-8"))
SECRET = "correct horse battery staple, at random"
ORDERS = pa.table(
    {
        "id": range(40),
        "price": [i / 7 for i in range(40)],
        "name": ["e\u0301", "é", "A\u030a", None] * 10,
        "loaded_at": [1_700_000_000 + i for i in range(40)],
    }
)


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def digests(self) -> list[str]:
        """The digests of the lines that are not indented."""
        return [line.split()[0] for line in self.out.splitlines() if not line.startswith(" ")]


Run = Callable[..., Outcome]
