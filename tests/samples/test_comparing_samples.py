"""Two datasets of samples compared: what changed, moved, appeared and vanished, at hand or from a sketch alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from sample_files import ARRAYS, DIGITS, Folder, digits, rows_of

from sameset import check_table, open_source, sketch_table
from sameset.cli.main import cli
from sameset.comparison.samples import FATES, SampleChanges
from sameset.execution.comparing import compare_places
from sameset.execution.samples import with_sample_key
from sameset.registry import Registry
from sameset.sketches.spec import Spec

LONG = "a name of more bytes than a sketch keeps of a key"


def edited() -> dict[str, np.ndarray[Any, Any]]:
    """The digits with one of each fate."""
    images = digits()
    images["5/005"] = images.pop("5/005") ^ 1  # changed
    images["9/007"] = images.pop("7/007")  # moved to another label
    images[f"8/{LONG}"] = images.pop("8/008")  # renamed
    images.pop("6/006")  # vanished
    images["0/new"] = images["0/000"] ^ 2  # appeared
    images["0/copy"] = images["0/000"]  # a copy
    return images


def compared(left: object, right: object, **options: Any) -> SampleChanges:
    changes = compare_places(left, right, **options).samples
    assert changes is not None
    return changes


def names(changes: SampleChanges) -> dict[str, list[tuple[str | None, str | None]]]:
    return {
        fate: [(each.old_name, each.name) for each in changes.lists[fate]] for fate in FATES if changes.lists.get(fate)
    }


EXPECTED = {
    "changed": [(None, "5/005.png")],
    "relabelled": [("7/007.png", "9/007.png")],
    "moved": [("8/008.png", f"8/{LONG}.png")],
    "appeared": [(None, "0/copy.png"), (None, "0/new.png")],
    "vanished": [(None, "6/006.png")],
}


def test_every_fate_is_found(folder: Folder) -> None:
    changes = compared(folder("a"), folder("b", images=edited()))
    assert names(changes) == EXPECTED
    assert changes.by_content
    assert [estimate and estimate.estimate for estimate in changes.copies] == [0, 1]
    (moved,) = changes.lists["relabelled"]
    assert (moved.old_label, moved.label) == ("7", "9")
    back = compared(folder("b", images={}), folder("a"))
    assert names(back)["relabelled"] == [("9/007.png", "7/007.png")]


def test_scores_are_of_bags_and_of_sets(folder: Folder) -> None:
    found = compare_places(folder("a"), folder("b", images=edited()))
    assert found.set_similarity is not None
    assert found.similarity.jaccard.estimate == found.set_similarity.jaccard.estimate == 26 / 35
    twice = np.concatenate([ARRAYS["image"], ARRAYS["image"][:50]])
    np.save(folder("c").parent / "twice.npy", twice)
    np.save(folder("c").parent / "once.npy", ARRAYS["image"])
    found = compare_places(folder("c").parent / "once.npy", folder("c").parent / "twice.npy")
    assert found.set_similarity is not None
    assert (found.similarity.jaccard.estimate, found.set_similarity.jaccard.estimate) == (100 / 150, 1.0)


def test_identical_is_a_hundred_percent(folder: Folder) -> None:
    found = compare_places(folder("a"), folder("b"))
    assert found.is_same
    assert found.samples is not None
    assert set(found.samples.counts.values()) == {0}
    assert found.set_similarity is not None
    assert found.similarity.jaccard.estimate == found.set_similarity.jaccard.estimate == 1


def test_files_of_another_format_are_the_same_but_for_their_names(folder: Folder) -> None:
    png, webp = folder("a"), folder("b", "webp", lossless=True)
    assert compared(png, webp).counts == dict.fromkeys(FATES, 0) | {"moved": 30}
    note = "only names differ: the same contents and labels; --ignore path compares them without their names"
    assert compare_places(png, webp).notes[-1] == note
    assert note not in compare_places(png, folder("c", images=edited())).notes
    assert compare_places(png, webp, ignore=["path"]).is_same
    assert not compare_places(png, webp, ignore=["path"], raw=True).is_same


def test_columns_that_the_changed_samples_leave_alone_differ_by_rows_alone(folder: Folder) -> None:
    found = compare_places(folder("a"), folder("b", images=edited()))
    told = {column.name: (str(column.state), column.differs_by_rows, column.cells) for column in found.columns}
    assert told == {"path": ("same", True, 0), "label": ("same", True, 0), "image": ("changed", False, 1)}


def test_tensors_of_another_number_type_or_shape_are_retyped(tmp_path: Path) -> None:
    image, label = ARRAYS["image"], np.arange(len(ARRAYS["image"]))
    others = {"single": image.astype(np.float32), "flat": image.reshape(len(image), -1), "changed": image ^ 1}
    np.savez(tmp_path / "old.npz", image=image, label=label)
    for name, other in others.items():
        np.savez(tmp_path / f"{name}.npz", image=other, label=label)
        found = {c.name: c for c in compare_places(tmp_path / "old.npz", tmp_path / f"{name}.npz").columns}
        assert str(found["image"].state) == ("changed" if name == "changed" else "retyped")
    _, text = run("compare", tmp_path / "old.npz", tmp_path / "single.npz")
    assert "tensor<uint8, " in text
    assert "tensor<float, " in text
    assert "fixed_shape_tensor" not in text


def test_a_name_of_the_old_format_may_hold_the_new_one(folder: Folder) -> None:
    png, webp = folder("a"), folder("b", "webp", lossless=True)
    for file in webp.rglob("*.webp"):
        file.rename(file.with_suffix(".png"))
    assert compare_places(png, webp).is_same


@pytest.mark.parametrize("limit", [1, 100])
def test_of_a_sketch_alone_samples_are_told_by_name(
    folder: Folder, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sameset.execution.refining.MOST_SAMPLES", limit)
    old = folder("a")
    spec = with_sample_key(Spec(), [open_source(old)])
    assert spec.key == ("path",)
    sketch = sketch_table(open_source(old), spec)
    shutil.rmtree(old)
    found = compare_places(sketch, folder("b", images=edited())).to_json(limit)
    samples = found["samples"]
    assert not samples["by_content"]
    assert samples["counts"] == {"changed": 1, "relabelled": 0, "moved": 0, "appeared": 4, "vanished": 3}
    told = {fate: sorted(entry["name"] for entry in samples[fate]) for fate in FATES}
    assert max(map(len, told.values())) <= limit
    assert not any(found["row_sample"].values())  # the samples tell more than their rows do
    if limit > 1:
        assert told == {fate: [] for fate in FATES} | {
            "changed": ["5/005.png"],
            "appeared": ["0/copy.png", "0/new.png", f"8/{LONG}.png", "9/007.png"],
            "vanished": ["6/006.png", "7/007.png", "8/008.png"],
        }


def test_shards_are_compared_by_key(tmp_path: Path) -> None:
    source = open_source(f"{DIGITS}/*.tar.gz")
    fewer = source.named({row["key"] for row in rows_of(source)} - {"3/003"})  # type: ignore[attr-defined]
    changes = compared(source, fewer)
    assert changes.columns == (("key",), "cls", ("json", "png", "txt"))
    assert names(changes) == {"vanished": [(None, "3/003")]}


def test_samples_without_names_move_labels_by_content(tmp_path: Path) -> None:
    other = ARRAYS["label"].copy()
    other[[3, 7]] = 0
    np.savez(tmp_path / "b.npz", image=ARRAYS["image"], label=other)
    for old in (DIGITS / "digits.npz", DIGITS / "hugging_face"):
        changes = compared(old, tmp_path / "b.npz")
        assert changes.counts == dict.fromkeys(FATES, 0) | {"relabelled": 2}
        assert [(each.old_label, each.label) for each in changes.lists["relabelled"]] == [(3, 0), (7, 0)]


def test_pixels_and_bytes_are_not_silently_different(folder: Folder) -> None:
    root = folder("a")
    pixels, raw = (sketch_table(open_source(root, raw=raw), Spec(key=("path",))) for raw in (False, True))
    for left, right in ((pixels, raw), (raw, pixels)):
        assert any("pixels, the other the bytes" in note for note in compare_places(left, right).notes)
    saved = [sketch_table(open_source(DIGITS / "hugging_face", raw=raw)) for raw in (False, True)]
    assert any("pixels, the other the bytes" in note for note in compare_places(*saved).notes)
    assert compare_places(pixels, root).notes == ()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_edit_is_accounted_for(data: st.DataObject, tmp_path: Path) -> None:
    pixels = st.integers(0, 5).map(lambda value: np.full((2, 2), value, np.uint8))
    paths = st.dictionaries(
        st.sampled_from([f"{label}/{name}" for label in "xy" for name in "abc"]), pixels, max_size=6
    )
    sides = [data.draw(paths), data.draw(paths)]
    for side, images in zip("ab", sides, strict=True):
        shutil.rmtree(tmp_path / side, ignore_errors=True)
        for path, image in (images | {"always/there": np.zeros((3, 3), np.uint8)}).items():
            (tmp_path / side / path).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(tmp_path / side / f"{path}.png")
    changes = compared(tmp_path / "a", tmp_path / "b")
    before, now = ({(path, int(image[0, 0])) for path, image in side.items()} for side in sides)
    both = changes.counts["changed"] + changes.counts["relabelled"] + changes.counts["moved"]
    assert both + changes.counts["vanished"] == len(before - now)
    assert both + changes.counts["appeared"] == len(now - before)


def test_a_check_finds_the_samples_of_the_snapshot_before(folder: Folder, tmp_path: Path) -> None:
    with Registry.open(str(tmp_path / "r.db")) as registry:
        first = check_table(open_source(folder("a")), "digits", registry)
        assert first.arrival.sketch.spec.key == ("path",)
        second = check_table(open_source(folder("b", images=edited())), "digits", registry)
    assert second.comparison is not None
    assert second.comparison.samples is not None
    assert names(second.comparison.samples) == EXPECTED


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.return_value, done.output


def test_the_command_line_lists_samples(folder: Folder) -> None:
    a, b = folder("a"), folder("b", images=edited())
    code, text = run("compare", a, b)
    assert code == 1
    for line in ("changed (1): 5/005.png (5)", "7/007.png → 9/007.png (7 → 9)", "vanished (1): 6/006.png"):
        assert line in text
    assert "similarity: 74.29 % as bags, 74.29 % as sets" in text
    code, text = run("compare", a, b, "--format", "markdown")
    assert "### Samples moved to another label: 1" in text
    code, text = run("compare", a, b, "--format", "json", "--limit", "1")
    found = json.loads(text)["samples"]
    assert found["counts"]["appeared"] == 2
    assert [entry["name"] for entry in found["appeared"]] == ["0/copy.png"]
    code, text = run("compare", a, a)
    assert (code, "similarity: 100 % as bags, 100 % as sets" in text) == (0, True)


def test_samples_with_neither_name_nor_label_are_counted_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ARRAYS["image"])
    np.save(tmp_path / "b.npy", ARRAYS["image"][:-2])
    assert " vanished (2) " in run("compare", tmp_path / "a.npy", tmp_path / "b.npy")[1]


def test_raw_travels_through_every_verb(folder: Folder, tmp_path: Path) -> None:
    root = folder("a")
    for arguments in (
        ("sketch", root, "-o", tmp_path / "a.sameset"),
        ("digest", root),
        ("check", root, "--name", "digits", "--registry", tmp_path / "r.db"),
    ):
        assert run(*arguments, "--raw")[0] == 0
    assert run("compare", tmp_path / "a.sameset", root, "--raw")[0] == 0
    assert run("compare", tmp_path / "a.sameset", root)[0] == 1
