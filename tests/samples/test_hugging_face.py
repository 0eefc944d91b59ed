"""Datasets that the package `datasets` saved: the same rows as elsewhere, and nothing read that is not beside its notes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sample_files import ARRAYS, DIGITS, rows_of

from sameset import open_source, sketch_table
from sameset.errors import SourceError, UnsupportedTypeError

SAVED = DIGITS / "hugging_face"


def digest(place: Any, **options: Any) -> str:
    return sketch_table(open_source(place, **options)).text_digest


def saved(folder: Path, table: pa.Table, features: dict[str, Any] | None = None, **state: Any) -> Path:
    """A dataset of one file, as `save_to_disk` lays it out."""
    folder.mkdir(exist_ok=True)
    with pa.ipc.new_stream(str(folder / "data.arrow"), table.schema) as writer:
        writer.write_table(table)
    (folder / "dataset_info.json").write_text(json.dumps({"features": features or {}}))
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data.arrow"}]} | state))
    return folder


def test_pixels_and_numbers_of_labels_are_those_of_the_arrays() -> None:
    assert digest(SAVED) == digest(DIGITS / "digits.npz")
    assert open_source(SAVED).schema().names == ["image", "label"]


def test_splits_have_names() -> None:
    with pytest.raises(SourceError, match=r"splits::SPLIT, of 'train', 'test'"):
        open_source(DIGITS / "splits")
    for odd in ("dev", "../hugging_face", ""):
        with pytest.raises(SourceError, match="no split"):
            open_source(f"{DIGITS}/splits::{odd}")
    both = [sketch_table(open_source(f"{DIGITS}/splits::{split}")) for split in ("train", "test")]
    assert both[0].merge(both[1]).text_digest == digest(SAVED)


def test_raw_is_the_bytes() -> None:
    schema = open_source(SAVED, raw=True).schema()
    assert schema.field("image").type == pa.large_binary()
    assert rows_of(open_source(SAVED, raw=True))[0]["image"].startswith(b"\x89PNG")
    assert digest(SAVED, raw=True) != digest(SAVED)


def test_threads_share_the_rows() -> None:
    streams = [list(stream) for stream in open_source(SAVED).streams(2)]
    assert [sum(batch.num_rows for batch in stream) for stream in streams] == [50, 50]


def test_a_source_is_read_by_conditions_and_by_columns() -> None:
    source = open_source(SAVED)
    assert source.aggregate("count(*)", "label = 3") == (int((ARRAYS["label"] == 3).sum()),)
    assert {tuple(batch.schema.names) for batch in source.batches(["label"])} == {("label",)}


def test_a_choice_of_rows_is_refused(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2]})
    folder = saved(tmp_path / "a", table, _indices_data_files=[{"filename": "indices.arrow"}])
    with pytest.raises(SourceError, match="flatten_indices"):
        open_source(folder).schema()


@pytest.mark.parametrize("name", ["../secret.arrow", "/etc/passwd", "..", "a/b.arrow"])
def test_files_elsewhere_are_not_read(name: str, tmp_path: Path) -> None:
    folder = saved(tmp_path / "a", pa.table({"a": [1]}), _data_files=[{"filename": name}])
    with pytest.raises(SourceError, match="not beside it"):
        open_source(folder).schema()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"_data_files": 3}', '{"_data_files": []}', "[" * 100_000])
def test_broken_notes_are_one_error(content: str, tmp_path: Path) -> None:
    folder = saved(tmp_path / "a", pa.table({"a": [1]}))
    (folder / "state.json").write_text(content)
    with pytest.raises(SourceError, match="save the dataset again"):
        open_source(folder).schema()


def images(values: list[Any]) -> pa.Table:
    return pa.table({"image": pa.array(values, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))})


FEATURES = {"image": {"_type": "Image"}}


def test_images_may_be_missing_but_no_mere_names(tmp_path: Path) -> None:
    content = rows_of(open_source(SAVED, raw=True))[0]["image"]
    folder = saved(tmp_path / "a", images([{"bytes": content, "path": None}, None]), FEATURES)
    assert [row["image"] for row in rows_of(open_source(folder))] == ["uint8 8x8", None]
    folder = saved(tmp_path / "a", images([{"bytes": None, "path": "/etc/passwd"}]), FEATURES)
    with pytest.raises(SourceError, match="row 0, column 'image' holds the name of an image alone"):
        rows_of(open_source(folder))


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    folder = saved(tmp_path / "a", images([None, {"bytes": b"x", "path": None}]), FEATURES)
    with pytest.raises(SourceError, match=r"data\.arrow: row 1, column 'image' is no image"):
        rows_of(open_source(folder))


def test_nested_lists_of_the_package_are_lists_and_other_types_are_refused(tmp_path: Path) -> None:
    lists = pa.array([[[1, 2]]], pa.list_(pa.list_(pa.int32())))

    def named(name: bytes) -> pa.Table:
        field = pa.field("a", lists.type, metadata={b"ARROW:extension:name": name})
        return pa.Table.from_arrays([lists], schema=pa.schema([field]))

    own = saved(tmp_path / "a", named(b"datasets.features.features.Array2DExtensionType"))
    assert rows_of(open_source(own)) == [{"a": [[1, 2]]}]
    with pytest.raises(UnsupportedTypeError, match=r"else\.type"):
        rows_of(open_source(saved(tmp_path / "b", named(b"else.type"))))


def test_a_missing_or_truncated_file_is_named(tmp_path: Path) -> None:
    break_: list[Callable[[Path], object]] = [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:5_000])]
    for number, harm in enumerate(break_):
        folder = shutil.copytree(SAVED, tmp_path / str(number))
        harm(folder / "data-00001-of-00002.arrow")
        with pytest.raises(SourceError, match="data-00001-of-00002"):
            digest(folder)
