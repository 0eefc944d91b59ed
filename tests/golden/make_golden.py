"""Writes the golden files that are not there yet, once and for all: `python tests/golden/make_golden.py` (--force overwrites).

A change in them is a change of encoding or format, and so a new version: whoever overwrites says why in the changelog.
Canonical bytes and the hashes of rows come from the naive twin, and are written only if `sameset` agrees.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import naive  # noqa: E402
import naive_schemes  # noqa: E402
import pyarrow as pa  # noqa: E402
from plain_tables import plain_type, plain_values  # noqa: E402
from recipes import BUCKETED, FORMED, NESTED, ROUNDED, ROWS, TABLES, VALUES, lattice_of, sketch_of  # noqa: E402

from sameset.canonical.columns import hash_column  # noqa: E402
from sameset.canonical.contents import RowWriter  # noqa: E402
from sameset.canonical.forms import AS_IS, Form  # noqa: E402
from sameset.sketches.table import hasher_for  # noqa: E402

SKETCHES = HERE / "sketch-v1"
WITH_BUCKETS = HERE / "sketch-v2"
LATTICES = HERE / "lattice-v1"
#: The tables that are written out and have lattice digests, and the ones whose digests have a file; the key is known to all.
LATTICE_TABLES = [name for name in TABLES if name != "cut-samples"]
STORED = {
    "every-type": None,
    "empty": None,
    "no-columns": None,
    "nested": None,
    "every-option": None,
    "keyed": b"golden key, no secret",
}
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


def rounding_lines() -> Iterator[str]:
    """digits | double | the double that it is rounded to | canonical bytes of that."""
    for number in (1, 2, 3, 7, 12, 14, 15):
        for value in ROUNDED:
            (line,) = forms_of(pa.array([value]), Form(number))
            yield f"{number} | {value!r} | {' | '.join(line.split(' | ')[1:3])}"


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


def table_lines() -> Iterator[str]:
    """One table a line, in JSON: its columns, rows and what of the spec enters digests; then the digests."""
    for name in LATTICE_TABLES:
        yield json.dumps(plain_table(name), separators=(",", ":"))


def plain_table(name: str) -> dict[str, object]:
    batch, spec = TABLES[name].read(), TABLES[name].spec
    form = naive.Form(spec.digits, spec.nfc)
    keys = naive.key_hashes(batch, spec.key, spec.seed, form) if spec.key else []
    columns = [plain_values(array) for array in batch.columns]
    return {
        "table": name,
        "seed": str(spec.seed),
        "digits": spec.digits,
        "nfc": spec.nfc,
        "key": list(spec.key),
        "columns": [[field.name, plain_type(field.type)] for field in batch.schema],
        "rows": [[column[i] for column in columns] for i in range(batch.num_rows)],
        "digest": naive.printed_digest(batch, spec.seed, form),
        "named": digits(naive.total(naive.named_hashes(batch, spec.seed, form))),
        "positional": digits(naive.total(naive.positional_hashes(batch, spec.seed, form))),
        "key hashes": digits(naive.total(keys)) if keys else None,
        "column sums": [
            [naive.values(array).count(None), digits(naive.total(naive.value_hashes(array, form)))]
            for array in batch.columns
        ],
    }


def content_lines() -> Iterator[str]:
    """type | value (ASCII) | family, size and canonical bytes without any hash in them."""
    for array in NESTED:
        ((data, offsets),) = RowWriter(pa.schema([("", array.type)])).write(pa.RecordBatch.from_arrays([array], [""]))
        kind = str(array.type).encode("ascii", "backslashreplace").decode()
        for value, start, end in zip(naive.values(array), offsets, offsets[1:], strict=False):
            expected = naive_schemes.framed(value, array.type)
            if data[start:end].tobytes() != naive.u64(0) + expected:
                raise SystemExit(f"{array.type} {value!r}: sameset and its twin disagree")
            yield f"{kind} | {value!a} | {expected.hex()}"


def lattice_lines() -> Iterator[str]:
    """table | key in hexadecimal digits or - | rows | printed lattice digest."""
    for name in LATTICE_TABLES:
        for secret in (None, STORED["keyed"]):
            digest = lattice_of(name, secret)
            yield f"{name} | {secret.hex() if secret else '-'} | {digest.rows} | {digest.text}"


def lattice_bytes(name: str) -> bytes:
    secret, table = STORED[name], "no-key" if name == "keyed" else name
    digest, spec = lattice_of(table, secret), TABLES[table].spec
    form = naive.Form(spec.digits, spec.nfc)
    if digest.text != naive_schemes.lattice_text(TABLES[table].read(), secret, form):
        raise SystemExit(f"{name}: sameset and its twin disagree")
    return digest.to_bytes()


def sketch_bytes(name: str) -> bytes:
    recipe = (TABLES | BUCKETED)[name]
    sketch = sketch_of(recipe)
    if naive.as_plain(sketch) != naive.table_sketch(recipe.read(), recipe.spec):
        raise SystemExit(f"{name}: sameset and its twin disagree")
    return sketch.to_bytes()


LINES = {
    "values-v1.txt": value_lines,
    "options-v1.txt": option_lines,
    "rounding-v1.txt": rounding_lines,
    "rows-v1.txt": row_lines,
    "digests-v1.txt": digest_lines,
    "tables-v1.jsonl": table_lines,
    "contents-v1.txt": content_lines,
    "lattice-v1.txt": lattice_lines,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="write the golden files that are not there yet")
    parser.add_argument("--force", action="store_true", help="overwrite those that are there")
    force = parser.parse_args().force
    makers: dict[Path, Callable[[], bytes]] = {
        **{HERE / name: partial(text_of, lines) for name, lines in LINES.items()},
        **{SKETCHES / f"{name}.sameset": partial(sketch_bytes, name) for name in TABLES},
        **{WITH_BUCKETS / f"{name}.sameset": partial(sketch_bytes, name) for name in BUCKETED},
        **{LATTICES / f"{name}.lthash": partial(lattice_bytes, name) for name in STORED},
    }
    wanted = {path: make for path, make in makers.items() if force or not path.exists()}
    if not wanted:
        raise SystemExit("all are already there; golden files are written once (--force overwrites)")
    files = {path: make() for path, make in wanted.items()}
    for path, data in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        sys.stdout.write(f"{path.relative_to(HERE)}: {len(data):,} bytes\n")


def text_of(lines: Callable[[], Iterator[str]]) -> bytes:
    return "\n".join(lines()).encode() + b"\n"


if __name__ == "__main__":
    main()
