"""How the programs take and give back memory. What another process does with its own is its own to say."""

from __future__ import annotations

import gc
import os

__all__ = ["tune_memory"]

CHOICE = "ARROW_DEFAULT_MEMORY_POOL"  # Arrow's own variable, read when pyarrow is loaded
OBJECTS = 10_000  # made and not ended since Python last looked for cycles of them; its own number is 700 to 2,000


def tune_memory() -> None:
    """Has Python look for cycles of dead objects less often, and Arrow use an allocator that keeps what it has.

    To be called first of all: what a program loads are 160,000 objects that stay, and looking through them again and again is
    a tenth of the processor time of a first verdict.
    """
    gc.set_threshold(OBJECTS, *gc.get_threshold()[1:])
    _choose_allocator()


def _choose_allocator() -> None:
    """Has Arrow use jemalloc, unless the environment names an allocator; to be called before pyarrow is loaded.

    Arrow's choice, mimalloc, gives memory back and asks for it again with every batch, and the system clears each page anew:
    a sketch of 500,000 long texts takes 1.2 to 1.7 s of system time instead of 0.5, and peaks at 740 MB instead of 560.
    """
    os.environ.setdefault(CHOICE, "jemalloc" if _has_glibc() else "system")


def _has_glibc() -> bool:
    """Whether this is a system for which pyarrow is built with jemalloc; where it is not, Arrow would warn on stderr."""
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (AttributeError, OSError, ValueError):  # Windows, musl, macOS
        return False
