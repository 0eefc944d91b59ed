"""What the registry remembers: a sketch, a verdict and a validation for every snapshot of every named dataset.

The names load when first used, so that importing this package does not import SQLAlchemy (0.15 s).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from sameset.addresses import without_password

if TYPE_CHECKING:
    from sameset.registry.addresses import default_address
    from sameset.registry.entries import DatasetSummary, NewSnapshot, Snapshot, sketch_key
    from sameset.registry.names import check_name, parse_reference
    from sameset.registry.store import Registry

__all__ = [
    "DatasetSummary",
    "NewSnapshot",
    "Registry",
    "Snapshot",
    "check_name",
    "default_address",
    "parse_reference",
    "sketch_key",
    "without_password",
]

_MODULES = {
    "DatasetSummary": "entries",
    "NewSnapshot": "entries",
    "Registry": "store",
    "Snapshot": "entries",
    "check_name": "names",
    "default_address": "addresses",
    "parse_reference": "names",
    "sketch_key": "entries",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
