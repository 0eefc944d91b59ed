"""Is it the same set of rows? Identity, change and near-duplication of datasets, from small sketches.

    sketch = sameset.sketch_table("orders.parquet")
    print(sameset.compare("orders_old.parquet", "orders.parquet").verdict)
    check = sameset.check_table("orders.parquet", "orders", "registry.db", key=["o_orderkey"])

Everything loads when first used: importing this package takes milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sameset.comparison import Comparison, Verdict
    from sameset.errors import (
        MissingExtraError,
        RegistryError,
        SamesetError,
        SchemaError,
        SketchFormatError,
        SourceError,
        SpecError,
        UnsupportedTypeError,
    )
    from sameset.execution.checking import Check, check_table
    from sameset.execution.comparing import compare_places as compare
    from sameset.execution.sketching import sketch_table
    from sameset.registry import Registry
    from sameset.sketches.spec import Spec
    from sameset.sketches.table import TableSketch
    from sameset.sources import Source, open_source

__all__ = [
    "Check",
    "Comparison",
    "MissingExtraError",
    "Registry",
    "RegistryError",
    "SamesetError",
    "SchemaError",
    "SketchFormatError",
    "Source",
    "SourceError",
    "Spec",
    "SpecError",
    "TableSketch",
    "UnsupportedTypeError",
    "Verdict",
    "check_table",
    "compare",
    "open_source",
    "sketch_table",
]

_HOMES = {
    "Check": "execution.checking",
    "Comparison": "comparison",
    "Registry": "registry",
    "Source": "sources",
    "Spec": "sketches.spec",
    "TableSketch": "sketches.table",
    "Verdict": "comparison",
    "check_table": "execution.checking",
    "open_source": "sources",
    "sketch_table": "execution.sketching",
}


def __getattr__(name: str) -> object:
    if name == "compare":
        return import_module("sameset.execution.comparing").compare_places
    if name in _HOMES:
        return getattr(import_module(f"sameset.{_HOMES[name]}"), name)
    if name in __all__:
        return getattr(import_module("sameset.errors"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
