"""Digits as other packages wrote them (`make_digits.py`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sameset.errors import SamesetError

DIGITS = Path(__file__).with_name("digits")
ARRAYS = dict(np.load(DIGITS / "digits.npz"))

Folder = Callable[..., Path]


def digits(count: int = 30) -> dict[str, np.ndarray[Any, Any]]:
    """Pixels by `label/number`."""
    pairs = zip(ARRAYS["label"][:count].tolist(), ARRAYS["image"][:count], strict=True)
    return {f"{label}/{i:03d}": image for i, (label, image) in enumerate(pairs)}


def rows_of(source: Any) -> list[dict[str, Any]]:
    """All rows of a source as Python values."""
    return [row for batch in source.batches() for row in batch.to_pylist()]


def refusal(act: Callable[[], object]) -> str | None:
    """The sentence with which something was refused; None if it was not."""
    try:
        act()
    except SamesetError as error:
        return str(error)
    return None
