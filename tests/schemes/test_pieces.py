"""The kernels that copy byte strings, against a line of Python each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.canonical.pieces import Cells, Pieces, field_head, join
from sameset.kernels.pieces import sort_groups

SHORT = st.lists(st.binary(max_size=40), max_size=12)


def cells(strings: Sequence[bytes], families: Sequence[int], gap: bytes = b"") -> Cells:
    """The strings with something else between them."""
    data = np.frombuffer(gap.join(strings) + b"\0", np.uint8)
    sizes = np.array([len(one) for one in strings], np.int64)
    starts = np.cumsum(sizes + len(gap)) - sizes - len(gap)
    pieces = Pieces(np.uint64(data.ctypes.data), starts.astype(np.int64), sizes, data)
    return Cells(pieces, np.array(families, np.uint8))


@settings(max_examples=100)
@given(st.lists(st.text(max_size=9), max_size=4), st.integers(0, 9), st.data())
def test_joined_values_have_a_name_a_family_a_size_and_their_bytes(
    names: list[str], rows: int, data: st.DataObject
) -> None:
    columns, expected = [], [b""] * rows
    for name in names:
        strings = data.draw(st.lists(st.binary(max_size=40), min_size=rows, max_size=rows))
        families = data.draw(st.lists(st.integers(1, 255), min_size=rows, max_size=rows))
        columns.append(cells(strings, families, b"?" * data.draw(st.integers(0, 9))))
        for i, (string, family) in enumerate(zip(strings, families, strict=True)):
            head = len(name.encode()).to_bytes(8, "little") + name.encode()
            expected[i] += head + bytes([family]) + len(string).to_bytes(8, "little") + string
    made = join([field_head(name) for name in names], columns, rows)
    ends = made.offsets.tolist()
    assert [made.data[a:b].tobytes() for a, b in pairwise(ends)] == expected


@pytest.mark.slow
@settings(max_examples=200)
@given(st.lists(SHORT | st.lists(st.sampled_from([b"", b"a", b"ab", b"b", b"\xff", b"a\0"]), max_size=70), max_size=6))
def test_groups_are_sorted_by_their_bytes(groups: list[list[bytes]]) -> None:
    strings = [string for group in groups for string in group]
    data = np.frombuffer(b"".join(strings), np.uint8)
    ends = np.cumsum([0, *map(len, strings)], dtype=np.int64)
    out = np.empty_like(data)
    sort_groups(data, ends, np.cumsum([0, *map(len, groups)], dtype=np.int64), out)
    assert out.tobytes() == b"".join(b"".join(sorted(group)) for group in groups)


@pytest.mark.parametrize("turn", [1, -1])
def test_a_map_of_many_entries_is_sorted_in_no_time(turn: int) -> None:
    """200,000 entries in order or in reverse: what is quadratic would take an hour."""
    strings = [i.to_bytes(4, "big") for i in range(200_000)][::turn]
    data, ends = np.frombuffer(b"".join(strings), np.uint8), np.arange(len(strings) + 1, dtype=np.int64) * 4
    out = np.empty_like(data)
    sort_groups(data, ends, np.array([0, len(strings)]), out)
    assert out.tobytes() == b"".join(sorted(strings))
