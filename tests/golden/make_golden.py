"""Writes the golden files beside it, once and for all: `python tests/golden/make_golden.py` (--force overwrites).

A change in them is a change of encoding or format, and so a new version: whoever overwrites says why in the changelog.
Canonical bytes and the hashes of rows come from the naive twin, and are written only if `sameset` agrees.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import naive  # noqa: E402
from recipes import ROWS, TABLES, VALUES, sketch_of  # noqa: E402

from sameset.canonical.batches import RowHasher  # noqa: E402
from sameset.canonical.columns import hash_column  # noqa: E402

SKETCHES = HERE / "sketch-v1"
MOST_ROWS = 6


def digits(pair: tuple[int, int]) -> str:
    return f"{pair[0]:016x} {pair[1]:016x}"


def value_lines() -> Iterator[str]:
    """type | value (ASCII) | canonical bytes | both halves of the hash."""
    for array in VALUES:
        hashed = hash_column(array, "value")
        for i, value in enumerate(naive.values(array)):
            expected = naive.value_hash(value, array.type)
            if (int(hashed.h1[i]), int(hashed.h2[i])) != expected:
                raise SystemExit(f"{array.type} {value!r}: sameset and its twin disagree")
            yield f"{array.type} | {value!a} | {naive.canonical_bytes(value, array.type).hex()} | {digits(expected)}"


def row_lines() -> Iterator[str]:
    """table | row | named hash | positional hash | key hash or - | packed key or -."""
    for name in ROWS:
        batch, spec = TABLES[name].make(), TABLES[name].spec
        hashed = RowHasher(batch.schema, spec.key, spec.seed, spec.keep_keys).hash(batch)
        named, placed = naive.named_hashes(batch, spec.seed), naive.positional_hashes(batch, spec.seed)
        keys = naive.key_hashes(batch, spec.key, spec.seed) if spec.key else []
        packed = naive.packed_keys(batch, spec.key, spec.seed, spec.keep_keys) if spec.key else []
        if list(zip(*(lane.tolist() for lane in hashed.named), strict=True)) != named:
            raise SystemExit(f"{name}: sameset and its twin disagree")
        for i in range(min(batch.num_rows, MOST_ROWS)):
            key = f"{digits(keys[i])} | {packed[i].hex()}" if keys else "- | -"
            yield f"{name} | {i} | {digits(named[i])} | {digits(placed[i])} | {key}"


def digest_lines() -> Iterator[str]:
    """table | rows | printed digest."""
    for name, recipe in TABLES.items():
        sketch = sketch_of(recipe)
        yield f"{name} | {sketch.row_count} | {sketch.text_digest}"


def sketch_bytes(name: str) -> bytes:
    recipe = TABLES[name]
    sketch = sketch_of(recipe)
    if naive.as_plain(sketch) != naive.table_sketch(recipe.make(), recipe.spec):
        raise SystemExit(f"{name}: sameset and its twin disagree")
    return sketch.to_bytes()


LINES = {"values-v1.txt": value_lines, "rows-v1.txt": row_lines, "digests-v1.txt": digest_lines}


def main() -> None:
    parser = argparse.ArgumentParser(description="write the golden files")
    parser.add_argument("--force", action="store_true", help="overwrite those that are there")
    force = parser.parse_args().force
    paths = [*(HERE / name for name in LINES), *(SKETCHES / f"{name}.sameset" for name in TABLES)]
    there = sorted(path.name for path in paths if path.exists())
    if there and not force:
        raise SystemExit(f"already there: {', '.join(there)}; golden files are written once (--force overwrites)")
    files = {HERE / name: "\n".join(lines()).encode() + b"\n" for name, lines in LINES.items()}
    files |= {SKETCHES / f"{name}.sameset": sketch_bytes(name) for name in TABLES}
    SKETCHES.mkdir(exist_ok=True)
    for path, data in files.items():
        path.write_bytes(data)
        sys.stdout.write(f"{path.relative_to(HERE)}: {len(data):,} bytes\n")


if __name__ == "__main__":
    main()
