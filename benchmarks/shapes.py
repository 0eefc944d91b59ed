"""The tables of other shapes than lineitem: their names, sizes and contents in words. `benchmarks.generate` makes them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SHAPES", "Shape"]


@dataclass(frozen=True)
class Shape:
    """A table that is generated: so many rows at scale 1, in row groups of so many."""

    name: str
    what: str
    rows: int
    group: int


_ALL = (
    Shape("wide", "ten types in turn", 200_000, 25_000),
    Shape("narrow", "random 64-bit integers", 100_000_000, 1_000_000),
    Shape("text", "short and long texts, nearly all of them distinct", 500_000, 50_000),
    Shape("nested", "lists, structs, maps, and lists of them", 500_000, 50_000),
    Shape("dictionary", "few distinct texts and numbers in a column", 5_000_000, 500_000),
)
SHAPES = {shape.name: shape for shape in _ALL}
