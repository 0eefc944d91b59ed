"""BLAKE3 in its three modes; outputs are at most 4096 bytes long.

Own code because a row's long output is all the work of a lattice digest: see `kernels.blake3` for the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sameset.kernels.blake3 import IV, OUTPUT_WORDS, add_outputs

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["PLAIN", "Mode", "derive_key", "keyed", "output", "sum_outputs"]

KEYED, DERIVE_CONTEXT, DERIVE_MATERIAL = 16, 32, 64


class Mode(NamedTuple):
    """Where hashing starts from: a key, uint32 (8,), and the flags of the mode."""

    key: NDArray[np.uint32]
    flags: int


PLAIN = Mode(IV, 0)


def keyed(key: bytes) -> Mode:
    """The mode with a key of 32 bytes."""
    return Mode(_words(key), KEYED)


def derive_key(context: str, material: bytes, size: int = 32) -> bytes:
    """So many bytes that are as good as a key of their own for each context, a text that occurs nowhere else."""
    start = output(context.encode(), Mode(IV, DERIVE_CONTEXT))
    return output(material, Mode(_words(start), DERIVE_MATERIAL), size)


def output(data: bytes, mode: Mode = PLAIN, size: int = 32) -> bytes:
    """The first bytes of the output for some data."""
    words = np.zeros(OUTPUT_WORDS, np.uint32)
    sum_outputs(np.frombuffer(data, np.uint8), np.array([0, len(data)]), mode, words)
    return words.astype("<u4").tobytes()[:size]


def sum_outputs(data: NDArray[np.uint8], offsets: NDArray[np.int64], mode: Mode, lanes: NDArray[np.uint32]) -> None:
    """Adds the outputs of 4096 bytes, as 1024 words, for the byte strings between the offsets to `lanes`, modulo 2^32."""
    add_outputs(np.uint64(data.ctypes.data), offsets, mode.key, mode.flags, lanes)


def _words(key: bytes) -> NDArray[np.uint32]:
    return np.frombuffer(key, "<u4").astype(np.uint32)
