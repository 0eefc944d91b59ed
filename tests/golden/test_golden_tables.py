"""The golden tables as somebody reads them who has only the file: the tables come from its JSON, not from recipes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import naive
import pyarrow as pa
import pytest
from plain_tables import array_of

from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch, hasher_for

HERE = Path(__file__).parent
TABLES = [json.loads(line) for line in (HERE / "tables-v1.jsonl").read_text("ascii").splitlines()]
every_table = pytest.mark.parametrize("table", TABLES, ids=[table["table"] for table in TABLES])


def batch_of(table: dict[str, Any]) -> pa.RecordBatch:
    """The rows of a line of the file, as Arrow."""
    arrays = [array_of(kind, [row[at] for row in table["rows"]]) for at, (_, kind) in enumerate(table["columns"])]
    names = [name for name, _ in table["columns"]]
    if not arrays:  # only a struct array keeps a number of rows without columns
        return pa.RecordBatch.from_struct_array(pa.array([{}] * len(table["rows"]), pa.struct([])))
    return pa.RecordBatch.from_arrays(arrays, names)


def spec_of(table: dict[str, Any]) -> Spec:
    """The part of the spec that digests depend on."""
    return Spec(seed=int(table["seed"]), digits=table["digits"], nfc=table["nfc"], key=tuple(table["key"]))


def words(text: str) -> tuple[int, int]:
    first, second = text.split()
    return int(first, 16), int(second, 16)


@every_table
def test_a_table_read_from_json_has_the_frozen_digests(table: dict[str, Any]) -> None:
    batch, spec = batch_of(table), spec_of(table)
    sketch = TableSketch.empty(spec, batch.schema)
    sketch.update(hasher_for(spec, batch.schema).hash(batch))
    assert sketch.row_count == len(table["rows"])
    assert sketch.text_digest == table["digest"]
    assert sketch.digest.named == words(table["named"])
    assert sketch.digest.positional == words(table["positional"])
    if spec.key:
        assert sketch.digest.key == words(table["key hashes"])
    found = [[column.nulls, *column.digest] for column in sketch.columns]
    assert found == [[nulls, *words(text)] for nulls, text in table["column sums"]]


@every_table
def test_the_naive_twin_says_the_same(table: dict[str, Any]) -> None:
    batch, spec = batch_of(table), spec_of(table)
    form = naive.Form(spec.digits, spec.nfc)
    assert naive.printed_digest(batch, spec.seed, form) == table["digest"]
    assert naive.total(naive.named_hashes(batch, spec.seed, form)) == words(table["named"])
    assert naive.total(naive.positional_hashes(batch, spec.seed, form)) == words(table["positional"])
    if spec.key:
        assert naive.total(naive.key_hashes(batch, spec.key, spec.seed, form)) == words(table["key hashes"])
    for array, (nulls, text) in zip(batch.columns, table["column sums"], strict=True):
        assert (naive.values(array).count(None), naive.total(naive.value_hashes(array, form))) == (nulls, words(text))


def test_the_printed_digests_are_those_of_the_other_files() -> None:
    lines = (line.split(" | ") for line in (HERE / "digests-v1.txt").read_text("ascii").splitlines())
    others = {name: (int(rows), digest) for name, rows, digest in lines}
    del others["cut-samples"]  # 20,000 rows: too long to be written out
    assert {table["table"]: (len(table["rows"]), table["digest"]) for table in TABLES} == others
