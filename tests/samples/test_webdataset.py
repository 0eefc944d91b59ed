"""WebDataset shards: a row for every key, in any packing; what is hostile or not in order is refused."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_files import ARRAYS, DIGITS, refusal, rows_of

from sameset import open_source, sketch_table
from sameset.comparison import compare
from sameset.errors import SourceError
from sameset.sources.tar_files import members_of

SHARDS = f"{DIGITS}/*.tar.gz"
QUICK = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def digest(place: Any) -> str:
    return sketch_table(open_source(place)).text_digest


def tar(path: Path, members: list[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, "w", format=form) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def unpacked(folder: Path) -> list[Path]:
    """The shards as plain tar files."""
    paths = []
    for shard in sorted(DIGITS.glob("*.tar.gz")):
        paths.append(folder / shard.stem)
        paths[-1].write_bytes(gzip.decompress(shard.read_bytes()))
    return paths


def test_samples_are_rows() -> None:
    source = open_source(SHARDS)
    assert source.row_count() == 100
    assert source.schema().names == ["key", "cls", "json", "png", "txt"]
    rows = rows_of(source)
    expected = {"key": "3/003", "cls": 3, "json": '{"digit": 3}', "png": "uint8 8x8", "txt": "the digit 3"}
    assert rows[3] == expected
    assert [row["cls"] for row in rows] == ARRAYS["label"].tolist()


def test_pixels_are_those_of_the_arrays() -> None:
    shards, arrays = (sketch_table(open_source(place)) for place in (SHARDS, DIGITS / "digits.npz"))
    assert shards.columns[3].digest == arrays.columns[0].digest


def test_packing_and_shards_do_not_count(tmp_path: Path) -> None:
    plain = unpacked(tmp_path)
    (tmp_path / "one.tgz").write_bytes(gzip.compress(plain[0].read_bytes()))
    assert digest(plain[0]) == digest(tmp_path / "one.tgz") == digest(DIGITS / "shard-00.tar.gz")
    (tmp_path / "one.tgz").unlink()
    assert digest(tmp_path) == digest(SHARDS)
    members = [member for path in plain for member in members_of(str(path), 1 << 20, lambda name: True)]
    together = tar(tmp_path / "all.tar", [(member.name, member.content or b"") for member in members])
    assert digest(together) == digest(SHARDS)


@QUICK
@given(
    names=st.lists(st.text("abé/-", max_size=300).map(lambda name: f"{name.strip('/')}."), unique=True, max_size=4),
    content=st.binary(max_size=1_500),
    form=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
)
def test_members_are_those_of_pythons_tarfile(names: list[str], content: bytes, form: int, tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", [(name, content) for name in names], form)
    with tarfile.open(path) as archive:
        expected = [(info.name, content) for info in archive if info.isfile()]
    found = list(members_of(str(path), 1 << 20, lambda name: True))
    assert [(member.name, member.content) for member in found] == expected
    assert [member.content for member in members_of(str(path), 1 << 20, lambda name: False)] == [None] * len(found)


def test_names_are_read_as_the_package_reads_them(tmp_path: Path) -> None:
    members = [
        ("__notes__.json", b"{}"),
        ("a.b/1.left.PNG", b""),
        ("a.b/1.seg.txt", b"x"),
        ("a.b/2.seg.txt", b"y"),
        ("3.", b"z"),
    ]
    source = open_source(tar(tmp_path / "a.tar", members), raw=True)
    assert rows_of(source) == [
        {"key": "a.b/1", "": None, "left.png": b"", "seg.txt": "x"},
        {"key": "a.b/2", "": None, "left.png": None, "seg.txt": "y"},
        {"key": "3", "": b"z", "left.png": None, "seg.txt": None},
    ]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("a.txt", b""), ("b.txt", b""), ("a.cls", b"1")], "'a' in several places"),
        ([("a.txt", b""), ("a.txt", b"")], "two files a.txt"),
        ([("a.cls", b"cat")], "a.cls is no whole number"),
        ([("a.cls", b"9" * 30)], "a.cls is no whole number"),
        ([("a.txt", b"\xff")], "a.txt is not UTF-8"),
        ([("a.png", b"x")], "a.png is no image"),
        ([("readme", b"x")], "'readme', which is not named KEY.ENDING"),
        ([("a.key", b"x")], r"end in \.key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_sample_is_refused(members: list[tuple[str, bytes]], message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=message) as raised:
        digest(tar(tmp_path / "a.tar", members))
    assert str(tmp_path) in str(raised.value)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(kind: bytes, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("a.txt")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(SourceError, match="a link, a device or sparse"):
        digest(tmp_path / "a.tar")


def test_claimed_sizes_take_no_memory(tmp_path: Path) -> None:
    info = tarfile.TarInfo("a.txt")
    for size, message in ((1 << 60, "at most 1,073,741,824 are read"), (1 << 29, "a.tar")):
        info.size = size
        (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(512))
        with pytest.raises(SourceError, match=message):
            rows_of(open_source(tmp_path / "a.tar"))


def test_an_archive_ends_with_its_end_mark(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", [("a.txt", b"1"), ("b.txt", b"2")])
    whole = path.read_bytes()
    for size in (0, 100, 512, 700, 1_024, 2_048):
        path.write_bytes(whole[:size])
        with pytest.raises(SourceError, match=r"a\.tar"):
            digest(path)
    path.write_bytes(whole + whole)
    with pytest.raises(SourceError, match="goes on behind its end mark"):
        digest(path)


@settings(QUICK, max_examples=100)
@given(junk=st.binary(min_size=1, max_size=30), at=st.integers(0, 3_000))
def test_broken_bytes_are_rows_or_one_error(junk: bytes, at: int, tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", [("a.txt", b"1" * 600), ("b" * 150 + ".txt", b"2"), ("c.cls", b"3")])
    data = bytearray(path.read_bytes())
    data[at : at + len(junk)] = junk
    path.write_bytes(data)
    told = refusal(lambda: digest(path))
    assert told is None or str(path) in told


def test_what_is_read_is_counted_by_name(tmp_path: Path) -> None:
    source = open_source(SHARDS)
    assert sum(batch.num_rows for batch in source.batches([])) == 100
    chosen = source.named({"3/003", "7/007", "nobody"})  # type: ignore[attr-defined]
    assert [row["key"] for row in rows_of(chosen)] == ["3/003", "7/007"]
    assert compare(sketch_table(source), sketch_table(chosen)).right.rows == 2
