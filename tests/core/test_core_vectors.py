"""The golden vectors as somebody reads them who has only the page: text files, Murmur, and Arrow for the sketches.

Neither `sameset` nor its naive twin is asked: the files have to be true by themselves.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import mmh3
import pyarrow as pa

GOLDEN = Path(__file__).parents[1] / "golden"
M64 = 2**64 - 1
#: Families by what the name of an Arrow type begins with, or has behind `extension<arrow.`; the first that fits.
FAMILIES = {
    r"bool": 2,
    r"u?int\d|halffloat|float|double|decimal": 3,
    r"(large_)?string(_view)?|json": 4,
    r"(large_|fixed_size_)?binary|uuid": 5,
    r"date": 6,
    r"time(32|64)": 7,
    r"timestamp\[\w+\]": 8,
    r"timestamp\[\w+, tz": 9,
    r"duration": 10,
    r"(large_|fixed_size_)?list": 11,
    r"struct": 12,
    r"map": 13,
    r"fixed_shape_tensor": 14,
    r"month_day_nano": 15,
}


def murmur(data: bytes, seed: int) -> tuple[int, int]:
    first, second = mmh3.hash64(data, seed, x64arch=True, signed=False)
    return first, second


def words(text: str) -> tuple[int, int]:
    first, second = text.split()
    return int(first, 16), int(second, 16)


def family_of(type_: str) -> int:
    type_ = re.sub(r"^(dictionary<values=|run_end_encoded<run_ends: \w+, values: |extension<arrow\.)", "", type_)
    return next(number for pattern, number in FAMILIES.items() if re.match(pattern, type_))


def test_the_hash_of_a_value_is_that_of_its_canonical_bytes_and_family() -> None:
    seen = set()
    for name in ("values-v1.txt", "options-v1.txt"):
        for line in (GOLDEN / name).read_text("ascii").splitlines():
            head, data, expected = line.rsplit(" | ", 2)
            type_, value = (head.split(" | ", 2)[-1] if name.startswith("options") else head).split(" | ", 1)
            family = 1 if value == "None" else family_of(type_)
            assert murmur(bytes.fromhex(data), 256 * family) == words(expected), line
            seen.add(family)
    assert seen == set(range(1, 16))


def content(value: object) -> bytes:
    """What the check of a sketch covers of a field."""
    if isinstance(value, int):
        return value.to_bytes(8, "little")
    if isinstance(value, str):
        return content(len(value.encode())) + value.encode()
    if isinstance(value, list):
        return content(len(value)) + b"".join(map(content, value))
    assert isinstance(value, dict)
    return b"".join(map(content, value.values()))


def test_the_check_of_a_sketch_is_the_hash_of_its_other_fields() -> None:
    for path in (GOLDEN / "sketch-v1").iterdir():
        sketch = pa.ipc.open_file(path).read_all().to_pylist()[0]
        first, second = murmur(content({name: sketch[name] for name in sketch if name != "check"}), 105)
        assert sketch["check"] == f"{first:016x}{second:016x}"


def test_the_printed_digest_of_a_table_follows_from_the_hashes_of_its_rows() -> None:
    rows: dict[str, list[tuple[int, int]]] = {}
    for line in (GOLDEN / "rows-v1.txt").read_text("ascii").splitlines():
        name, _, named, *_ = line.split(" | ")
        rows.setdefault(name, []).append(words(named))
    checked = []
    for line in (GOLDEN / "digests-v1.txt").read_text("ascii").splitlines():
        name, count, expected = line.split(" | ")
        sketch = pa.ipc.open_file(GOLDEN / "sketch-v1" / f"{name}.sameset").read_all().to_pylist()[0]
        assert (sketch["row_count"], sketch["digest"]) == (int(count), expected)
        if len(rows.get(name, [])) == int(count):  # of long tables only the first rows are in the file
            assert printed(rows.get(name, []), sketch) == expected
            checked.append(name)
    assert {"every-type", "nested", "no-columns", "empty"} <= set(checked)


def printed(rows: list[tuple[int, int]], sketch: dict[str, object]) -> str:
    """The printed digest, from the hashes of all rows and the column names of a sketch."""
    columns: list[dict[str, str]] = sketch["columns"]  # type: ignore[assignment]
    names = sorted(column["name"].encode() for column in columns)
    seed = json.loads(str(sketch["spec"]))["seed"]
    parts = [seed, len(rows), sum(row[0] for row in rows) & M64, sum(row[1] for row in rows) & M64]
    data = b"".join(part.to_bytes(8, "little") for part in parts)
    data += b"".join(len(name).to_bytes(8, "little") + name for name in names)
    first, second = murmur(data, 104)
    return f"v1:{first:016x}{second:016x}"
