"""Numbers as texts, of any length and mixture: what is read is what was written, or the double that was written out."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from sameset.errors import SourceError
from sameset.sources import open_source

COLUMNS, ROWS = 50, 4


def number(chance: random.Random) -> str:
    """A number as JSON and CSV have it: whole, with a point, with an exponent, or as Python writes a double."""
    size = chance.choice([1, 3, 14, 15, 16, 17, 18, 20, 30])
    digits = str(chance.randint(10 ** (size - 1), 10**size - 1))
    if chance.random() < 0.3:
        digits = digits[: chance.randint(1, size)].ljust(size, "0")
    kind, point = chance.random(), chance.randint(1, size)
    if kind < 0.3:
        text = digits
    elif kind < 0.8:
        text = f"{digits[:point]}.{digits[point:] or '0'}"
    elif kind < 0.9:
        text = repr(chance.random() * 10.0 ** chance.randint(-20, 20))
    else:
        text = f"{digits[0]}.{digits[1:] or '0'}e{chance.randint(-30, 30)}"
    return "-" * (chance.random() < 0.3) + text


def columns(seed: int) -> dict[str, list[str]]:
    chance = random.Random(seed)
    return {f"c{i}": [number(chance) for _ in range(chance.randint(1, ROWS))] for i in range(COLUMNS)}


def is_kept(text: str, value: Any) -> bool:
    """Whether the value is the number, or the double that is written like this, in as few digits as tell it, or in 17."""
    if isinstance(value, str):
        return value == text
    if Fraction(value) == Fraction(text):
        return True
    if not isinstance(value, float) or value != float(text):
        return False
    forms = {f"{value:.{digits}e}" for digits in range(17)} | {repr(value)}
    short = len(str(abs(int(Decimal(text).scaleb(60)))).strip("0")) <= 15
    return short or any(Decimal(form) == Decimal(text) for form in {repr(value), f"{value:.16e}"} & forms)


@pytest.mark.parametrize("seed", range(2))
def test_numbers_in_csv_keep_their_digits(seed: int, tmp_path: Path) -> None:
    table = columns(seed)
    lines = [",".join(texts[i] if i < len(texts) else "" for texts in table.values()) for i in range(ROWS)]
    (tmp_path / "x.csv").write_text(
        "\n".join(["row," + ",".join(table), *(f"{i},{line}" for i, line in enumerate(lines))])
    )
    batches = open_source(tmp_path / "x.csv").batches()
    rows = sorted((row for batch in batches for row in batch.to_pylist()), key=lambda row: row["row"])
    for name, texts in table.items():
        assert [text for text, row in zip(texts, rows, strict=False) if not is_kept(text, row[name])] == [], texts


def put(tmp_path: Path, *lines: str) -> Path:
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    return tmp_path / "x.jsonl"


def values(path: Path, schema: pa.Schema | None = None) -> list[Any]:
    batches = open_source(path, schema=schema).batches(["a"])
    return [row["a"] for batch in batches for row in batch.to_pylist()]


def test_a_number_with_a_point_in_json_is_a_double_and_a_whole_one_keeps_its_digits(tmp_path: Path) -> None:
    assert values(put(tmp_path, '{"a": 0.30000000000000004}', '{"a": 9007199254740993.0}')) == [0.1 + 0.2, 2.0**53]
    assert values(put(tmp_path, '{"a": 1.5}', '{"a": 9007199254740993}')) == [Decimal("1.5"), Decimal(2**53 + 1)]


@pytest.mark.parametrize(
    ("type_", "numbers", "told"),
    [
        (pa.decimal128(38, 19), ["0.1234567890123456789"], "19 digits, which JSON readers round"),
        (pa.decimal128(17, 1), ["1.5", "1234567890123456.7"], "17 digits in 'a', which JSON readers round"),
        (None, ["4171220113997500590", "640182064169.64432"], "17 digits in 'a', which JSON readers round"),
        (pa.string(), ["1", "1.10"], "do not keep how these are written"),
        (pa.string(), ["1e2"], "do not keep how these are written"),
    ],
)
def test_numbers_that_json_readers_change_are_refused(
    type_: pa.DataType | None, numbers: list[str], told: str, tmp_path: Path
) -> None:
    path = put(tmp_path, *(f'{{"b": 0.30000000000000004, "a": {text}}}' for text in numbers))
    schema = None if type_ is None else pa.schema([("a", type_)])
    with pytest.raises(SourceError, match=told):
        values(path, schema)
    as_texts = put(tmp_path, *(json.dumps({"a": text}) for text in numbers))
    if type_ is not None:
        assert len(values(as_texts, schema)) == len(numbers)


def test_given_decimals_beside_long_doubles_are_read(tmp_path: Path) -> None:
    path = put(tmp_path, '{"b": 0.30000000000000004, "a": 1.10}', '{"a": "2.25", "b": 1}')
    assert sorted(values(path, pa.schema([("a", pa.decimal128(9, 2))]))) == [Decimal("1.10"), Decimal("2.25")]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"a": ' + "[" * 5_000 + "]" * 5_000 + "}", "line 2 is nested too deeply"),
        ('{"a": "\\ud800"}', r"line 2 has one half of a pair of \\u escapes"),
        ('\ufeff{"a": 1}', "line 2 begins with a byte order mark"),
        ('[{"a": 1}', "line 2 cannot be read .*; write one object of JSON per line"),
    ],
)
def test_a_broken_line_is_named_with_what_is_wrong(line: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"x\.jsonl.* {told}"):
        values(put(tmp_path, '{"a": 1}', line))


@pytest.mark.parametrize(
    ("text", "is_instant"),
    [("2024-01-01 00:00:00+14:00", True), ("2024-01-01T00:00:00-1545", True), ("2024-01-01T00:00:00+99:00", False)],
)
def test_offsets_of_zones_that_cannot_be_make_no_instant(text: str, is_instant: bool, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"a\n{text}\n")
    assert (open_source(tmp_path / "x.csv").schema().field("a").type == pa.timestamp("us", "UTC")) == is_instant
    if not is_instant:
        with pytest.raises(SourceError, match="which is no timestamp"):
            open_source(tmp_path / "x.csv", schema=pa.schema([("a", pa.timestamp("us", "UTC"))])).schema()
