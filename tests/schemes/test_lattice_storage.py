"""Lattice digests as bytes: what was written comes back; anything else is refused with SketchFormatError, and nothing otherwise."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from arrow_bytes import arrow_file, table_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies_nested import nested_batches

from sameset.canonical.forms import Form
from sameset.errors import SketchFormatError, SpecMismatchError
from sameset.sketches.lattice import LatticeDigest, LatticeHasher, LatticeKey, LatticeSpec
from sameset.sketches.lattice_storage import is_lattice, read_lattice, write_lattice
from sameset.sketches.storage import is_sketch, read_sketch

GENEROUS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
KEY = LatticeKey(b"sixteen bytes or more")
FORMS = st.builds(Form, st.none() | st.integers(1, 15), st.booleans())


def digest_of(batch: pa.RecordBatch, **asked: Any) -> LatticeDigest:
    hasher = LatticeHasher(batch.schema, **asked)
    made = LatticeDigest.empty(hasher.spec)
    made.update(hasher.hash(batch))
    return made


SMALL = digest_of(pa.RecordBatch.from_pydict({"id": [1, 2], "é": ["a", None]}), key=KEY, where="id > 0")
WRITTEN = SMALL.to_bytes()


@settings(GENEROUS, max_examples=80)
@given(nested_batches(), st.none() | st.just(KEY), FORMS, st.none() | st.text(max_size=9))
def test_what_was_written_comes_back(
    batch: pa.RecordBatch, key: LatticeKey | None, form: Form, where: str | None
) -> None:
    made = digest_of(batch, key=key, form=form, where=where)
    written = made.to_bytes()
    assert is_lattice(written)
    back = LatticeDigest.from_bytes(written)
    assert (back, back.text, back.to_bytes()) == (made, made.text, written)
    assert back.merge(made).subtract(made) == made
    back.update(LatticeHasher(batch.schema, key, form, where).hash(batch))
    assert back == made.merge(made)


def test_a_negative_number_of_rows_comes_back() -> None:
    less = LatticeDigest.empty(SMALL.spec).subtract(SMALL)
    assert read_lattice(less.to_bytes()).rows == -2
    assert read_lattice(less.to_bytes()).merge(SMALL) == LatticeDigest.empty(SMALL.spec)


def test_digests_of_different_keys_refuse_to_merge_when_they_come_back() -> None:
    other = digest_of(pa.RecordBatch.from_pydict({"id": [1], "é": ["a"]}), key=LatticeKey(b"x" * 16), where="id > 0")
    with pytest.raises(SpecMismatchError, match="differ in key"):
        read_lattice(WRITTEN).merge(read_lattice(other.to_bytes()))


def refused_or_same(data: bytes) -> str:
    """ "refused", or "same" if the digest is the one that was written; anything else fails the test."""
    is_lattice(data)
    try:
        found = read_lattice(data)
    except SketchFormatError:
        return "refused"
    assert found == SMALL
    return "same"


def test_every_byte_may_be_damaged() -> None:
    chance = random.Random(1)
    outcomes = []
    for at in range(len(WRITTEN)):
        damaged = bytearray(WRITTEN)
        damaged[at] ^= chance.randrange(1, 256)
        outcomes.append(refused_or_same(bytes(damaged)))
    assert outcomes.count("refused") > 4096  # every byte of a lane, for one


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, len(WRITTEN) - 1), st.integers(0, 255)), max_size=20))
def test_many_bytes_may_be_damaged(places: list[tuple[int, int]]) -> None:
    damaged = bytearray(WRITTEN)
    for at, byte in places:
        damaged[at] = byte
    refused_or_same(bytes(damaged))


def test_every_truncation_is_refused() -> None:
    for size in [*range(0, len(WRITTEN), 17), *range(len(WRITTEN) - 40, len(WRITTEN))]:
        assert is_lattice(WRITTEN[:size]) is False
        with pytest.raises(SketchFormatError):
            read_lattice(WRITTEN[:size])


@given(st.binary(max_size=300), st.booleans())
def test_random_bytes_are_refused(data: bytes, marked: bool) -> None:
    data = b"ARROW1\0\0" + data + b"ARROW1" if marked else data
    assert is_lattice(data) is False
    with pytest.raises(SketchFormatError, match="no lattice digest; make one with: sameset digest"):
        read_lattice(data)


# what is well-formed and wrong


def test_other_arrow_files_and_other_versions_are_refused() -> None:
    table = table_in(WRITTEN)
    plain = arrow_file(table.replace_schema_metadata(None))
    newer = arrow_file(table.replace_schema_metadata({"sameset": "lthash32-1024:2"}))
    assert is_lattice(plain) is False
    assert is_lattice(newer)
    with pytest.raises(SketchFormatError, match="no lattice digest"):
        read_lattice(plain)
    with pytest.raises(SketchFormatError, match=r"of version lthash32-1024:2 and this program reads lthash32-1024:1"):
        read_lattice(newer)


def test_a_lattice_digest_is_no_table_sketch_and_is_not_read_as_one() -> None:
    assert is_sketch(WRITTEN)  # so that no door takes it for an Arrow file with a row of data
    with pytest.raises(SketchFormatError, match="is a lattice digest and no sketch; compare it with: sameset digest"):
        read_sketch(WRITTEN)


def changed(field: str, value: Any) -> bytes:
    table = table_in(WRITTEN)
    at = table.schema.get_field_index(field)
    column = pa.array([value], table.schema.field(field).type)
    return arrow_file(table.set_column(at, table.schema.field(field), column))


CHANGES = {
    "row_count": 3,
    "digest": SMALL.text[:-1] + ("0" if SMALL.text[-1] != "0" else "1"),
    "check": "0" * 64,
    "lanes": [0] * 1024,
    "spec": json.dumps({"digits": 3, "key": KEY.id, "names": ["id", "é"], "nfc": False, "where": "id > 0"}),
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_field_is_refused(field: str) -> None:
    assert read_lattice(changed(field, table_in(WRITTEN)[field][0].as_py())) == SMALL
    with pytest.raises(SketchFormatError, match="is damaged: "):
        read_lattice(changed(field, CHANGES[field]))


@pytest.mark.parametrize(
    "table",
    [
        lambda it: it.slice(0, 0),
        lambda it: pa.concat_tables([it, it]),
        lambda it: it.drop_columns(["check"]),
        lambda it: it.append_column("more", pa.array([1])),
        lambda it: it.set_column(2, it.schema.field(2), pa.array([None], pa.int64())),
        lambda it: it.set_column(3, it.schema.field(3), pa.array([[0] * 1023], it.schema.field(3).type)),
        lambda it: it.set_column(3, it.schema.field(3), pa.array([[0] * 1025], it.schema.field(3).type)),
    ],
)
def test_another_shape_is_refused(table: Callable[[pa.Table], pa.Table]) -> None:
    with pytest.raises(SketchFormatError, match="is damaged: "):
        read_lattice(arrow_file(table(table_in(WRITTEN))))


#: Specs that nothing writes, each in a file that is right in everything else.
BAD_SPECS: dict[str, dict[str, Any]] = {
    "key": {"key": "secret"},
    "a key in capitals": {"key": "0123456789ABCDEF"},
    "a line end behind the key": {"key": "0123456789abcdef\n"},
    "names out of order": {"names": ("é", "id")},
    "a name twice": {"names": ("id", "id")},
    "no digits": {"digits": 0},
    "digits beyond a double": {"digits": 16},
    "digits of another kind": {"digits": True},
    "nfc of another kind": {"nfc": 1},
    "where of another kind": {"where": 5},
}


@pytest.mark.parametrize("name", BAD_SPECS)
def test_a_spec_that_nothing_writes_is_refused(name: str) -> None:
    bad = LatticeDigest(replace(SMALL.spec, **BAD_SPECS[name]), SMALL.rows, SMALL.lanes)
    with pytest.raises(SketchFormatError, match="is damaged: "):
        read_lattice(write_lattice(bad))


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "[]",
        "{}",
        "null",
        "{",
        "[" * 100_000,
        '{"names":"ab"}',
        '{"names":["\\ud800"],"key":""}',
        '{"more":1,"names":[]}',
    ],
)
def test_a_spec_that_is_none_is_refused(spec: str) -> None:
    with pytest.raises(SketchFormatError, match="is damaged: "):
        read_lattice(changed("spec", spec))


def test_the_spec_is_in_one_form_only() -> None:
    spaced = json.dumps(json.loads(table_in(WRITTEN)["spec"][0].as_py()), sort_keys=True)
    with pytest.raises(SketchFormatError, match="its check does not fit"):
        read_lattice(changed("spec", spaced))


def test_any_arrow_reader_can_read_it() -> None:
    (row,) = table_in(WRITTEN).to_pylist()
    assert (row["digest"], row["row_count"]) == (SMALL.text, 2)
    assert np.array_equal(np.array(row["lanes"], np.uint32), SMALL.lanes)
    assert LatticeSpec(**(json.loads(row["spec"]) | {"names": ("id", "é")})) == SMALL.spec
