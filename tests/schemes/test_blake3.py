"""BLAKE3: the authors' vectors in all three modes, and the package blake3 as the oracle of sums of many outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.canonical.blake3 import PLAIN, Mode, derive_key, keyed, output, sum_outputs

KEY = b"whats the Elvish word for friend"
CONTEXT = "BLAKE3 2019-12-27 16:29:52 test vectors context"
OUTPUT_BYTES = 131
VECTORS = [
    line.split(" | ")
    for line in Path(__file__).with_name("blake3-vectors.txt").read_text("ascii").splitlines()
    if not line.startswith("#")
]


def vector_input(size: int) -> bytes:
    return bytes(i % 251 for i in range(size))


@pytest.mark.parametrize(("size", "plain", "with_key", "derived"), VECTORS, ids=[line[0] for line in VECTORS])
def test_the_vectors_of_the_authors(size: str, plain: str, with_key: str, derived: str) -> None:
    data = vector_input(int(size))
    assert output(data, size=OUTPUT_BYTES).hex() == plain
    assert output(data, keyed(KEY), OUTPUT_BYTES).hex() == with_key
    assert derive_key(CONTEXT, data, OUTPUT_BYTES).hex() == derived
    assert output(data).hex() == plain[:64]


def summed(strings: Sequence[bytes], mode: Mode) -> list[int]:
    offsets = np.cumsum([0, *map(len, strings)], dtype=np.int64)
    lanes = np.zeros(1024, np.uint32)
    sum_outputs(np.frombuffer(b"".join(strings), np.uint8), offsets, mode, lanes)
    return lanes.tolist()


def expected(strings: Sequence[bytes], key: bytes | None) -> list[int]:
    outputs = [(blake3(data) if key is None else blake3(data, key=key)).digest(4096) for data in strings]
    return [sum(int.from_bytes(one[i : i + 4], "little") for one in outputs) % 2**32 for i in range(0, 4096, 4)]


# Ends of blocks (64), of chunks (1024), of trees that are full and those that are not.
SIZES = st.sampled_from([0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 1023, 1024, 1025, 2048, 2049, 3073, 5121, 17_409])
STRINGS = st.lists(
    st.binary(max_size=200) | st.builds(lambda size, start: (start * (size + 1))[:size], SIZES, st.binary(min_size=1)),
    max_size=40,
)


@settings(max_examples=150)
@given(STRINGS, st.none() | st.binary(min_size=32, max_size=32))
def test_sums_of_outputs_are_those_of_the_package(strings: list[bytes], key: bytes | None) -> None:
    assert summed(strings, PLAIN if key is None else keyed(key)) == expected(strings, key)


@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 2**20 + 1, 5 * 2**18 + 77])
def test_long_strings(size: int) -> None:
    data = vector_input(size)
    assert output(data, size=4096) == blake3(data).digest(4096)


def test_sums_are_added_to_what_is_there() -> None:
    lanes = np.full(1024, 2**32 - 1, np.uint32)
    sum_outputs(np.frombuffer(b"ab", np.uint8), np.array([0, 1, 2]), PLAIN, lanes)
    assert lanes.tolist() == [(lane - 1) % 2**32 for lane in expected([b"a", b"b"], None)]


def test_no_byte_behind_a_string_counts() -> None:
    for size in (0, 5, 64, 700, 1024, 1500):
        data = vector_input(size)
        for behind in (b"", b"\0" * 100, b"\xff" * 100):
            lanes = np.zeros(1024, np.uint32)
            sum_outputs(np.frombuffer(data + behind, np.uint8), np.array([0, size]), PLAIN, lanes)
            assert lanes.tobytes() == blake3(data).digest(4096)
