"""Where the programs take Arrow's memory from. What another process does with its own memory is its own to say."""

from __future__ import annotations

import os

__all__ = ["choose_allocator"]

CHOICE = "ARROW_DEFAULT_MEMORY_POOL"  # Arrow's own variable, read when pyarrow is loaded


def choose_allocator() -> None:
    """Has Arrow use the allocator of the system, unless the environment names one; to be called before pyarrow is loaded.

    Arrow's choice, mimalloc, gives memory back and asks for it again with every batch, and the system clears each page anew:
    for 500,000 long texts 1.2 to 1.7 s of system time instead of 0.6 to 0.7, and 0.71 instead of 0.61 GiB at the peak.
    """
    os.environ.setdefault(CHOICE, "system")
