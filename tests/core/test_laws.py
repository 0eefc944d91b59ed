"""The laws of every kind of sketch: a monoid over multisets of rows, a group where rows can be taken out again."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import pkgutil
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sameset.sketches
from sameset.canonical.batches import RowHasher
from sameset.canonical.buckets import Bucketing
from sameset.canonical.families import Family
from sameset.errors import SpecMismatchError
from sameset.sketches.buckets import BucketTable
from sameset.sketches.column import ColumnSketch
from sameset.sketches.delta import DeltaTable, RowLanes
from sameset.sketches.digest import RowDigest
from sameset.sketches.lattice import LatticeDigest, LatticeHasher, LatticeKey
from sameset.sketches.sample import Sample
from sameset.sketches.signature import Signature
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.table import TableSketch

Rows = list[tuple[int | None, str | None]]

SCHEMA = pa.schema([("id", pa.int64()), ("text", pa.string())])
SIZE = SampleSize(8, 4, 16)
KEY = LatticeKey(b"sixteen or more bytes")
SPEC = Spec(key=("id",), rows=SIZE, values=SampleSize(4, 1000, 4), bins=16, delta_cells=64)


@dataclasses.dataclass(frozen=True)
class Kind:
    """How to make, feed and look into one kind of sketch; `state` gives all of it as plain values.

    It is fed with what `feed` takes of a batch after `hash`.
    """

    make: type
    empty: Callable[[], Any]
    feed: Callable[[Any], Any]
    state: Callable[[Any], Any]
    hash: Callable[[pa.RecordBatch], Any] = RowHasher(SCHEMA, ["id"]).hash


def sample_state(sample: Sample) -> object:
    return sample.hashes.tolist(), sample.counts.tolist(), sample.threshold, sample.size


def column_state(sketch: ColumnSketch) -> object:
    return sketch.family, sketch.digest, sketch.nulls, sample_state(sketch.values)


def bucket_state(table: BucketTable) -> object:
    return table.level, table.most, table.keys.tolist(), table.sums.tolist()


IN_BUCKETS = RowHasher(SCHEMA, ["id"], bucketing=Bucketing.parse("id:range=3"))
KINDS = {
    "RowDigest": Kind(RowDigest, RowDigest.empty, lambda batch: batch, lambda it: (it.rows, it.sums.tolist())),
    "ColumnSketch": Kind(
        ColumnSketch,
        lambda: ColumnSketch.empty(Family.TEXT, SIZE),
        lambda batch: batch.columns[1],
        column_state,
    ),
    "Sample": Kind(Sample, lambda: Sample.empty(SIZE), lambda batch: batch.named[0], sample_state),
    "Sample of one": Kind(
        Sample, lambda: Sample.empty(SampleSize(1, 1000, 1)), lambda batch: batch.named[0], sample_state
    ),
    "Sample cut by cap": Kind(
        Sample, lambda: Sample.empty(SampleSize(4, 1, 5)), lambda batch: batch.named[0], sample_state
    ),
    "Signature": Kind(
        Signature, lambda: Signature.empty(16), lambda batch: batch.named[0], lambda it: it.bins.tolist()
    ),
    "DeltaTable": Kind(
        DeltaTable,
        lambda: DeltaTable.empty(64, 2),
        lambda batch: RowLanes(batch.lanes, *batch.named),
        lambda it: it.cells.tolist(),
    ),
    "BucketTable": Kind(BucketTable, lambda: BucketTable.empty(2), lambda batch: batch, bucket_state, IN_BUCKETS.hash),
    "BucketTable made coarser": Kind(
        BucketTable, lambda: BucketTable.empty(2, most=5), lambda batch: batch, bucket_state, IN_BUCKETS.hash
    ),
    "TableSketch": Kind(
        TableSketch, lambda: TableSketch.empty(SPEC, SCHEMA), lambda batch: batch, lambda it: it.to_bytes()
    ),
    "LatticeDigest": Kind(
        LatticeDigest,
        lambda: LatticeDigest.empty(LatticeHasher(SCHEMA).spec),
        lambda batch: batch,
        lambda it: (it.spec, it.rows, it.lanes.tolist()),
        LatticeHasher(SCHEMA).hash,
    ),
    "LatticeDigest with a key": Kind(
        LatticeDigest,
        lambda: LatticeDigest.empty(LatticeHasher(SCHEMA, KEY).spec),
        lambda batch: batch,
        lambda it: (it.spec, it.rows, it.lanes.tolist()),
        LatticeHasher(SCHEMA, KEY).hash,
    ),
}
GROUPS = ["RowDigest", "DeltaTable", "BucketTable", "LatticeDigest", "LatticeDigest with a key"]
ROWS = st.lists(st.tuples(st.integers(0, 40) | st.none(), st.sampled_from(["a", "b", "", None])), max_size=60)

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
every_group = pytest.mark.parametrize("kind", [KINDS[name] for name in GROUPS], ids=GROUPS)
few = settings(max_examples=40)


def fed(kind: Kind, rows: Rows) -> Any:
    """What the kind's `update` takes, of these rows."""
    columns = [pa.array([row[0] for row in rows], pa.int64()), pa.array([row[1] for row in rows], pa.string())]
    return kind.feed(kind.hash(pa.RecordBatch.from_arrays(columns, schema=SCHEMA)))


def sketch(kind: Kind, *parts: Rows) -> Any:
    """The sketch of rows that come in these batches."""
    made = kind.empty()
    for rows in parts:
        made.update(fed(kind, rows))
    return made


def cut(rows: Rows, places: list[int]) -> list[Rows]:
    ends = [0, *sorted(place % (len(rows) + 1) for place in places), len(rows)]
    return [rows[start:end] for start, end in itertools.pairwise(ends)]


def same(kind: Kind, left: Any, right: Any) -> bool:
    """Equal, as the class and as its state say; both must agree."""
    equal = kind.state(left) == kind.state(right)
    assert (left == right) is equal
    return bool(equal)


def test_every_sketch_class_is_under_the_laws() -> None:
    found = set()
    for module in pkgutil.iter_modules(sameset.sketches.__path__):
        loaded = importlib.import_module(f"sameset.sketches.{module.name}")
        named = [getattr(loaded, name) for name in loaded.__all__]
        found |= {it for it in named if isinstance(it, type) and hasattr(it, "merge")}
    assert found == {kind.make for kind in KINDS.values()}
    assert {KINDS[name].make for name in GROUPS} == {it for it in found if hasattr(it, "subtract")}


@every_kind
@few
@given(ROWS)
def test_empty_is_the_identity(kind: Kind, rows: Rows) -> None:
    one = sketch(kind, rows)
    assert same(kind, kind.empty().merge(one), one)
    assert same(kind, one.merge(kind.empty()), one)
    assert same(kind, sketch(kind, [], rows, []), one)
    assert same(kind, kind.empty().merge(kind.empty()), kind.empty())


@every_kind
@few
@given(ROWS, ROWS)
def test_merge_is_commutative(kind: Kind, left: Rows, right: Rows) -> None:
    one, two = sketch(kind, left), sketch(kind, right)
    assert same(kind, one.merge(two), two.merge(one))


@every_kind
@few
@given(ROWS, ROWS, ROWS)
def test_merge_is_associative(kind: Kind, a: Rows, b: Rows, c: Rows) -> None:
    one, two, three = sketch(kind, a), sketch(kind, b), sketch(kind, c)
    assert same(kind, one.merge(two).merge(three), one.merge(two.merge(three)))


@every_kind
@few
@given(ROWS, st.lists(st.integers(0, 100), max_size=5), st.randoms(use_true_random=False))
def test_any_order_batching_and_split_gives_the_same(
    kind: Kind, rows: Rows, places: list[int], chance: random.Random
) -> None:
    whole = sketch(kind, rows)
    shuffled = chance.sample(rows, len(rows))
    assert same(kind, sketch(kind, shuffled), whole)
    assert same(kind, sketch(kind, *cut(shuffled, places)), whole)
    parts = [sketch(kind, part) for part in cut(shuffled, places)]
    while len(parts) > 1:
        chance.shuffle(parts)
        parts.append(parts.pop().merge(parts.pop()))
    assert same(kind, parts[0], whole)


@every_kind
@few
@given(ROWS, ROWS, ROWS)
def test_operands_stay_as_they_are_and_share_nothing(kind: Kind, left: Rows, right: Rows, more: Rows) -> None:
    one, two = sketch(kind, left), sketch(kind, right)
    merged = one.merge(two)
    before = kind.state(one), kind.state(two)
    merged.update(fed(kind, more))
    assert (kind.state(one), kind.state(two)) == before
    assert same(kind, merged, sketch(kind, left + right + more))
    after = kind.state(merged)
    one.update(fed(kind, more))
    two.update(fed(kind, more))
    assert kind.state(merged) == after


@every_group
@few
@given(ROWS, ROWS)
def test_rows_can_be_taken_out_again(kind: Kind, left: Rows, right: Rows) -> None:
    one, two = sketch(kind, left), sketch(kind, right)
    assert same(kind, one.merge(two).subtract(two), one)
    assert same(kind, one.subtract(one), kind.empty())
    assert same(kind, one.subtract(two).merge(two), one)
    assert same(kind, kind.empty().subtract(kind.empty().subtract(one)), one)


@every_kind
def test_a_row_more_is_another_sketch_and_nothing_equals_a_stranger(kind: Kind) -> None:
    rows: Rows = [(i, "text") for i in range(3)]
    assert not same(kind, sketch(kind, rows), kind.empty())
    assert sketch(kind, rows) != "a sketch"
    with pytest.raises(TypeError, match="unhashable"):
        hash(kind.empty())


OTHER_SPECS: dict[str, Any] = {
    "seed": 1,
    "digits": 3,
    "nfc": True,
    "columns": ("id",),
    "ignore": ("text",),
    "where": "id > 3",
    "key": (),
    "keep_keys": False,
    "rows": SampleSize(8, 4, 17),
    "values": SampleSize(4, 999, 4),
    "bins": 32,
    "delta_cells": 128,
    "bucket_by": "text:8",
}


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Spec) if field.name != "encoding"])
def test_tables_of_unequal_specs_refuse_to_merge(name: str) -> None:
    other = dataclasses.replace(SPEC, **{name: OTHER_SPECS[name]})
    with pytest.raises(SpecMismatchError) as caught:
        TableSketch.empty(SPEC, SCHEMA).merge(TableSketch.empty(other, SCHEMA))
    assert caught.value.field == name
    assert (caught.value.left, caught.value.right) == (getattr(SPEC, name), OTHER_SPECS[name])
    for word in (name, repr(getattr(SPEC, name)), repr(OTHER_SPECS[name])):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("left", "right", "field"),
    [
        (Sample.empty(SIZE), Sample.empty(SampleSize(8, 4, 17)), "sample size"),
        (Signature.empty(16), Signature.empty(32), "bins"),
        (DeltaTable.empty(64, 2), DeltaTable.empty(64, 3), "delta cells and key lanes"),
        (DeltaTable.empty(64, 2), DeltaTable.empty(128, 2), "delta cells and key lanes"),
        (ColumnSketch.empty(Family.TEXT, SIZE), ColumnSketch.empty(Family.DATE, SIZE), "column family"),
        (BucketTable.empty(2), BucketTable.empty(3), "columns and room of buckets"),
        (BucketTable.empty(2), BucketTable.empty(2, most=5), "columns and room of buckets"),
        (
            TableSketch.empty(SPEC, SCHEMA),
            TableSketch.empty(SPEC, pa.schema([SCHEMA.field("text"), SCHEMA.field("id")])),
            "columns",
        ),
    ],
    ids=lambda it: it if isinstance(it, str) else type(it).__name__,
)
def test_sketches_of_unequal_shape_refuse_to_merge(left: Any, right: Any, field: str) -> None:
    for one, two in ((left, right), (right, left)):
        with pytest.raises(SpecMismatchError, match=field):
            one.merge(two)
    if hasattr(left, "subtract"):
        with pytest.raises(SpecMismatchError, match=field):
            left.subtract(right)


def test_a_column_of_nulls_takes_the_others_family() -> None:
    nothing, text = ColumnSketch.empty(Family.NULL, SIZE), sketch(KINDS["ColumnSketch"], [(1, "a")])
    assert nothing.merge(text).family is text.merge(nothing).family is Family.TEXT
