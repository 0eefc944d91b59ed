"""A condition chooses the same rows in every format, and speaks of nothing but the columns of one row."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sameset import Spec, sketch_table
from sameset.errors import SourceError

NAN = float("nan")


def places(table: pa.Table, folder: Path) -> list[object]:
    """The table in memory, as Arrow file, and as Parquet files whose footers tell much and little."""
    pq.write_table(table, folder / "groups.parquet", row_group_size=2, use_dictionary=False)
    pq.write_table(table, folder / "codes.parquet")
    with pa.ipc.new_file(folder / "rows.arrow", table.schema) as writer:
        writer.write_table(table)
    return [table, *map(str, sorted(folder.iterdir()))]


def chosen(place: object, where: str) -> tuple[int, str]:
    sketch = sketch_table(place, Spec(where=where))
    return sketch.row_count, sketch.text_digest


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("x > 3", 3),  # NaN is the greatest number of SQL
        ("x <= 4", 3),
        ("x <> 4", 4),
        ("x = 'nan'", 2),
        ("isnan(x)", 2),
        ("greatest(x, 3) > 3", 3),
        ("f > 100", 2),
        ("h > 100", 2),
        ("s.a > 100", 2),
        ("l[1] > 100", 2),
    ],
)
def test_nan_is_chosen_whatever_footers_tell(where: str, rows: int, tmp_path: Path) -> None:
    numbers = [4.0, NAN, 1.0, 2.0, NAN]
    table = pa.table(
        {
            "x": numbers,
            "f": pa.array(numbers, pa.float32()),
            "h": pa.array(np.array(numbers, np.float16)),
            "s": [{"a": number} for number in numbers],
            "l": [[number] for number in numbers],
        }
    )
    found = {chosen(place, where) for place in places(table, tmp_path)}
    assert [count for count, _ in found] == [rows]


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("columns('pri') > 1", 1),
        ("columns(*) > 0", 2),
        ("columns(lambda name: name like 'p%') > 0", 2),
        ('"É" = 1', 3),  # SQL is blind to the case of ASCII alone
        ("column2 = 7", 1),
        ("SOURCE.PRI > 1", 2),
        ("[each for each in [pri] if each > 1] = [2]", 1),
    ],
)
def test_columns_are_found_by_name_or_pattern_in_every_format(where: str, rows: int, tmp_path: Path) -> None:
    values = {"pri": [1, 2, 3], "price": [0, 1, 2], "": [5, 6, 6], "column2": [7, 8, 8], "É": [1, 1, 1], "é": [2, 2, 2]}
    found = {chosen(place, where) for place in places(pa.table(values), tmp_path)}
    assert [count for count, _ in found] == [rows]


@pytest.mark.parametrize("where", ["id = '00000000-0000-0000-0000-000000000005'", "id::varchar like '%5'", "j.a = 1"])
def test_uuids_and_json_are_such_in_every_format(where: str, tmp_path: Path) -> None:
    ids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(15) + b"\5", bytes(16), None], pa.binary(16)))
    texts = pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": 1}', '{"a": 2}', None]))
    found = {chosen(place, where) for place in places(pa.table({"id": ids, "j": texts}), tmp_path)}
    assert [count for count, _ in found] == [1]


@pytest.mark.parametrize("where", ['"U" > 5', "u > 5", "u_1 > 5", "source.u > 5", "a = 1 and U + 1 > 5"])
def test_names_that_sql_does_not_tell_apart_are_refused(where: str, tmp_path: Path) -> None:
    table = pa.table({"u": [1, 2], "U": [10, 20], "U_1": [100, 200], "a": [1, 1]})
    for place in places(table, tmp_path):
        with pytest.raises(SourceError, match="but SQL does not tell 'u' from 'U'; rename one of them"):
            sketch_table(place, Spec(where=where))
        assert sketch_table(place, Spec(where="A = 1")).row_count == 2


@pytest.mark.parametrize("name", ["rowid", "filename", "file_row_number", "file_index", "nope", "current_date", "u_1"])
def test_what_is_no_column_is_refused(name: str, tmp_path: Path) -> None:
    rows = pa.table({"id": [1, 2], "": [1, 2]})
    everywhere = places(rows, tmp_path)
    with duckdb.connect(tmp_path / "rows.duckdb") as con:
        con.register("given", rows)
        con.execute("create table t as from given")
    for place in [*everywhere, f"{tmp_path}/rows.duckdb::t"]:
        with pytest.raises(SourceError, match=f"speaks of '{name}', which is no column of it; it has 'id', "):
            sketch_table(place, Spec(where=f"{name} is not null"))


@pytest.mark.parametrize(
    "call",
    [
        "now()",
        "today()",
        "current_localtimestamp()",
        "age(t)",
        "current_setting('threads')",
        "session_user()",
        "t.age()",
        "Now()",
        "random()",
    ],
)
def test_what_is_another_value_tomorrow_or_elsewhere_is_refused(call: str) -> None:
    table = pa.table({"t": pa.array([0, 1], pa.timestamp("us"))})
    with pytest.raises(SourceError, match="which has another value each time; write the value itself"):
        sketch_table(table, Spec(where=f"{call} is not null"))
    assert sketch_table(table, Spec(where="age(t, t) = interval 0 days")).row_count == 2
