"""UNF version 6 of vectors, files and datasets: the order of elements counts, that of columns and files does not.

Unlike its siblings it is no monoid: the hash of one half of a vector says nothing about the whole.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sameset.canonical.unf import UnfParameters

__all__ = ["VectorUnf", "combine_unfs"]

TERMINATOR = b"\n\0"


class VectorUnf:
    """The UNF of one vector: SHA-256 of its elements' bytes, in their order."""

    def __init__(self, parameters: UnfParameters) -> None:
        self.parameters = parameters
        self._state = hashlib.sha256()

    @classmethod
    def empty(cls, parameters: UnfParameters) -> Self:
        """The UNF of no elements."""
        return cls(parameters)

    def update(self, elements: NDArray[np.uint8]) -> None:
        """Appends elements, as `unf_elements` writes them."""
        self._state.update(elements.data)

    @property
    def text(self) -> str:
        """The UNF for people, `UNF:6:` and Base64."""
        bits = self._state.digest()[: self.parameters.bits // 8]
        return self.parameters.header + base64.b64encode(bits).decode()


def combine_unfs(parts: Sequence[str], parameters: UnfParameters) -> str:
    """The UNF of a file from those of its columns, or of a dataset from those of its files; of a single one it is that one.

    Their Base64 alone, sorted, is a vector of text, of which no text is cut.
    """
    if len(parts) == 1:
        return parts[0]
    state = hashlib.sha256()
    for encoded in sorted(part.rpartition(":")[2].encode() for part in parts):
        state.update(encoded + TERMINATOR)
    return parameters.header + base64.b64encode(state.digest()[: parameters.bits // 8]).decode()
