"""The tables that are measured: the same ones each time, of the types and sizes that the page tells of."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmarks import arrays, derive, generate
from benchmarks.cell_types import cell_types
from benchmarks.contenders import sameset_changes
from benchmarks.contenders.answers import answer
from benchmarks.data import KEY, first_rows, lineitem
from benchmarks.shapes import SHAPES, Shape
from hypothesis import given
from hypothesis import strategies as st

SIZES = st.integers(0, 200)
SEEDS = st.integers(0, 2**32)
ROWS = 10_000


def draw_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", SHAPES)
def test_a_row_group_is_the_same_each_time_and_no_other_one(name: str) -> None:
    first = generate.rows_of(name, 50, 3)
    assert first == generate.rows_of(name, 50, 3)
    assert first != generate.rows_of(name, 50, 4)
    first.validate(full=True)


@pytest.mark.parametrize(("rows", "groups"), [(1, [1]), (10, [10]), (11, [10, 1]), (30, [10, 10, 10])])
def test_row_groups_cover_the_rows(
    rows: int, groups: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SHAPES, "nested", Shape("nested", "", 0, 10))
    target = tmp_path / "table.parquet"
    generate.main("nested", str(rows), str(target))
    metadata = pq.read_metadata(target)
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == groups


def test_the_shapes_are_what_they_are_called() -> None:
    tables = {name: generate.rows_of(name, 2_000, 0) for name in SHAPES}
    assert tables["wide"].num_columns == 500
    assert tables["narrow"].schema.types == [pa.int64()]
    assert set(tables["text"].schema.types) == {pa.string()}
    assert {pa.types.is_nested(type_) for type_ in tables["nested"].schema.types[1:]} == {True}
    few = generate.rows_of("dictionary", 20_000, 0)
    assert max(len(column.unique()) for column in few.columns) <= 5_000


def test_columns_of_few_values_are_written_with_dictionaries(tmp_path: Path) -> None:
    target = tmp_path / "table.parquet"
    generate.main("dictionary", "2000", str(target))
    group = pq.read_metadata(target).row_group(0)
    encodings = {group.column(i).path_in_schema: group.column(i).encodings for i in range(group.num_columns)}
    assert [name for name, used in encodings.items() if "RLE_DICTIONARY" not in used] == []


@given(SEEDS, SIZES, st.integers(0, 20), st.integers(0, 20), st.sampled_from([arrays.LETTERS, "αβγ", "€"]))
def test_texts_have_lengths_between_the_two(seed: int, rows: int, least: int, more: int, letters: str) -> None:
    found = arrays.texts(draw_of(seed), rows, least, least + more, letters)
    found.validate(full=True)
    assert len(found) == rows
    assert [
        text for text in found.to_pylist() if not least <= len(text) <= least + more or set(text) - set(letters)
    ] == []


@given(SEEDS, SIZES, st.integers(0, 9))
def test_lists_hold_at_most_so_many_values(seed: int, rows: int, most: int) -> None:
    found = arrays.lists(draw_of(seed), rows, most, arrays.integers)
    found.validate(full=True)
    assert [len(values) for values in found.to_pylist() if len(values) > most] == []
    assert len(found) == rows


@given(SEEDS, SIZES, st.sampled_from([(15, 2), (38, 10)]))
def test_decimals_keep_their_precision(seed: int, rows: int, size: tuple[int, int]) -> None:
    arrays.decimals(draw_of(seed), rows, *size).validate(full=True)


@given(SEEDS, st.floats(0, 1))
def test_nulls_take_the_place_of_a_share_of_the_values(seed: int, share: float) -> None:
    draw = draw_of(seed)
    values = arrays.integers(draw, 400)
    found = arrays.with_nulls(draw, values, share)
    assert abs(found.null_count / 400 - share) < 0.15
    assert [a for a, b in zip(found.to_pylist(), values.to_pylist(), strict=True) if a not in (None, b)] == []


def test_each_type_of_cells_has_its_rows_and_elements() -> None:
    for name, (array, elements) in cell_types(1_024).items():
        array.validate(full=True)
        many = array.storage if isinstance(array, pa.ExtensionArray) else array
        if elements and not isinstance(many, pa.MapArray):
            assert len(many.flatten()) == elements * len(many), name
        assert len(array) == (64 if "256" in name else 1_024)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return first_rows(lineitem(tmp_path_factory.mktemp("cache"), 0.01), ROWS)


@pytest.fixture(scope="module")
def after(before: Path) -> Path:
    target = before.with_name("after.parquet")
    derive.main("edited", str(before), str(ROWS), str(target))
    return target


def test_an_edited_table_differs_in_what_the_page_says(before: Path, after: Path) -> None:
    query = (
        "SELECT b.l_quantity, a.l_quantity, b, a, b.l_orderkey, a.l_orderkey "
        "FROM b FULL JOIN a USING (l_orderkey, l_linenumber)"
    )
    with duckdb.connect() as con:
        for name, path in (("b", before), ("a", after)):
            con.read_parquet(str(path)).create_view(name)
        rows = con.sql(query).fetchall()
    assert len([row for row in rows if row[5] is None]) == derive.REMOVED
    assert len([row for row in rows if row[4] is None]) == derive.ADDED
    changed = [row for row in rows if None not in row[4:] and row[2] != row[3]]
    assert len(changed) == derive.CHANGED
    assert {row[1] - row[0] for row in changed} == {1}


def test_sameset_answers_with_the_keys_that_a_join_finds(before: Path, after: Path) -> None:
    names = ", ".join(KEY)
    with duckdb.connect() as con:
        for name, path in (("b", before), ("a", after)):
            con.read_parquet(str(path)).create_view(name)
        lost, came, equal = (
            set(con.sql(f"SELECT {names} FROM {query}").fetchall())  # noqa: S608
            for query in ("(FROM b EXCEPT FROM a)", "(FROM a EXCEPT FROM b)", "(FROM b INTERSECT FROM a)")
        )
    assert not equal & (lost | came)
    expected = answer(came - lost, lost - came, came & lost)
    found = sameset_changes.work((str(before), str(after)))
    assert found.result == expected
    assert expected.startswith("7 added, 5 removed, 1,000 changed; keys ")
