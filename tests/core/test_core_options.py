"""The options of a spec: floats rounded to digits, text in NFC, columns and rows chosen; and that they travel in the bytes."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from column_hashes import hashes
from hypothesis import given
from hypothesis import strategies as st
from naive_values import rounded

from sameset.canonical.forms import AS_IS, MOST_DIGITS, Form, round_to
from sameset.comparison import Verdict, compare
from sameset.errors import SchemaError, SourceError, SpecError, SpecMismatchError
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.table import TableSketch

SMALL = Spec(rows=SampleSize(16, 4, 64), values=SampleSize(8, 4, 16), bins=16, delta_cells=64)


# digits


def neighbours(values: np.ndarray, steps: int = 3) -> np.ndarray:
    """The values with so many doubles on either side of each."""
    bits = values.view(np.int64)[:, None] + np.arange(-steps, steps + 1)
    return bits.ravel().view(np.float64)


def hard_doubles(chance: np.random.Generator, digits: int, count: int) -> np.ndarray:
    """Doubles of all magnitudes; about every third has a 5 right behind the digits that are kept, and nothing after it."""
    any_bits = chance.integers(0, 2**64, count, np.uint64).view(np.float64)
    subnormal = chance.integers(0, 2**52, count // 10, np.uint64).view(np.float64)
    usual = chance.normal(size=count) * 10.0 ** chance.integers(-12, 16, count)
    heads = chance.integers(10 ** (digits - 1), 10**digits, count)
    powers = np.where(chance.random(count) < 0.7, chance.integers(-25, 25, count), chance.integers(-320, 290, count))
    ties = np.array([float(f"{head}5e{power}") for head, power in zip(heads.tolist(), powers.tolist(), strict=True)])
    halves = chance.integers(0, 10 ** min(digits, 15), count // 10) + 0.5
    tens = neighbours(np.array([float(f"1e{power}") for power in range(-323, 309)]))
    found = np.concatenate([any_bits, subnormal, usual, ties, neighbours(ties[: count // 10], 1), halves, tens])
    return np.where(chance.random(len(found)) < 0.5, found, -found)


def assert_rounded_as_decimals(seed: int, count: int, digits: int) -> None:
    values = hard_doubles(np.random.default_rng([seed, digits]), digits, count)
    expected = np.array([rounded(value, digits) for value in values.tolist()])
    found = round_to(values, digits)
    wrong = found.view(np.int64) != expected.view(np.int64)
    wrong &= ~(np.isnan(found) & np.isnan(expected))
    assert values[wrong][:10].tolist() == []


@pytest.mark.parametrize("digits", range(1, MOST_DIGITS + 1))
def test_rounding_is_that_of_the_shortest_decimal_half_even(digits: int) -> None:
    assert_rounded_as_decimals(1, 20_000, digits)  # about 75,000 doubles


@pytest.mark.slow
@pytest.mark.parametrize("digits", range(1, MOST_DIGITS + 1))
def test_rounding_of_a_million_doubles_is_that_of_the_shortest_decimal(digits: int) -> None:
    assert_rounded_as_decimals(2, 270_000, digits)


@given(st.floats(), st.integers(1, MOST_DIGITS))
def test_rounding_twice_changes_nothing_more(value: float, digits: int) -> None:
    once = round_to(np.array([value]), digits)
    twice = round_to(once, digits)
    assert once.tobytes() == twice.tobytes() or (math.isnan(value) and np.isnan(twice[0]))


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0.15, 1, 0.2),  # the decimal is a tie, the double lies below it
        (0.25, 1, 0.2),
        (0.35, 1, 0.4),
        (2.5, 1, 2.0),
        (1.005, 3, 1.0),
        (1.015, 3, 1.02),
        (9.995, 3, 10.0),
        (0.1 + 0.2, 15, 0.3),
        (123456.0, 2, 120000.0),
        (5e-324, 1, 5e-324),
        (-0.0, 3, -0.0),
        (1.7976931348623157e308, 1, math.inf),  # 2e308 is nearest to no finite double
        (math.inf, 3, math.inf),
    ],
)
def test_rounding_of_known_cases(value: float, digits: int, expected: float) -> None:
    (found,) = round_to(np.array([value]), digits).tolist()
    assert found == expected
    assert math.copysign(1, found) == math.copysign(1, expected)


@given(st.lists(st.floats(width=16) | st.none(), max_size=9), st.integers(1, MOST_DIGITS))
def test_narrow_floats_are_widened_and_then_rounded(values: list[float | None], digits: int) -> None:
    form = Form(digits)
    expected = hashes(pa.array([v if v is None else rounded(v, digits) for v in values], pa.float64()))
    assert hashes(pa.array(values, pa.float16()), form) == expected
    assert hashes(pa.array(values, pa.float32()), form) == expected
    assert hashes(pa.array(values, pa.float64()), form) == expected


def test_a_float32_is_rounded_as_the_double_that_it_is() -> None:
    single, double = pa.array([0.1], pa.float32()), pa.array([0.1])
    assert hashes(single) != hashes(double)
    assert hashes(single, Form(7)) == hashes(double, Form(7)) == hashes(double)
    assert hashes(single, Form(12)) != hashes(double, Form(12))


FLOATS = st.lists(st.floats(allow_nan=False) | st.none(), min_size=1, max_size=9)


@given(FLOATS, st.integers(1, MOST_DIGITS), st.integers(0, 3))
def test_rounding_reaches_into_every_encoding(values: list[float | None], digits: int, start: int) -> None:
    plain = pa.array(values, pa.float64())
    expected = hashes(pa.array([v if v is None else rounded(v, digits) for v in values], pa.float64()))[start:]
    places, ends = pa.array(range(len(values)), pa.int8()), pa.array(range(1, len(values) + 1), pa.int32())
    encoded = [
        plain,
        pa.DictionaryArray.from_arrays(places, plain),
        pa.RunEndEncodedArray.from_arrays(ends, plain),
        pa.RunEndEncodedArray.from_arrays(ends, pa.DictionaryArray.from_arrays(places, plain)),
    ]
    for array in encoded:
        assert hashes(array.slice(start), Form(digits)) == expected
    lists = pa.ListArray.from_arrays(pa.array(range(len(values) + 1), pa.int32()), plain)
    exact = [None if v is None else rounded(v, digits) for v in values]
    assert hashes(lists, Form(digits)) == hashes(pa.array([[v] for v in exact], pa.list_(pa.float64())))


@pytest.mark.parametrize("kind", [pa.int64(), pa.decimal128(38, 5), pa.string()], ids=str)
def test_nothing_but_floats_is_rounded(kind: pa.DataType) -> None:
    array = pa.array(["123456789.12346"]).cast(kind) if kind != pa.int64() else pa.array([123456789])
    assert hashes(array, Form(2)) == hashes(array)


# nfc

COMPOSED = ["é", "Å", "ﬁ", "한글", "ẛ̣", "a", "", None]
DECOMPOSED = [None if text is None else unicodedata.normalize("NFD", text) for text in COMPOSED]
NFC = Form(nfc=True)


def text_arrays(texts: Sequence[str | None]) -> list[pa.Array]:
    plain = pa.array(texts, pa.string())
    places, ends = pa.array(range(len(texts)), pa.int8()), pa.array(range(1, len(texts) + 1), pa.int32())
    lists = pa.ListArray.from_arrays(pa.array([0, 3, len(texts)], pa.int32()), plain)
    return [
        *(plain.cast(kind) for kind in (pa.string(), pa.large_string(), pa.string_view())),
        pa.ExtensionArray.from_storage(pa.json_(), plain),
        *(
            pa.DictionaryArray.from_arrays(places, values)
            for values in (plain, plain.cast(pa.large_string()), plain.cast(pa.string_view()))
        ),
        pa.RunEndEncodedArray.from_arrays(ends, plain),
        lists,
        pa.StructArray.from_arrays([plain, pa.array(range(len(texts)))], ["t", "n"]),
        pa.MapArray.from_arrays(pa.array([0, 3, 6], pa.int32()), plain[:6], plain[:6]),
    ]


@pytest.mark.parametrize("at", range(len(text_arrays(COMPOSED))))
@pytest.mark.parametrize("start", [0, 1])
def test_composed_and_decomposed_text_are_equal_if_asked_and_only_then(at: int, start: int) -> None:
    left, right = text_arrays(COMPOSED)[at].slice(start), text_arrays(DECOMPOSED)[at].slice(start)
    assert hashes(left, NFC) == hashes(right, NFC)
    assert hashes(left) != hashes(right)
    assert hashes(pa.array(["ﬁ"]), NFC) != hashes(pa.array(["fi"]), NFC)  # which NFKC would make equal


@given(st.text(max_size=20))
def test_text_in_normal_form_is_left_as_it_is(text: str) -> None:
    normal = unicodedata.normalize("NFC", text)
    assert hashes(pa.array([normal]), NFC) == hashes(pa.array([normal])) == hashes(pa.array([text]), NFC)


def test_names_and_bytes_are_not_normalised() -> None:
    left, right = pa.array([{"é": 1}]), pa.array([{"e\u0301": 1}])
    assert hashes(left, NFC) != hashes(right, NFC)
    blobs = pa.array(["e\u0301".encode()])
    assert hashes(blobs, NFC) == hashes(blobs)


@pytest.mark.parametrize("digits", [None, 3])
def test_keys_are_kept_in_the_form_that_is_hashed(digits: int | None) -> None:
    spec = replace(SMALL, key=("t", "x"), nfc=True, digits=digits)
    sketches = []
    for texts, floats in ((COMPOSED, [1.00001] * 8), (DECOMPOSED, [1.0 if digits else 1.00001] * 8)):
        plain, runs = pa.array(texts), pa.array(range(1, 9), pa.int32())
        for column in (plain, plain.dictionary_encode(), pa.RunEndEncodedArray.from_arrays(runs, plain)):
            sketches.append(sketch_table(pa.table({"t": column, "x": floats}), spec))
    assert len({sketch.text_digest for sketch in sketches}) == 1
    assert all(sketch.delta == sketches[0].delta for sketch in sketches)


@pytest.mark.parametrize("form", [AS_IS, NFC])
@pytest.mark.parametrize("long", [b"", b"x" * 300])
def test_text_that_is_not_utf8_is_refused_whatever_its_encoding(form: Form, long: bytes) -> None:
    data = long + b"\xff\xfe"
    offsets = pa.py_buffer(np.array([0, len(data), len(data) + 2], np.int32))
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(data + b"ok")])
    views = pa.Array.from_buffers(
        pa.large_string(), 2, [None, pa.py_buffer(np.array([0, len(data), len(data) + 2])), pa.py_buffer(data + b"ok")]
    )
    for array in (
        broken,
        views.cast(pa.large_binary()).cast(pa.binary_view()).view(pa.string_view()),
        broken.dictionary_encode(),
    ):
        with pytest.raises(SourceError, match=r"'c'.*UTF-8"):
            hashes(array, form)
        assert len(hashes(array.slice(1), form)) == 1
    assert len(hashes(broken.cast(pa.binary()), form)) == 2  # bytes are bytes
    hidden = pa.Array.from_buffers(pa.string(), 2, [pa.py_buffer(b"\2"), *broken.buffers()[1:]])
    assert hashes(hidden, form)[1] == hashes(broken.slice(1), form)[0]


# columns, ignore, where

TABLE = pa.table(
    {
        "id": range(40),
        "text": [str(i % 7) for i in range(40)],
        "weight": [None if i % 5 == 0 else i / 8 for i in range(40)],
        "tags": [[str(i)] * (i % 3) for i in range(40)],
    }
)


def content(sketch: TableSketch) -> object:
    return sketch.text_digest, sketch.schema, [column.digest for column in sketch.columns], sketch.rows, sketch.delta


@pytest.mark.parametrize(
    ("wanted", "table"),
    [
        ({"columns": ["id", "tags"]}, TABLE.select(["id", "tags"])),
        ({"columns": ["tags", "id"]}, TABLE.select(["id", "tags"])),
        ({"ignore": ["text"]}, TABLE.drop_columns(["text"])),
        ({"columns": ["id", "text"], "ignore": ["text"]}, TABLE.select(["id"])),
        ({"where": "id < 10"}, TABLE.slice(0, 10)),
        ({"where": "weight is null", "ignore": ["weight"]}, TABLE.take(list(range(0, 40, 5))).drop_columns(["weight"])),
        ({"where": "id > 1000"}, TABLE.slice(0, 0)),
        ({"where": "id >= 30 -- the last\n", "columns": ["text"]}, TABLE.slice(30).select(["text"])),
        ({"where": "id < 5 or id >= 35"}, pa.concat_tables([TABLE.slice(35), TABLE.slice(0, 5)])),
    ],
    ids=lambda it: str(it) if isinstance(it, dict) else "",
)
def test_what_is_not_read_is_not_there(wanted: dict[str, Any], table: pa.Table) -> None:
    spec = SMALL.altered(**wanted)
    chosen = sketch_table(TABLE, spec)
    assert content(chosen) == content(sketch_table(table, SMALL))
    back = TableSketch.from_bytes(chosen.to_bytes())
    assert back == chosen
    assert back.spec == spec
    for name, value in wanted.items():
        assert getattr(back.spec, name) == (value if isinstance(value, str) else tuple(value))


@pytest.mark.parametrize("field", ["columns", "ignore"])
def test_an_unknown_column_is_refused_by_name(field: str) -> None:
    with pytest.raises(SchemaError, match=r"no column 'nope'.*'id', 'text'"):
        sketch_table(TABLE, SMALL.altered(**{field: ["id", "nope"]}))  # type: ignore[misc]


def test_a_key_that_is_not_read_is_refused() -> None:
    with pytest.raises(SchemaError, match="no key column 'id'"):
        sketch_table(TABLE, SMALL.altered(key=["id"], ignore=["id"]))


@pytest.mark.parametrize("where", ["nope = 1", "id <", "true) union (select 1", "1; drop table x", "id = 'x'"])
def test_a_bad_condition_is_refused(where: str) -> None:
    with pytest.raises(SourceError):
        sketch_table(TABLE, SMALL.altered(where=where))


@pytest.mark.parametrize("digits", [0, 16, -1])
def test_impossible_digits_are_refused(digits: int) -> None:
    with pytest.raises(SpecError, match="1 to 15 significant digits"):
        SMALL.altered(digits=digits)


@pytest.mark.parametrize("options", [{"ignore": TABLE.column_names}, {"columns": ["id"], "ignore": ["id"]}])
def test_options_that_leave_no_column_are_refused(options: dict[str, list[str]]) -> None:
    """Whatever is compared so would be identical to all tables of as many rows."""
    with pytest.raises(SchemaError, match="no column is left to compare"):
        sketch_table(TABLE, SMALL.altered(**options))  # type: ignore[arg-type]


def test_no_columns_at_all_are_refused() -> None:
    with pytest.raises(SpecError, match="no column was chosen"):
        SMALL.altered(columns=[])


OTHERS: list[dict[str, Any]] = [{"digits": 3}, {"digits": 15}, {"nfc": True}, {"where": "true"}, {"where": "id >= 0"}]


@pytest.mark.parametrize("wanted", OTHERS, ids=str)
def test_tables_read_with_unequal_options_are_incomparable_and_do_not_merge(wanted: dict[str, Any]) -> None:
    (name,) = wanted
    plain, other = sketch_table(TABLE, SMALL), sketch_table(TABLE, SMALL.altered(**wanted))
    for left, right in ((plain, other), (other, plain)):
        comparison = compare(left, right)
        assert comparison.verdict is Verdict.INCOMPARABLE
        assert f"differ in {name}" in " ".join(comparison.notes)
        with pytest.raises(SpecMismatchError, match=name):
            left.merge(right)
    assert compare(other, other).verdict is Verdict.IDENTICAL


def test_tables_read_with_equal_options_are_compared() -> None:
    noisy = pa.table({"x": [1.0, 2.0000001, 3.0]})
    left, right = (sketch_table(table, SMALL.altered(digits=6)) for table in (pa.table({"x": [1.0, 2.0, 3.0]}), noisy))
    assert compare(left, right).verdict is Verdict.IDENTICAL
    columns = sketch_table(TABLE, SMALL.altered(columns=["id"])), sketch_table(TABLE.select(["id"]), SMALL)
    assert compare(*columns).verdict is Verdict.IDENTICAL
