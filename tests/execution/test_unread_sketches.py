"""Sketches in the registry that this program cannot read: another dataset's are passed over and told, its own refused."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pyarrow as pa
import pytest

import sameset
from sameset.errors import DamagedSketchError, SketchFormatError
from sameset.execution.checking import Check
from sameset.registry import NewSnapshot, Registry
from sameset.reports.markdown import as_markdown

ROOT = Path(__file__).parents[2]
ORDERS = pa.table({"id": range(300), "name": [f"n{n}" for n in range(300)]})


def of_newer_program() -> bytes:
    """The sketch of ORDERS as if a program had written it that knows more."""
    reader = pa.ipc.open_file(pa.py_buffer(sameset.sketch_table(ORDERS).to_bytes()))
    table = reader.read_all().replace_schema_metadata({b"sameset": b"9"})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def record(address: str, name: str, sketch: bytes) -> None:
    with Registry.open(address) as registry:
        entry = NewSnapshot(dataset=name, sketch=sketch, rows=300, digest="?", source="newer.parquet", status="new")
        registry.record(entry, expected_previous=None)


def damage(address: str, name: str) -> None:
    import sqlite3

    with sqlite3.connect(address) as connection:
        of_name = "select s.sketch_key from snapshot s join dataset d on d.id = s.dataset_id where d.name = ?"
        connection.execute(f"update sketch set content = x'00' where key in ({of_name})", [name])  # noqa: S608
    connection.close()


@pytest.fixture
def address(tmp_path: Path) -> str:
    return str(tmp_path / "registry.db")


def expect_told(check: Check, told: str) -> None:
    """Each format says it."""
    found = check.to_json()
    jsonschema.validate(found, json.loads((ROOT / "docs" / "check.schema.json").read_text("utf-8")))
    assert [note for note in found["notes"] if told in note]
    assert told in as_markdown(check, 20).replace("\\", "")


def test_another_dataset_of_a_newer_program_is_passed_over_and_told(address: str) -> None:
    record(address, "items", of_newer_program())
    sameset.check_table(ORDERS, "copies", address)
    new = sameset.check_table(ORDERS, "orders", address)
    again = sameset.check_table(ORDERS, "orders", address)
    for check, status in ((new, "new"), (again, "unchanged")):
        assert check.status == status
        assert [other.dataset for other in check.resembles] == ["copies"]
        told = "not compared with items, whose sketch cannot be read: items@1: the sketch has format 9 and this program reads"
        expect_told(check, told)


def test_very_many_of_them_are_one_note(address: str) -> None:
    for number in range(9):
        record(address, f"items {number}", of_newer_program())
    check = sameset.check_table(ORDERS, "orders", address)
    (note,) = check.notes
    assert "not compared with items 0, items 1, items 2 and 6 more, whose sketch" in note


def test_a_damaged_sketch_of_another_dataset_stops_nobody_else(address: str) -> None:
    sameset.check_table(ORDERS, "copies", address)
    damage(address, "copies")
    check = sameset.check_table(ORDERS.slice(5), "orders", address)
    expect_told(check, "the sketch of copies@1")
    with pytest.raises(DamagedSketchError, match="is damaged; restore the registry from a copy"):
        sameset.check_table(ORDERS, "copies", address)


def test_the_dataset_itself_of_a_newer_program_is_refused_and_stays_as_it_is(address: str) -> None:
    record(address, "orders", of_newer_program())
    with pytest.raises(SketchFormatError, match=r"orders@1: the sketch has format 9 .*; use the program that wrote it"):
        sameset.check_table(ORDERS, "orders", address)
    with Registry.open(address) as registry:
        assert [shot.number for shot in registry.history("orders")] == [1]
