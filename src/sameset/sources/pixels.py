"""The pixels of an image file, in the one form that images of equal pixels have (docs/samples.md, "Images").

Two images are equal if at every place they have the same red, green, blue and opacity; how a file keeps them does not
count. So the form has no more channels than it needs: none for the opacity if all is opaque, one for colour if all is gray.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from sameset.errors import MissingExtraError, SamesetError, SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Pixels = NDArray[Any]

__all__ = ["IMAGE_ENDINGS", "decode_image", "require_pillow"]

IMAGE_ENDINGS = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k"),
)
#: What Pillow may take the bytes for, whatever the ending of the name: no format that runs another program (EPS, WMF).
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000")
MOST_PIXELS = (
    80_000_000  # of one image, all its frames together; where Pillow itself begins to warn of bombs is 89 million
)
WORDS = {"I;16": np.uint16, "I;16L": np.uint16, "I;16B": np.uint16, "I;16N": np.uint16}
NUMBERS = {"I": np.int32, "F": np.float32, **WORDS}
GRAY, COLOURED, TRANSPARENT = ("1", "L"), ("RGB", "RGBX"), ("P", "PA", "LA", "La", "RGBA", "RGBa")
OPAQUE = 255


def require_pillow(place: str) -> None:
    """MissingExtraError unless Pillow is installed."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise MissingExtraError("images", f"{place}: reading pixels") from None


def decode_image(data: bytes, place: str) -> Pixels:
    """The pixels of an encoded image: (height, width), or with 2 to 4 channels behind, or with frames before.

    uint8; uint16, int32 or float32 of gray images that have such. SourceError names the place of what is broken, larger
    than an image may be, or of a kind that cannot be read without loss. Hostile bytes may make a decoder raise anything.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _refuse_large(image, place)
            frames = getattr(image, "n_frames", 1) if image.format != "MPO" else 1  # the others are thumbnails
            if frames == 1:
                return _one(image, place)
            return _all_frames(image, frames, place)
    except SamesetError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise SourceError(_too_large(place)) from None
    except UnidentifiedImageError:
        raise SourceError(f"{place} is no image of a known format; repair it, take it out, or use --raw") from None
    except Exception as error:
        raise SourceError(
            f"{place} cannot be decoded: {_reason(error)}; repair it, take it out, or use --raw"
        ) from error


def _refuse_large(image: Image, place: str) -> None:
    width, height = image.size
    if width * height * getattr(image, "n_frames", 1) > MOST_PIXELS:
        raise SourceError(_too_large(place))


def _too_large(place: str) -> str:
    return f"{place} has more than {MOST_PIXELS:,} pixels, as a decompression bomb has; take it out, or use --raw"


def _one(image: Image, place: str) -> Pixels:
    """The pixels of an image of one frame, turned as its EXIF orientation says."""
    from PIL import ImageOps

    _refuse_lossy(image, place)
    upright = ImageOps.exif_transpose(image) if image.getexif() else image
    if image.mode in NUMBERS:
        return np.asarray(upright).astype(NUMBERS[image.mode], copy=False)
    if image.mode == "CMYK":  # inks are no colours: their axis stands first, so that they are no image with opacity
        return np.moveaxis(np.asarray(upright), 2, 0)
    return _fewest_channels(_seen(upright))


def _all_frames(image: Image, frames: int, place: str) -> Pixels:
    """The pixels of an animation or of pages: (frames, height, width, channels); how long each is shown does not count."""
    seen = []
    for number in range(frames):
        image.seek(number)
        _refuse_large(image, place)
        _refuse_lossy(image, place)
        if image.mode in NUMBERS or image.mode == "CMYK":
            raise SourceError(f"{place} has several pages of mode {image.mode}; save them one by one, or use --raw")
        seen.append(np.asarray(image.convert("RGBA")))
        if seen[-1].shape != seen[0].shape:
            raise SourceError(f"{place} has pages of different sizes; save them one by one, or use --raw")
    together = _fewest_channels(np.stack(seen))
    return together if together.ndim == 4 else together[..., None]


def _refuse_lossy(image: Image, place: str) -> None:
    """SourceError for what Pillow would give without a part: 16 bits a channel in colour, colours of no known meaning."""
    known = (*NUMBERS, "CMYK", *GRAY, *COLOURED, *TRANSPARENT)
    if image.mode not in known:
        raise SourceError(f"{place} has the colour mode {image.mode}, which is not read; convert it, or use --raw")
    stored = " ".join(str(tile[-1]) for tile in getattr(image, "tile", ()))
    if image.mode not in NUMBERS and re.search(r";16", stored):
        raise SourceError(f"{place} has 16 bits a channel, of which 8 would be read; convert it, or use --raw")
    if image.mode in WORDS and "transparency" in image.info:
        raise SourceError(f"{place} has 16 bits and a transparent colour, which is not read; convert it, or use --raw")


def _seen(image: Image) -> Pixels:
    """uint8 of one frame, (height, width) or with 3 or 4 channels behind."""
    if image.mode in TRANSPARENT or "transparency" in image.info:
        return np.asarray(image.convert("RGBA"))
    wanted = "L" if image.mode in GRAY else "RGB"
    return np.asarray(image if image.mode == wanted else image.convert(wanted))


def _fewest_channels(pixels: Pixels) -> Pixels:
    """The same without opacity where all is opaque, and with one channel instead of three where all is gray."""
    if pixels.ndim < 3:
        return pixels
    if pixels.shape[-1] == 4 and (pixels[..., 3] == OPAQUE).all():
        pixels = pixels[..., :3]
    if not _is_gray(pixels):
        return pixels
    return pixels[..., 0] if pixels.shape[-1] == 3 else pixels[..., [0, 3]]


def _is_gray(pixels: Pixels) -> bool:
    """Whether the three colours are equal everywhere; mostly the first rows tell."""
    return all(
        bool((part[..., 0] == part[..., 1]).all() and (part[..., 1] == part[..., 2]).all())
        for part in (pixels[:1], pixels)
    )


def _reason(error: Exception) -> str:
    """The first sentence of what a decoder says, which may hold bytes of the file."""
    text = next(iter(str(error).splitlines()), "") or type(error).__name__
    return text[:200].strip().rstrip(".")
