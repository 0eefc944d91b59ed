"""The table that the tests of expectations are about, and how they validate it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

import sameset_expectations as se
from sameset import Spec

ROWS: dict[str, list[Any]] = {
    "id": list(range(1_000)),
    "price": [number / 4 for number in range(1_000)],
    "note": ["paid", None] * 500,
}
ORDERS = pa.table(ROWS)
CHANGED = ORDERS.set_column(1, "price", pa.array([-1.0, *ROWS["price"][1:]]))
KEYED = Spec(key=("id",))

Write = Callable[..., str]


def validated(address: str, *expectations: Any, spec: Spec = KEYED, name: str = "orders") -> se.Validation:
    return se.validate_table(address, spec, expectations, name=name)


def result_of(validation: se.Validation, place: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = validation.result["results"][place]["result"]
    return found
