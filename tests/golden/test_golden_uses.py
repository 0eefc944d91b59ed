"""What the first release stored (format 1, no buckets) still does all that sketches are for: compared, checked, added to."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from make_golden import SKETCHES
from recipes import orders

import sameset
from sameset.comparison import Verdict
from sameset.errors import SpecError
from sameset.execution.applying import apply_batches
from sameset.execution.comparing import compare_places
from sameset.execution.operands import read_sketch_file
from sameset.registry import NewSnapshot, Registry

STORED = SKETCHES / "single-key.sameset"  # of 30 rows, by a program that knew neither buckets nor manifests


def test_it_is_compared_with_tables_of_today() -> None:
    same = compare_places(str(STORED), pa.table(orders(30)))
    assert same.verdict is Verdict.IDENTICAL
    grown = compare_places(str(STORED), pa.table(orders(33)))
    assert grown.verdict is Verdict.APPENDED
    assert grown.delta is not None
    assert [row.key for row in grown.delta.added] == [{"id": 30}, {"id": 31}, {"id": 32}]


def test_it_is_checked_against_in_a_registry(tmp_path: Path) -> None:
    address, stored = str(tmp_path / "registry.db"), read_sketch_file(str(STORED))
    first = NewSnapshot(
        dataset="orders",
        sketch=STORED.read_bytes(),
        rows=30,
        digest=stored.text_digest,
        source="orders.parquet",
        status="new",
    )
    with Registry.open(address) as registry:
        registry.record(first, expected_previous=None)
    assert sameset.check_table(pa.table(orders(30)), "orders", address).status == "unchanged"
    assert sameset.check_table(pa.table(orders(32)), "orders", address).status == "appended"
    assert sameset.check_table(pa.table(orders(31)), "orders", address, bucket_by="day").status == "truncated"


def test_it_takes_rows() -> None:
    stored, batch = read_sketch_file(str(STORED)), pa.table(orders(33))
    grown = apply_batches(stored, [batch.slice(30)]).sketch
    assert grown == sameset.sketch_table(batch, stored.spec)
    assert apply_batches(grown, remove=[batch.slice(30)]).sketch == stored


def test_options_that_it_was_made_without_are_refused_by_name() -> None:
    for option, wanted in (
        ({"bucket_by": "day"}, "bucket"),
        ({"delta_cells": 64}, "delta-capacity"),
        ({"nfc": True}, "nfc"),
    ):
        with pytest.raises(SpecError, match=wanted):
            compare_places(str(STORED), pa.table(orders(30)), **option)
