"""How Prefect calls a dataset: in lower case, digits and dashes, and no two datasets alike."""

from __future__ import annotations

import re
from hashlib import sha256

__all__ = ["artifact_key", "dataset_slug"]

LONGEST_SLUG = 60
HASH_DIGITS = 12


def artifact_key(kind: str, dataset: str) -> str:
    """The key of a dataset's artifact, the same in every run: `sameset-KIND-` and its slug.

    >>> artifact_key("check", "orders"), artifact_key("check", "Orders 2026")
    ('sameset-check-orders', 'sameset-check-orders-2026--b7ad3e333f92')
    """
    return f"sameset-{kind}-{dataset_slug(dataset)}"


def dataset_slug(dataset: str) -> str:
    """The dataset's name as it is if it may be, otherwise as near as may be and a hash.

    A name that this spelling alters is told apart by the hash after two dashes, which no unaltered name has.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", dataset.lower()).strip("-")
    if slug == dataset and len(slug) <= LONGEST_SLUG:
        return slug
    return f"{slug[:LONGEST_SLUG].strip('-')}--{sha256(dataset.encode()).hexdigest()[:HASH_DIGITS]}"
