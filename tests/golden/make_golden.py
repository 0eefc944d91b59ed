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
import pyarrow as pa  # noqa: E402
from recipes import FORMED, NESTED, ROWS, TABLES, VALUES, sketch_of  # noqa: E402

from sameset.canonical.columns import hash_column  # noqa: E402
from sameset.canonical.forms import AS_IS, Form  # noqa: E402
from sameset.sketches.table import hasher_for  # noqa: E402

SKETCHES = HERE / "sketch-v1"
MOST_ROWS = 6


def digits(pair: tuple[int, int]) -> str:
    return f"{pair[0]:016x} {pair[1]:016x}"


def value_lines() -> Iterator[str]:
    """type | value (ASCII) | canonical bytes | both halves of the hash."""
    for array in (*VALUES, *NESTED):
        yield from forms_of(array, AS_IS)


def option_lines() -> Iterator[str]:
    """digits or - | nfc or - | type | value in that form (ASCII) | canonical bytes | both halves of the hash."""
    for number, nfc, array in FORMED:
        for line in forms_of(array, Form(number, nfc)):
            yield f"{number or '-'} | {'nfc' if nfc else '-'} | {line}"


def forms_of(array: pa.Array, form: Form) -> Iterator[str]:
    hashed, kind = hash_column(array, "value", form), str(array.type).encode("ascii", "backslashreplace").decode()
    for i, value in enumerate(naive.values(array, naive.Form(form.digits, form.nfc))):
        expected = naive.value_hash(value, array.type)
        if (int(hashed.h1[i]), int(hashed.h2[i])) != expected:
            raise SystemExit(f"{array.type} {value!r}: sameset and its twin disagree")
        yield f"{kind} | {value!a} | {naive.canonical_bytes(value, array.type).hex()} | {digits(expected)}"


def row_lines() -> Iterator[str]:
    """table | row | named hash | positional hash | key hash or - | packed key or -."""
    for name in ROWS:
        batch, spec = TABLES[name].read(), TABLES[name].spec
        form = naive.Form(spec.digits, spec.nfc)
        hashed = hasher_for(spec, batch.schema).hash(batch)
        named, placed = naive.named_hashes(batch, spec.seed, form), naive.positional_hashes(batch, spec.seed, form)
        keys = naive.key_hashes(batch, spec.key, spec.seed, form) if spec.key else []
        packed = naive.packed_keys(batch, spec.key, spec.seed, spec.keep_keys, form) if spec.key else []
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
    if naive.as_plain(sketch) != naive.table_sketch(recipe.read(), recipe.spec):
        raise SystemExit(f"{name}: sameset and its twin disagree")
    return sketch.to_bytes()


LINES = {
    "values-v1.txt": value_lines,
    "options-v1.txt": option_lines,
    "rows-v1.txt": row_lines,
    "digests-v1.txt": digest_lines,
}


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
