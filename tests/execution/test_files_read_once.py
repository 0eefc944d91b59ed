"""Sets of files checked file by file: the sketch of reading everything, by reading only what is new."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from file_sets_made import HOW, check, rows, write
from hypothesis import given, settings
from hypothesis import strategies as st

import sameset
from sameset.errors import SchemaError, SourceError
from sameset.registry import Registry
from sameset.sketches.spec import Spec

NAMES = st.sampled_from(["a", "b", "c", "d", "deep/e"])
NUMBERS = st.lists(st.integers(0, 40), min_size=1, max_size=14)
STEPS = st.one_of(
    st.tuples(st.just("write"), NAMES, NUMBERS),
    st.tuples(st.just("remove"), NAMES, st.none()),
    st.tuples(st.just("rename"), NAMES, NAMES),
    st.tuples(st.just("copy"), NAMES, NAMES),
    st.tuples(st.just("touch"), NAMES, st.none()),
    st.tuples(st.just("check"), NAMES, st.none()),
)


def apply_step(folder: Path, ending: str, step: tuple[str, str, object]) -> None:
    what, name, more = step
    path = folder / f"{name}.{ending}"
    other = folder / f"{more}.{ending}"
    if what == "write":
        write(rows(*more), path)  # type: ignore[misc]
    elif what == "touch" and path.exists():
        path.touch()
    elif what in ("rename", "copy") and path.exists() and path != other:
        other.parent.mkdir(exist_ok=True)
        shutil.copy2(path, other)
        if what == "rename":
            path.unlink()
    elif what == "remove":
        path.unlink(missing_ok=True)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.*")}


@pytest.mark.parametrize("ending", ["parquet", "arrow", pytest.param("csv", marks=pytest.mark.slow)])
@settings(max_examples=8)
@given(steps=st.lists(STEPS, min_size=2, max_size=10))
def test_any_edits_of_a_folder_give_the_sketch_of_all_files_and_read_what_is_new(
    ending: str, steps: list[tuple[str, str, object]]
) -> None:
    with tempfile.TemporaryDirectory() as place, Registry.open(f"{place}/registry.db") as registry:
        folder = Path(place) / "data"
        write(rows(1, 2, 3), folder / f"kept.{ending}")
        write(rows(*range(20, 45)), folder / f"large.{ending}")
        before: dict[str, bytes] = {}
        for step in [*steps, ("check", "", None)]:
            apply_step(folder, ending, step)
            if step[0] != "check":
                continue
            checked, now = check(folder, registry, **HOW[ending]), bytes_of(folder)
            new = set(now.values()) - set(before.values())
            assert {now[name] for name in checked.opened} == new
            assert sum(checked.opened.values()) == len(new)
            changes = checked.found.changes
            came = {*changes.added, *(name for _, name in changes.renamed)}
            assert came == set(now) - set(before)
            assert set(changes.changed) == {name for name in now if before.get(name, now[name]) != now[name]}
            assert {*changes.removed, *(name for name, _ in changes.renamed)} == set(before) - set(now)
            before = now


def test_keys_of_folders_are_columns_of_files_that_are_read_alone(tmp_path: Path, registry: Registry) -> None:
    folder = tmp_path / "data"
    for year in (2023, 2024):
        write(rows(1, 2, 3), folder / f"year={year}" / "part=x" / "a.parquet")
    checked = check(folder, registry)
    assert len(checked.opened) == 2  # the same bytes are other rows in another folder
    write(rows(4), folder / "year=2024" / "part=x" / "b.parquet")
    assert list(check(folder, registry).opened) == ["year=2024/part=x/b.parquet"]
    shutil.move(folder / "year=2023", folder / "year=2025")
    assert list(check(folder, registry).opened) == ["year=2025/part=x/a.parquet"]


def test_a_folder_that_gives_a_key_another_type_makes_all_files_unknown(tmp_path: Path, registry: Registry) -> None:
    folder = tmp_path / "data"
    write(rows(1), folder / "k=1" / "a.parquet")
    write(rows(2), folder / "k=2" / "a.parquet")
    check(folder, registry)
    write(rows(3), folder / "k=x" / "a.parquet")
    assert len(check(folder, registry).opened) == 3


@pytest.mark.parametrize("ending", ["parquet", "arrow", "csv"])
def test_files_of_unequal_columns_are_read_with_those_of_the_whole(
    ending: str, tmp_path: Path, registry: Registry
) -> None:
    folder, how = tmp_path / "data", HOW[ending] | {"union_by_name": True}
    write(rows(1, 2), folder / f"a.{ending}")
    write(rows(3).drop_columns(["text"]).select(["price", "id"]), folder / f"b.{ending}")
    check(folder, registry, **how)
    write(rows(4).drop_columns(["text"]).select(["price", "id"]), folder / f"c.{ending}")
    assert list(check(folder, registry, **how).opened) == [f"c.{ending}"]
    if ending != "csv":
        narrow = rows(5, 6).set_column(0, "id", pa.array([5, 6], pa.int8()))
        write(narrow, folder / f"d.{ending}")
        assert len(check(folder, registry, **how).opened) == 1  # the whole has the same columns as before
        write(rows(7).append_column("new", pa.array([1])), folder / f"e.{ending}")
        assert len(check(folder, registry, **how).opened) == 5


def test_a_file_that_does_not_fit_is_refused_as_it_always_is(folder: Path, registry: Registry) -> None:
    check(folder, registry)
    write(rows(1).drop_columns(["text"]), folder / "odd.parquet")
    with pytest.raises(SchemaError, match=r"odd\.parquet lacks 'text'"):
        check(folder, registry)
    (folder / "odd.parquet").write_bytes(b"")
    with pytest.raises(SourceError, match="is empty"):
        check(folder, registry)


@pytest.mark.parametrize(
    ("where", "reads"),
    [("id > 12", ["new.parquet"]), ("text = 't1' or price < 1", ["new.parquet"])],
)
def test_a_condition_is_put_to_each_file(where: str, reads: list[str], folder: Path, registry: Registry) -> None:
    spec = Spec(where=where, ignore=("price",))
    check(folder, registry, spec)
    write(rows(50, 51), folder / "new.parquet")
    assert list(check(folder, registry, spec).opened) == reads


def test_another_spec_makes_all_files_unknown(folder: Path, registry: Registry) -> None:
    check(folder, registry)
    assert len(check(folder, registry, Spec(key=("id",))).opened) == 4


WHOLE = {
    "csv without types": ("a.csv", {}, Spec(), "found over all rows"),
    "csv with some types": ("a.csv", {"schema": rows().schema.remove(0)}, Spec(), "the type of 'id'"),
    "json": ("a.jsonl", {}, Spec(), "only Parquet, Arrow and CSV"),
    "condition on folders": ("k=1/a.parquet", {}, Spec(where="k = 1"), "a condition is about"),
}


@pytest.mark.parametrize("case", WHOLE)
def test_what_cannot_be_read_by_file_is_read_as_a_whole_and_says_so(
    case: str, tmp_path: Path, registry: Registry
) -> None:
    from sameset.execution.incremental import sketch_files
    from sameset.sources import open_source

    name, how, spec, told = WHOLE[case]
    folder = tmp_path / "data"
    if name.endswith("jsonl"):
        folder.mkdir()
        (folder / name).write_text('{"id": 1}\n', encoding="utf-8")
    else:
        write(rows(1, 2), folder / name)
    found = sketch_files(open_source(folder, **how), spec, registry, "files")  # type: ignore[arg-type]
    assert found.sketch == sameset.sketch_table(open_source(folder, **how), spec)  # type: ignore[arg-type]
    assert found.memory is None
    assert told in found.changes.sentence
    assert found.changes.unchanged == 0


def test_a_file_written_while_it_is_read_is_an_error_and_nothing_is_kept_of_it(
    folder: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sameset.execution import incremental

    sketch = incremental.sketch_partition

    def writing(source, *more):  # type: ignore[no-untyped-def]
        made = sketch(source, *more)
        if source.address.endswith("2.parquet"):
            write(rows(99), folder / "2.parquet")
        return made

    monkeypatch.setattr(incremental, "sketch_partition", writing)
    with pytest.raises(SourceError, match=r"2\.parquet was written while it was read"):
        check(folder, registry)
    monkeypatch.undo()
    assert "2.parquet" in check(folder, registry).opened
