"""Digits as other packages wrote them, and folders of images with the same pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sample_files import Folder, digits


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """`folder(name, ending, images, **options)`: a folder of label folders with a file for every image."""

    def written(name: str, ending: str = "png", images: dict[str, Any] | None = None, **options: Any) -> Path:
        for path, pixels in (images if images is not None else digits()).items():
            file = tmp_path / name / f"{path}.{ending}"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file, **options)
        return tmp_path / name

    return written
