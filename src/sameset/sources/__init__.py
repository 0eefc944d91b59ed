"""Where rows come from: one file per kind of place, and `open_source`, which tells them apart."""

from __future__ import annotations

from sameset.addresses import without_password
from sameset.sources.address import open_source
from sameset.sources.base import Source

__all__ = ["Source", "open_source", "without_password"]
