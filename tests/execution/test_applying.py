"""Batches applied to a sketch: as if the table had been read again, and never more than can be known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sameset
from sameset.comparison import Verdict
from sameset.errors import RegistryError, SchemaError, SpecError, StaleSnapshotError
from sameset.execution.applying import apply_batches, apply_to_snapshot
from sameset.execution.checking import Arrival, record_check
from sameset.registry import Registry
from sameset.sketches.spec import Spec


def rows(numbers: Sequence[int] | range) -> pa.Table:
    ids = np.array(numbers, np.int64)
    return pa.table({"id": ids, "text": [f"t{i % 97}" for i in ids], "price": ids / 8})


SPECS = {
    "plain": Spec(),
    "key": Spec(key=("id",)),
    "where": Spec(where="id % 2 = 0", ignore=("price",)),
    "digits": Spec(digits=3, key=("text",), keep_keys=False),
    "buckets": Spec(bucket_by="id:range=100"),
}


@pytest.mark.parametrize("name", SPECS)
def test_rows_that_came_and_went_leave_the_sketch_of_the_table_that_there_is(name: str) -> None:
    spec = SPECS[name]
    table = sameset.sketch_table(rows(range(300)), spec)
    applied = apply_batches(table, [rows(range(300, 350)), rows([7, 7])], [rows(range(20))])
    now = pa.concat_tables([rows(range(20, 350)), rows([7, 7])])
    assert applied.sketch.to_bytes() == sameset.sketch_table(now, spec).to_bytes()
    assert (applied.seen, applied.note) == (applied.removed, None)


def test_of_a_large_table_digests_and_delta_are_exact_and_samples_are_of_what_is_left() -> None:
    table = sameset.sketch_table(rows(range(40_000)), SPECS["key"])
    applied = apply_batches(table, remove=[rows(range(1_000))])
    left = sameset.sketch_table(rows(range(1_000, 40_000)), applied.sketch.spec)
    assert applied.sketch.to_bytes() == left.to_bytes()
    assert applied.sketch.text_digest == sameset.sketch_table(rows(range(1_000, 40_000)), SPECS["key"]).text_digest
    assert 0 < applied.seen < 1_000
    assert f"{applied.seen} of the 1,000 rows taken out" in str(applied.note)
    comparison = sameset.compare(table, applied.sketch)
    assert (comparison.verdict, comparison.changes) == (Verdict.TRUNCATED, (0, 1_000, 0))


def test_rows_that_are_not_there_cannot_be_taken_out() -> None:
    table = sameset.sketch_table(rows(range(300)))
    with pytest.raises(SpecError, match=r"^memory:table: rows are to be taken out that the table does not have"):
        apply_batches(table, remove=[rows([300])])
    with pytest.raises(SpecError, match="that the table does not have"):
        apply_batches(table, remove=[rows([5, 5])])
    large = sameset.sketch_table(rows(range(40_000)))
    with pytest.raises(SpecError, match="that the table does not have"):
        apply_batches(large, remove=[rows(range(40_000, 41_000))])
    with pytest.raises(SpecError, match="too little would be known"):
        apply_batches(large, remove=[rows(range(30_000))])


def test_a_batch_has_the_columns_of_the_table_in_any_order_and_of_any_width(tmp_path: Path) -> None:
    table = sameset.sketch_table(rows(range(10)))
    batch = rows([10]).select(["price", "id", "text"]).set_column(1, "id", pa.array([10], pa.int8()))
    whole = sameset.sketch_table(rows(range(11)))
    assert apply_batches(table, [batch]).sketch == whole
    (tmp_path / "batch.csv").write_text("price,id,text\n1.25,10,t10\n", encoding="utf-8")
    assert apply_batches(table, [str(tmp_path / "batch.csv")]).sketch == whole
    with pytest.raises(SchemaError, match="lacks the column 'text'"):
        apply_batches(table, [rows([10]).drop_columns(["text"])])
    with pytest.raises(SchemaError, match="has the column 'new' besides"):
        apply_batches(table, [rows([10]).append_column("new", pa.array([1]))])
    with pytest.raises(SchemaError, match="has 'id' as string, where the table has int64"):
        apply_batches(table, [rows([10]).set_column(0, "id", pa.array(["10"]))])
    with pytest.raises(SpecError, match="no batch"):
        apply_batches(table)


def test_columns_of_nothing_but_nulls_take_the_type_of_the_other_side() -> None:
    nulls = pa.table({"id": [1, 2], "text": pa.nulls(2)})
    texts = pa.table({"id": [3], "text": ["x"]})
    whole = sameset.sketch_table(pa.table({"id": [1, 2, 3], "text": [None, None, "x"]}))
    assert apply_batches(sameset.sketch_table(nulls), [texts]).sketch == whole
    assert apply_batches(sameset.sketch_table(texts), [nulls]).sketch == whole
    with pytest.raises(SchemaError, match="'text' as string"):
        apply_batches(sameset.sketch_table(nulls, Spec(key=("text",))), [texts])


def test_rounded_floats_are_not_mixed_with_whole_numbers() -> None:
    table = sameset.sketch_table(rows(range(10)), SPECS["digits"])
    with pytest.raises(SchemaError, match="'price' as int64"):
        apply_batches(table, [rows([16]).set_column(2, "price", pa.array([2]))])


def test_a_snapshot_gets_a_successor_with_a_proved_verdict(tmp_path: Path) -> None:
    address = str(tmp_path / "registry.db")
    sameset.check_table(rows(range(2_000)), "orders", address, key=["id"])
    pq.write_table(rows(range(2_000, 12_000)), tmp_path / "more.parquet")
    pq.write_table(rows(range(5)), tmp_path / "gone.parquet")
    with Registry.open(address) as registry:
        applied, check = apply_to_snapshot(registry, "orders", None, [str(tmp_path / "more.parquet")])
        assert check.comparison is not None
        assert (check.status, check.comparison.basis) == ("appended", "batch")  # 10,000 rows are over capacity
        assert check.snapshot is not None
        assert check.snapshot.reference == "orders@2"
        assert check.snapshot.source == f"apply://orders@1 + {tmp_path / 'more.parquet'}"
        _, check = apply_to_snapshot(registry, "orders", 2, remove=[str(tmp_path / "gone.parquet")])
        assert check.status == "truncated"
        assert check.comparison is not None
        assert any("taken for granted" in note for note in check.comparison.notes)
        assert [row.key for row in check.comparison.delta.removed] == [{"id": i} for i in range(5)]  # type: ignore[union-attr]
        with pytest.raises(RegistryError, match="orders@2 is not the newest snapshot"):
            apply_to_snapshot(registry, "orders", 2, [str(tmp_path / "more.parquet")])
    again = sameset.check_table(rows(range(5, 12_000)), "orders", address)
    assert again.status == "unchanged"
    assert again.arrival.sketch.spec == Spec(key=("id",))  # of full size again
    assert applied.sketch.row_count == 12_000


def test_a_batch_is_not_recorded_on_top_of_another_snapshot(tmp_path: Path) -> None:
    address = str(tmp_path / "registry.db")
    sameset.check_table(rows(range(5)), "orders", address)
    sameset.check_table(rows(range(6)), "orders", address)
    with Registry.open(address) as registry:
        arrival = Arrival("orders", sameset.sketch_table(rows(range(7))), "apply://orders@1")
        with pytest.raises(StaleSnapshotError, match="newer snapshot than 1"):
            record_check(registry, arrival, onto=1)
        assert len(registry.history("orders")) == 2
