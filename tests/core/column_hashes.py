"""The hashes of the values of a column."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from sameset.canonical.columns import hash_column
from sameset.canonical.forms import AS_IS, Form

__all__ = ["hashes", "one_hash"]


def hashes(array: pa.Array, form: Form = AS_IS) -> list[tuple[int, int]]:
    """Both words of the hash of each value."""
    hashed = hash_column(array, "c", form)
    return list(zip(hashed.h1.tolist(), hashed.h2.tolist(), strict=True))


def one_hash(value: Any, kind: pa.DataType) -> tuple[int, int]:
    """The hash of one value of a type."""
    (found,) = hashes(pa.array([value], kind))
    return found
