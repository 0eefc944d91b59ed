"""Hostile sketches whose check and digest were made to fit, as whoever knows docs/encoding.md can: refused for what they are."""

from __future__ import annotations

from typing import Any

import naive
import numpy as np
import pyarrow as pa
import pytest
from arrow_bytes import arrow_file, table_in
from test_core_storage import HOSTILE, Row, refused_or_valid, sketch_of
from test_core_storage import SPEC as KEYED

from sameset.errors import SketchFormatError
from sameset.sketches.digest import RowDigest, print_digest
from sameset.sketches.spec import Spec
from sameset.sketches.storage import read_sketch

#: Changes that make the sketch of another table, whole in itself; or that the seal takes back.
ANOTHER = {"digest another", "rows more", "sums another", "column name another", "family 11"}


def content_of(value: Any) -> bytes:
    """What the check is computed over (docs/encoding.md, "Files")."""
    if isinstance(value, int):
        return naive.u64(value)
    if isinstance(value, str):
        return naive.u64(len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return b"".join(map(content_of, value.values()))
    return naive.u64(len(value)) + b"".join(map(content_of, value))


def seal(row: Row) -> None:
    """Makes digest and check fit the other fields, where that can be."""
    try:
        sums = np.array(row["sums"], np.uint64).reshape(3, 2)
        names = [column["name"] for column in row["columns"]]
        row["digest"] = print_digest(RowDigest(row["row_count"], sums), names, Spec.from_json(row["spec"]).seed)
        row.pop("check")
        row["check"] = "".join(f"{half:016x}" for half in naive.murmur(content_of(row), 105))
    except (ValueError, TypeError, SketchFormatError, AttributeError, OverflowError):
        row.setdefault("check", "")


@pytest.fixture(scope="module")
def small() -> bytes:
    values = {"id": list(range(40)), "text": [None if i % 7 == 0 else str(i) for i in range(40)]}
    return sketch_of(pa.RecordBatch.from_pydict(values), KEYED).to_bytes()


def sealed(data: bytes, name: str | None) -> bytes:
    table = table_in(data)
    row = table.to_pylist()[0]
    if name is not None:
        HOSTILE[name](row)
    seal(row)
    return arrow_file(pa.Table.from_pylist([row], schema=table.schema))


def test_the_seal_is_the_one_that_was_written(small: bytes) -> None:
    assert read_sketch(sealed(small, None)) == read_sketch(small)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_sealed_hostile_field_is_refused_or_makes_another_sketch(small: bytes, name: str) -> None:
    assert refused_or_valid(sealed(small, name)) == ("valid" if name in ANOTHER else "refused")
