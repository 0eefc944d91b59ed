"""Datasets that arrive, for the tests of the flows."""

from __future__ import annotations

__all__ = ["orders"]


def orders(count: int, **totals: float) -> dict[str, list[object]]:
    """Orders with the keys from 0 on; `_5=9.5` gives the one with the key 5 another total."""
    columns: dict[str, list[object]] = {
        "o_orderkey": list(range(count)),
        "total": [float(key % 17) for key in range(count)],
    }
    for key, total in totals.items():
        columns["total"][int(key.strip("_"))] = total
    return columns
