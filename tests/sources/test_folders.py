"""Which files a folder or pattern means: none is left out or counted twice without a word."""

from __future__ import annotations

import glob
import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rights import without_rights

from sameset.errors import SchemaError, SourceError
from sameset.sources import open_source
from sameset.sources.file_sets import files_at


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a\n1\n")


def found(address: object, below: Path) -> list[str]:
    return [os.path.relpath(file, below) for file in files_at(str(address)).files]


FOLDERS = st.lists(st.sampled_from(["a", "b", "year1", "c[1]", "é"]), max_size=3)
FILES = st.lists(st.tuples(FOLDERS, st.sampled_from(["x.csv", "y.csv", "[q].csv", "xy.csv"])), min_size=1, max_size=8)
PARTS = st.sampled_from(["**", "*", "a", "?", "[ab]", "year*", "[!a]*", "é"])
PATTERNS = st.tuples(st.lists(PARTS, max_size=3), st.sampled_from(["*.csv", "**", "x*", "?.csv", "[[]q[]].csv"]))


@settings(max_examples=60, deadline=None)
@given(FILES, PATTERNS, st.booleans())
def test_a_pattern_means_what_python_makes_of_it(
    files: list[tuple[list[str], str]], pattern: tuple[list[str], str], relative: bool
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(os.path.realpath(name))
        put(folder, *("/".join([*parents, file]) for parents, file in files))
        patch.chdir(folder)
        text = os.path.join("" if relative else folder, *pattern[0], pattern[1])
        expected = sorted({file for file in glob.glob(text, recursive=True) if os.path.isfile(file)})
        if expected:
            assert list(files_at(text).files) == expected
        else:
            with pytest.raises(SourceError, match="has no Parquet, CSV"):
                files_at(text)


def test_a_url_of_a_file_may_be_escaped(tmp_path: Path) -> None:
    put(tmp_path, "a b/é#.csv", "a%20b.csv")
    for url in (
        (tmp_path / "a b" / "é#.csv").as_uri(),
        f"file://{tmp_path}/a b/é#.csv",
        f"FILE://localhost{tmp_path}/a b",
        f"file://{tmp_path}/a%20b.csv",
    ):
        assert open_source(url).aggregate("sum(a)") == (1,)


def test_a_link_to_nothing_is_a_missing_file(tmp_path: Path) -> None:
    put(tmp_path, "x.csv")
    (tmp_path / "y.csv").symlink_to(tmp_path / "gone.csv")
    for place in (tmp_path, tmp_path / "*.csv", tmp_path / "**" / "*.csv"):
        with pytest.raises(SourceError, match=r"y\.csv does not exist"):
            open_source(place).schema()


def test_a_link_to_a_folder_above_adds_no_rows(tmp_path: Path) -> None:
    put(tmp_path / "set", "x.csv", "deep/y.csv")
    put(tmp_path / "other", "z.csv")
    (tmp_path / "set" / "deep" / "loop").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "more").symlink_to(tmp_path / "other")
    for place in (tmp_path / "set", tmp_path / "set" / "**" / "*.csv"):
        assert found(place, tmp_path / "set") == ["deep/y.csv", "more/z.csv", "x.csv"]


def test_a_folder_that_may_not_be_read_is_an_error_and_not_empty() -> None:
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        put(Path(name), "x.csv", "closed/y.csv", "_closed/z.csv", "lost+found/z.csv")
        for closed in ("closed", "_closed", "lost+found"):
            os.chmod(f"{name}/{closed}", 0)
        with without_rights():
            for place in (name, f"{name}/**/*.csv", f"{name}/*/*.csv"):
                with pytest.raises(SourceError, match=r"/closed cannot be read: Permission denied"):
                    files_at(place)
            assert found(f"{name}/*.csv", Path(name)) == ["x.csv"]


def test_what_writers_leave_beside_the_rows_is_no_file_of_the_table(tmp_path: Path) -> None:
    put(tmp_path, "x.csv", ".x.csv.crc", "_temporary/0/y.csv", ".part.csv", "_tmp.csv", "lost+found/z.csv", "readme.md")
    (tmp_path / "_SUCCESS").touch()
    for place in (tmp_path, tmp_path / "*", tmp_path / "**"):
        assert found(place, tmp_path) == ["x.csv"]
    assert len(files_at(str(tmp_path / ".part.csv")).files) == 1  # named itself, it is meant


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("k=1/k=2/x.csv", r"one key twice .*\(k, k\)"),
        ("k=1/K=2/x.csv", r"one key twice .*\(k, K\)"),
        ("k=a=b/x.csv", "'k=a=b', in which a second = is to be written as %3D"),
    ],
)
def test_key_value_folders_that_can_be_read_in_two_ways_are_refused(name: str, told: str, tmp_path: Path) -> None:
    put(tmp_path, name)
    with pytest.raises(SchemaError, match=told):
        files_at(str(tmp_path))


@pytest.mark.parametrize("ending", ["csv", "arrow"])
def test_values_in_folder_names_are_unquoted_and_may_be_missing(ending: str, tmp_path: Path) -> None:
    expected = {
        "a%3Db": "a=b",
        "c%2Fd": "c/d",
        "": "",
        "o'x": "o'x",
        "__HIVE_DEFAULT_PARTITION__": None,
        "null": "null",
    }
    for value in expected:
        put(tmp_path, f"k={value}/x.{ending}")
        if ending == "arrow":
            table = pa.table({"a": [1]})
            with pa.ipc.new_file(str(tmp_path / f"k={value}" / "x.arrow"), table.schema) as writer:
                writer.write_table(table)
    rows = [row["k"] for batch in open_source(tmp_path).batches(["k"]) for row in batch.to_pylist()]
    assert sorted(rows, key=str) == sorted(expected.values(), key=str)
