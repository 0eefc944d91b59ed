"""Image folders: equal pixels are equal however a file keeps them, and hostile files are errors that name them."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from sample_files import ARRAYS, Folder, digits, refusal, rows_of

from sameset import open_source, sketch_table
from sameset.errors import SourceError
from sameset.sources.pixels import decode_image

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda size: st.sampled_from([size, (*size, 3), (*size, 4)])
)
IMAGES = SHAPES.flatmap(lambda shape: hnp.arrays(np.uint8, shape))


def encoded(image: Image.Image | np.ndarray[Any, Any], kind: str = "PNG", **options: Any) -> bytes:
    with io.BytesIO() as data:
        (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(data, kind, **options)
        return data.getvalue()


def in_four_channels(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Red, green, blue and opacity of every place: the definition of what an image is."""
    return np.asarray(Image.fromarray(pixels).convert("RGBA"))


@settings(max_examples=60)
@given(IMAGES)
def test_lossless_files_of_the_same_pixels_are_equal(pixels: np.ndarray[Any, Any]) -> None:
    forms = [
        decode_image(encoded(pixels), "a.png"),
        decode_image(encoded(pixels, "WEBP", lossless=True, exact=True), "a.webp"),
        decode_image(encoded(pixels, "TIFF"), "a.tif"),
        decode_image(encoded(in_four_channels(pixels)), "b.png"),
    ]
    assert len({(form.dtype, form.shape, form.tobytes()) for form in forms}) == 1
    assert (
        in_four_channels(forms[0] if forms[0].shape[2:] != (2,) else forms[0][..., [0, 0, 0, 1]])
        == in_four_channels(pixels)
    ).all()


@settings(max_examples=60)
@given(IMAGES, IMAGES)
def test_two_images_are_equal_only_if_they_are_at_every_place(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> None:
    forms = [decode_image(encoded(pixels), "x") for pixels in (a, b)]
    same = forms[0].shape == forms[1].shape and bool((forms[0] == forms[1]).all())
    assert same == np.array_equal(in_four_channels(a), in_four_channels(b))


def test_how_a_file_keeps_its_colours_does_not_count() -> None:
    few = (np.arange(48, dtype=np.uint8).reshape(4, 4, 3) // 12) * 60
    palette = Image.fromarray(few).quantize(4)
    shown = np.asarray(palette.convert("RGB"))
    two = Image.fromarray(ARRAYS["image"][0]).convert("1")
    assert (decode_image(encoded(palette), "p") == decode_image(encoded(shown), "q")).all()
    assert (decode_image(encoded(palette, "GIF"), "p") == decode_image(encoded(shown), "q")).all()
    assert (decode_image(encoded(two), "p") == decode_image(encoded(two.convert("L")), "q")).all()


def test_colours_under_transparent_places_count() -> None:
    clear, other = np.zeros((2, 2, 4), np.uint8), np.zeros((2, 2, 4), np.uint8)
    other[0, 0, :3] = 7, 8, 9
    assert decode_image(encoded(clear), "a").shape != decode_image(encoded(other), "b").shape


def test_a_turned_image_is_one_whose_pixels_were_turned() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    exif = Image.Exif()
    exif[274] = 6
    assert (decode_image(encoded(pixels, exif=exif), "a") == np.rot90(pixels, -1)).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_of_gray_stay(kind: str) -> None:
    words = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5_000
    found = decode_image(encoded(words, kind), "a")
    assert found.dtype == np.uint16
    assert (found == words).all()


def test_floats_and_inks_stay() -> None:
    floats = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    assert (decode_image(encoded(floats, "TIFF"), "a") == floats).all()
    inks = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
    found = decode_image(encoded(Image.frombytes("CMYK", (4, 3), inks.tobytes()), "TIFF"), "a")
    assert (found == np.moveaxis(inks, 2, 0)).all()


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True, "exact": True}), ("TIFF", {})])
def test_all_frames_count(kind: str, options: dict[str, Any]) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (3, 4, 5, 3), np.uint8)
    first, *others = map(Image.fromarray, frames)
    assert (decode_image(encoded(first, kind, save_all=True, append_images=others, **options), "a") == frames).all()


def png(width: int, height: int, bits: int, colour: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


NOISE = np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8)
HOSTILE = {
    "bomb": (png(60_000, 60_000, 8, 2, bytes(9_000)), "decompression bomb"),
    "large": (png(9_000, 9_000, 1, 0, bytes(9_000)), "more than 80,000,000 pixels"),
    "sixteen bits of colour": (png(2, 2, 16, 2, bytes(26)), "16 bits a channel"),
    "half a png": (encoded(NOISE)[:9_000], "cannot be decoded: image file is truncated"),
    "half a jpeg": (encoded(NOISE, "JPEG")[:2_000], "cannot be decoded: image file is truncated"),
    "half a webp": (encoded(NOISE, "WEBP")[:500], "cannot be decoded"),
    "nothing": (b"", "no image of a known format; repair it, take it out, or use --raw"),
    "text": (b"hello", "no image of a known format"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no image of a known format"),
    "lab": (encoded(Image.new("LAB", (3, 3)), "TIFF"), "colour mode LAB"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_named(case: str, folder: Folder) -> None:
    data, message = HOSTILE[case]
    root = folder("images", images=digits(2))
    (root / "0" / "bad.png").write_bytes(data)
    with pytest.raises(SourceError, match=message) as raised:
        sketch_table(open_source(root))
    assert f"{root}/0/bad.png" in str(raised.value)
    assert sketch_table(open_source(root, raw=True)).row_count == 3


@settings(max_examples=80)
@given(st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"]), st.data())
def test_broken_files_are_pixels_or_one_error(kind: str, data: st.DataObject) -> None:
    content = bytearray(encoded(NOISE[:9, :9], kind))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    kept = bytes(content[: data.draw(st.integers(0, len(content)))])
    told = refusal(lambda: decode_image(kept, "here"))
    assert told is None or told.startswith("here")


def test_rows_are_path_label_and_pixels(folder: Folder) -> None:
    root = folder("images", images=digits(3) | {"top": ARRAYS["image"][0], "a/b/deep": ARRAYS["image"][1][:, :5]})
    assert sorted(rows_of(open_source(root)), key=str) == [
        {"path": "0/000.png", "label": "0", "image": "uint8 8x8"},
        {"path": "1/001.png", "label": "1", "image": "uint8 8x8"},
        {"path": "2/002.png", "label": "2", "image": "uint8 8x8"},
        {"path": "a/b/deep.png", "label": "a", "image": "uint8 8x5"},
        {"path": "top.png", "label": None, "image": "uint8 8x8"},
    ]
    assert rows_of(open_source(root / "0" / "*.png")) == [{"path": "000.png", "label": None, "image": "uint8 8x8"}]
    assert rows_of(open_source(root / "top.png")) == [{"path": "top.png", "label": None, "image": "uint8 8x8"}]


def test_raw_is_the_bytes(folder: Folder) -> None:
    root = folder("images", images=digits(2))
    (first, _) = sorted(rows_of(open_source(root, raw=True)), key=str)
    assert first == {"path": "0/000.png", "label": "0", "bytes": (root / "0" / "000.png").read_bytes()}


def test_what_nobody_asks_for_is_not_decoded(folder: Folder) -> None:
    root = folder("images", images=digits(2))
    (root / "0" / "000.png").write_bytes(b"broken")
    assert sum(batch.num_rows for batch in open_source(root).batches(["path"])) == 2


def test_images_beside_a_table_are_refused(folder: Folder) -> None:
    root = folder("images", images=digits(2))
    (root / "labels.csv").write_text("path,label\n0/000.png,0\n")
    with pytest.raises(SourceError, match=r"several kinds \(1 csv, 2 images\); give a pattern"):
        open_source(root)
    assert open_source(f"{root}/**/*.png").row_count() == 2


def test_batches_are_bounded_by_bytes(folder: Folder) -> None:
    large = np.zeros((1_200, 1_000, 3), np.uint8)
    large[0, 0] = 1, 2, 3
    root = folder("images", images={f"{i}": large for i in range(7)})
    sizes = [batch.num_rows for batch in open_source(root).batches()]
    assert sizes == [3, 3, 1]


@pytest.mark.skipif(sys.platform != "linux", reason="only there names are any bytes")
def test_a_name_that_is_not_utf8_is_refused(folder: Folder) -> None:
    root = folder("images", images=digits(1))
    os.rename(root / "0" / "000.png", os.fsencode(root) + b"/0/\xff.png")
    with pytest.raises(SourceError, match="not written in UTF-8"):
        sketch_table(open_source(root))


def test_without_pillow_the_extra_is_named(folder: Folder) -> None:
    root = folder("images", images=digits(1))
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "from sameset import open_source\n"
        "print(open_source(sys.argv[1], raw=True).schema().names)\n"
        "open_source(sys.argv[1]).schema()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "['path', 'label', 'bytes']"
    assert "pip install 'sameset[images]'" in done.stderr.splitlines()[-1]


def test_threads_share_the_images(folder: Folder, tmp_path: Path) -> None:
    source = open_source(folder("images"))
    streams = source.streams(4)
    assert len(streams) == 4
    paths = [path for stream in streams for batch in stream for path in batch.column(0).to_pylist()]
    assert sorted(paths) == sorted(row["path"] for row in rows_of(source))
