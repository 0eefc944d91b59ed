"""Writes tests/samples/digits: a hundred digits of scikit-learn as other packages keep them. Run by hand, never by a test.

pip install datasets webdataset scikit-learn pillow
python tests/samples/make_digits.py
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).with_name("digits")
COUNT = 100


def png_of(pixels: np.ndarray) -> bytes:
    """The pixels as PNG."""
    with io.BytesIO() as data:
        Image.fromarray(pixels).save(data, "PNG")
        return data.getvalue()


def main() -> None:
    """Writes an .npz, a dataset and a dictionary of splits of Hugging Face, and two shards of WebDataset."""
    import datasets
    import webdataset
    from sklearn.datasets import load_digits

    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    digits = load_digits()
    images = (digits.images[:COUNT] * 15).astype(np.uint8)
    labels = digits.target[:COUNT].astype(np.int64)
    np.savez(FOLDER / "digits.npz", image=images, label=labels)
    columns = {"image": [{"bytes": png_of(image), "path": None} for image in images], "label": labels.tolist()}
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=[f"digit {i}" for i in range(10)])}
    )
    rows = datasets.Dataset.from_dict(columns, features=features)
    rows.save_to_disk(FOLDER / "hugging_face", num_shards=2)
    splits = datasets.DatasetDict({"train": rows.select(range(80)), "test": rows.select(range(80, COUNT))})
    splits.save_to_disk(FOLDER / "splits")
    with webdataset.ShardWriter(f"{FOLDER}/shard-%02d.tar.gz", maxcount=50, verbose=0) as shards:
        for i, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
            shards.write(
                {
                    "__key__": f"{label}/{i:03d}",
                    "png": png_of(image),
                    "cls": label,
                    "json": {"digit": label},
                    "txt": f"the digit {label}",
                }
            )


if __name__ == "__main__":
    main()
