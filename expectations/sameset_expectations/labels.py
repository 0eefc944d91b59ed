"""Names as they may stand in paths, in addresses of pages and in keys of Great Expectations' stores."""

from __future__ import annotations

import re
from hashlib import sha256

__all__ = ["label"]

LONGEST_NAME = 80


def label(name: str) -> str:
    """The name itself if it is plain; otherwise what is plain of it and a part of its hash, distinct for distinct names."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:LONGEST_NAME]
    return plain if plain == name else f"{plain}-{sha256(name.encode()).hexdigest()[:8]}"
