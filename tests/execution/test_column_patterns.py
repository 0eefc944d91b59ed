"""Every pattern in both directions, with and without a key, with both tables, the new one, and sketches alone; and no others."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from column_cases import ORDERS, by_sketches, by_tables, one_table, orders, told, with_column
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.comparison import Verdict
from sameset.comparison.cell_patterns import pattern_of_cells
from sameset.comparison.sentences import describe

PRICE, WEIGHT = ORDERS["price"].to_numpy(), ORDERS["weight"].to_numpy()
CENTS, IDS = ORDERS["cents"].to_numpy(), ORDERS["id"].to_numpy()
AT, NAME, NOTE = ORDERS["at"].combine_chunks(), ORDERS["name"].combine_chunks(), ORDERS["note"].combine_chunks()
KEYS = [(), ("id",)]


class Case(NamedTuple):
    column: str
    values: Any
    kind: str  #: from ORDERS to the values, with both tables
    back: str | None = None  #: the other way; the same kind if None
    new: str | None = None  #: with the new table alone
    old: str | None = None  #: the other way with the new table alone


def decimals(values: Any, kind: pa.DataType) -> pa.Array:
    return pa.array([round(Decimal(repr(float(x))), kind.scale) for x in values], kind)


def local(array: pa.Array, zone: str) -> pa.Array:
    """Times of a clock without daylight saving, as another clock shows them."""
    shown = [x.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for x in array.to_pylist()]
    return pa.array(shown, array.type)


CASES = {
    "scaled by 100": Case("price", PRICE * 100, "scaled", new="scaled", old="scaled"),
    "percent": Case("price", PRICE / 100, "scaled", new="scaled", old="scaled"),
    "seconds to milliseconds": Case("cents", pa.array(CENTS * 1000.0), "scaled", new="scaled", old="scaled"),
    "integers scaled": Case("cents", pa.array(CENTS.astype(np.int64) * 60), "scaled", new="scaled", old="scaled"),
    "other sign": Case("weight", -WEIGHT, "scaled", new="scaled", old="scaled"),
    "price in cents": Case("price", np.rint(PRICE * 10_000).astype(np.int64), "scaled", new="scaled", old="scaled"),
    "decimals of an integer": Case(
        "cents", decimals(CENTS / 100, pa.decimal128(12, 2)), "scaled", new="scaled", old="scaled"
    ),
    "pounds": Case("weight", WEIGHT / 0.45359237, "scaled", new="scaled", old="scaled"),
    "exchange rate": Case("price", PRICE * 1.0837, "scaled"),
    "exchange rate in cents": Case("cents", np.rint(CENTS * 1.0837).astype(np.int64), "scaled"),
    "a rate and a fee of rounded floats": Case("price", np.round(PRICE * 1.0837 + 2.5, 4), "linear"),
    "exchange rate of rounded floats": Case("price", np.round(PRICE * 1.0837, 4), "scaled"),
    "offset": Case("cents", CENTS.astype(np.int64) + 1_000_000, "offset"),
    "Fahrenheit": Case("weight", WEIGHT * 1.8 + 32, "linear"),
    "one decimal": Case("weight", np.round(WEIGHT, 1), "rounded", "unrounded", old="unrounded"),
    "tens": Case("cents", np.round(CENTS, -1), "rounded", "unrounded", old="unrounded"),
    "significant digits": Case(
        "price", [float(f"{x:.3g}") for x in PRICE], "rounded", "unrounded", old="unrounded"
    ),
    "single precision": Case("weight", WEIGHT.astype(np.float32), "rounded", "unrounded", old="unrounded"),
    "decimal": Case(
        "weight", decimals(WEIGHT, pa.decimal128(30, 2)), "rounded", "unrounded", old="unrounded"
    ),
    "upper case": Case("name", pc.utf8_upper(NAME), "recased", old="recased"),
    "lower case": Case("name", pc.utf8_lower(NAME), "recased", new="recased", old="recased"),
    "padded": Case("name", pc.utf8_rpad(NAME, 20), "untrimmed", "trimmed", new="untrimmed"),
    "dictionary": Case("name", pc.utf8_rpad(NAME, 20).dictionary_encode(), "untrimmed", "trimmed", new="untrimmed"),
    "trimmed and upper": Case("name", pc.utf8_upper(pc.utf8_lpad(NAME, 20)), "reformatted", old=None),
    "nulls": Case("note", pc.utf8_upper(NOTE), "recased", old="recased"),
    "shifted by an hour": Case(
        "at", pa.array(AT.cast(pa.int64()).to_numpy() + 3_600_000_000).cast(AT.type), "shifted_time",
        new="shifted_time", old="shifted_time",
    ),
    "shifted by Nepal": Case("at", local(AT, "Asia/Kathmandu"), "shifted_time", new="shifted_time", old="shifted_time"),
    "Berlin with daylight saving": Case("at", local(AT, "Europe/Berlin"), "shifted_time"),
    "shifted by days": Case("at", pa.array(AT.cast(pa.int64()).to_numpy() + 7 * 86_400_000_000).cast(AT.type), "shifted_time"),
    "time zone": Case("at", AT.cast(pa.timestamp("us", "UTC")), "zoned", new="zoned", old="zoned"),
    "time zone and unit": Case("at", AT.cast(pa.timestamp("ns", "Asia/Tokyo")), "zoned", new="zoned", old="zoned"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "key"),
    [
        pytest.param(name, key, marks=[pytest.mark.slow] if (i + j) % 2 else [])
        for i, name in enumerate(CASES)
        for j, key in enumerate(KEYS)
    ],
)
def test_a_pattern_is_told_from_both_tables_and_from_the_new_one_alone(name: str, key: tuple[str, ...]) -> None:
    case = CASES[name]
    other = with_column(ORDERS, case.column, case.values)
    for left, right, both, new in (
        (ORDERS, other, case.kind, case.new),
        (other, ORDERS, case.back or case.kind, case.old),
    ):
        found = by_tables(left, right, key)
        assert told(found) == {case.column: both}
        (pattern,) = next(column.patterns for column in found.columns if column.patterns)
        assert pattern.fits >= 0.95 * pattern.tested
        assert pattern.tested >= 300
        assert pattern.sentence in describe(found)
        alone = told(one_table(left, right, key))
        assert alone == ({case.column: new} if new else alone)
        assert set(alone) <= {case.column}
        assert told(by_sketches(left, right, key)) == {}


SENTENCES = {
    "scaled by 100": "price was scaled by 100 (500 of 500 changed cells fit)",
    "percent": "price was divided by 100 (500 of 500 changed cells fit)",
    "exchange rate in cents": "cents was scaled by 1.0837 (500 of 500 changed cells fit)",
    "offset": "cents was raised by 1,000,000 (500 of 500 changed cells fit)",
    "Fahrenheit": "weight was scaled by 1.8, then raised by 32 (500 of 500 changed cells fit)",
    "one decimal": "weight was rounded to 1 decimal (500 of 500 changed cells fit)",
    "other sign": "weight changed its sign (500 of 500 changed cells fit)",
    "shifted by Nepal": "at was shifted by +5 h 45 min (500 of 500 changed cells fit)",
    "shifted by days": "at was shifted by +7 days (500 of 500 changed cells fit)",
    "time zone": "at got a time zone, the clock in UTC is the same (500 of 500 changed cells fit)",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_a_pattern_has_a_sentence_with_its_evidence(name: str) -> None:
    case = CASES[name]
    found = by_tables(ORDERS, with_column(ORDERS, case.column, case.values), ("id",))
    assert [p.sentence for column in found.columns for p in column.patterns] == [SENTENCES[name]]


def test_letters_that_are_two_in_upper_case_differ_in_case_alone() -> None:
    streets = [f"Große Straße {n}" for n in range(500)]
    left, right = (with_column(ORDERS, "name", texts) for texts in (streets, [text.upper() for text in streets]))
    for sides in ((left, right), (right, left)):
        found = by_tables(*sides, ("id",))
        assert told(found) == {"name": "recased"}
        assert "name differs in case alone (500 of 500 changed cells fit)" in describe(found)
    assert told(by_tables(right, with_column(ORDERS, "name", [f"{text}S" for text in streets]), ("id",))) == {}


def test_daylight_saving_is_named_with_both_shifts() -> None:
    found = by_tables(ORDERS, with_column(ORDERS, "at", CASES["Berlin with daylight saving"].values))
    (pattern,) = next(column.patterns for column in found.columns if column.patterns)
    assert pattern.told in {
        f"was shifted by {a} or {b}, as daylight saving has it" for a, b in (("+1 h", "+2 h"), ("+2 h", "+1 h"))
    }


NUMBERS = (
    *(pa.int16(), pa.int32(), pa.int64(), pa.uint32(), pa.uint64(), pa.float32(), pa.float64()),
    *(pa.decimal128(12, 3), pa.decimal128(38, 2), pa.decimal256(50, 4)),
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(old, new, marks=[pytest.mark.slow] if (i + 3 * j) % len(NUMBERS) else [])
        for i, old in enumerate(NUMBERS)
        for j, new in enumerate(NUMBERS)
    ],
    ids=str,
)
def test_scaling_is_seen_between_all_types_of_numbers(old: pa.DataType, new: pa.DataType) -> None:
    numbers = np.random.default_rng(5).choice(3000, 400, replace=False) + 1
    table = ORDERS.slice(0, 400)
    left = with_column(table, "price", pa.array(numbers).cast(pa.float64()).cast(old))
    right = with_column(table, "price", pa.array(numbers * 10).cast(pa.float64()).cast(new))
    for found in (by_tables(left, right), one_table(left, right), by_tables(right, left), one_table(right, left)):
        assert told(found) == {"price": "scaled"}


@given(
    st.floats(1e-6, 1e6).map(lambda x: float(f"{x:.4g}")),
    st.sampled_from([1.0, -1.0]),
    st.sampled_from([0, 0, 12.5, -3000]),
)
@settings(max_examples=20)
def test_any_line_is_found_in_cells(factor: float, sign: float, offset: float) -> None:
    old = np.random.default_rng(1).normal(0, 100, 300)
    pattern = pattern_of_cells("x", pa.array(old), pa.array(old * (sign * factor) + offset))
    if (sign * factor, offset) == (1, 0):
        return
    assert pattern is not None
    assert pattern.fits >= 0.95 * 300
    assert pattern.amount == pytest.approx(offset if sign * factor == 1 else sign * factor)


def test_a_pattern_survives_a_few_cells_that_changed_otherwise() -> None:
    prices = PRICE * 100
    prices[:9] = 1.5
    found = by_tables(ORDERS, with_column(ORDERS, "price", prices), ("id",))
    assert [p.sentence for c in found.columns for p in c.patterns] == [
        "price was scaled by 100 (491 of 500 changed cells fit)"
    ]
    prices[:60] = 1.5
    assert told(by_tables(ORDERS, with_column(ORDERS, "price", prices), ("id",))) == {}


@pytest.mark.parametrize(("rows", "expected"), [(19, {}), (20, {"price": "scaled"}), (60, {"price": "scaled"})])
def test_twenty_changed_rows_are_enough_and_fewer_are_not(rows: int, expected: dict[str, str]) -> None:
    prices = np.r_[PRICE[:rows] * 100, PRICE[rows:]]
    right = with_column(ORDERS, "price", prices)
    assert told(by_tables(ORDERS, right, ("id",))) == expected
    assert told(by_tables(ORDERS, right)) == expected


def test_updated_rows_show_a_pattern_in_the_sketch_of_a_small_table() -> None:
    right = with_column(ORDERS, "price", np.r_[PRICE[:200] * 1000, PRICE[200:]])
    assert told(one_table(ORDERS, right, ("id",))) == {"price": "scaled"}
    assert told(one_table(ORDERS, right)) == {"price": "scaled"}


def test_rows_that_came_and_went_besides_do_not_hide_a_pattern_of_nearly_unique_values() -> None:
    more = orders(600).slice(590)
    right = pa.concat_tables(
        [
            with_column(ORDERS, "price", PRICE * 100).slice(10),
            with_column(more, "price", more["price"].to_numpy() * 100),
        ]
    )
    assert told(by_tables(ORDERS, right, ("id",))) == {"price": "scaled"}
    assert told(one_table(ORDERS, right, ("id",)))["price"] == "scaled"


LARGE = orders(10_000, 3)


@pytest.mark.parametrize("key", KEYS)
def test_samples_of_large_columns_show_patterns(key: tuple[str, ...]) -> None:
    right = with_column(LARGE, "price", LARGE["price"].to_numpy() * 100)
    assert told(one_table(LARGE, right, key)) == {"price": "scaled"}
    right = with_column(LARGE, "at", LARGE["at"].cast(pa.timestamp("us", "UTC")))
    assert told(one_table(LARGE, right, key)) == {"at": "zoned"}
    right = with_column(LARGE, "weight", np.round(LARGE["weight"].to_numpy(), 3))
    assert told(one_table(right, LARGE, key)) == {"weight": "unrounded"}


# Keys


@pytest.mark.parametrize("name", ["shuffled", "texts"])
def test_keys_made_anew_are_told_from_two_sketches(name: str) -> None:
    rng = np.random.default_rng(2)
    made = rng.permutation(IDS) + 5_000 if name == "shuffled" else [f"{n:032x}" for n in rng.permutation(500)]
    left = ORDERS if name == "shuffled" else with_column(ORDERS, "id", [f"k{n}" for n in IDS])
    right = with_column(left, "id", made)
    for way in (by_sketches, one_table, by_tables):
        found = way(left, right, ("id",))
        assert found.verdict is Verdict.NEAR_DUPLICATE
        assert [p.sentence for c in found.columns for p in c.patterns] == [
            "id was regenerated or rewritten: none of 500 values is on both sides "
            "(7 of 7 other columns hold exactly the same values)"
        ]
    assert told(by_tables(left, right)) == {"id": "regenerated"}
    assert told(one_table(left, right)) == told(by_sketches(left, right)) == {}


def test_keys_that_are_shared_or_whose_rows_differ_are_not_regenerated() -> None:
    half = with_column(ORDERS, "id", np.r_[IDS[:250], IDS[250:] + 1000])
    assert told(by_sketches(ORDERS, half, ("id",))) == {}
    other = with_column(orders(500, 9), "id", IDS + 1000)
    assert told(by_sketches(ORDERS, other, ("id",))) == {}
    assert told(by_tables(ORDERS, other, ("id",))) == {}


# What is no pattern


def random_pair(seed: int) -> tuple[pa.Table, pa.Table]:
    left, right = orders(500, seed), orders(500, seed + 1000)
    return left, right.set_column(0, "id", left["id"])


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("seed", range(3))
def test_random_tables_have_no_pattern(seed: int, key: tuple[str, ...]) -> None:
    left, right = random_pair(seed)
    for way in (by_tables, one_table, by_sketches):
        assert told(way(left, right, key)) == {}


def grid(start: int, rows: int, step: float) -> np.ndarray[Any, Any]:
    return (start + np.arange(rows)) * step


FALSE = {
    "noise of cents": ("price", np.round(PRICE + np.random.default_rng(1).choice([-0.01, 0.01, 0.02], 500), 4)),
    "cut to two decimals": ("price", np.floor(PRICE * 100) / 100),
    "cut after a rate": ("price", np.floor(PRICE * 119) / 100),
    "decimals cut": ("price", decimals(np.floor(PRICE * 100) / 100, pa.decimal128(20, 2))),
    "tens cut": ("cents", CENTS // 10 * 10),
    "two rates": ("price", np.round(PRICE * np.where(np.arange(500) % 2, 1.1, 1.2), 4)),
    "noise": ("price", PRICE + np.random.default_rng(1).normal(0, 1, 500)),
    "all zeros": ("price", np.zeros(500)),
    "from zeros": ("price", np.where(np.arange(500) % 2, PRICE, 0)),
    "small domain": ("cents", np.random.default_rng(1).integers(0, 15, 500)),
    "one constant": ("cents", np.full(500, 7)),
    "other texts": ("name", [f"client {n}" for n in np.random.default_rng(1).permutation(5000)[:500]]),
    "all null": ("name", pa.nulls(500, pa.string())),
    "other times": ("at", pa.array(np.random.default_rng(1).integers(0, 10**15, 500)).cast(AT.type)),
    "no numbers": ("price", np.where(np.arange(500) % 3, np.nan, np.inf)),
}


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("name", FALSE)
def test_changes_without_a_pattern_have_none(name: str, key: tuple[str, ...]) -> None:
    column, values = FALSE[name]
    right = with_column(ORDERS, column, values)
    for left_side, right_side in ((ORDERS, right), (right, ORDERS)):
        for way in (one_table, by_sketches):
            assert told(way(left_side, right_side, key)) == {}
        found = told(by_tables(left_side, right_side, key))
        assert found == {} or (name, key, found) == ("other texts", (), {"name": "regenerated"})


@pytest.mark.parametrize("constant", [0.0, 100.0])
def test_cells_that_were_overwritten_with_a_constant_were_not_rounded(constant: float) -> None:
    """Every number is 0 to the nearest million, and any from 50 to 150 is 100 to the nearest hundred."""
    old = np.random.default_rng(6).uniform(50, 150, 500)
    new = np.where(np.arange(500) < 490, constant, old + 1e-3)
    assert pattern_of_cells("price", pa.array(old), pa.array(new)) is None


def test_two_shifts_that_do_not_follow_the_seasons_are_not_daylight_saving() -> None:
    rng = np.random.default_rng(7)
    before = np.sort(rng.integers(0, 3 * 365 * 86_400, 500))
    for late in (rng.integers(1, 3, 500), np.where(np.arange(500) < 250, 1, 2)):
        cells = (pa.array(seconds).cast(pa.timestamp("s")) for seconds in (before, before + 3_600 * late))
        assert pattern_of_cells("at", *cells) is None


@pytest.mark.parametrize("step", [1, 15])
@pytest.mark.parametrize("key", KEYS)
def test_windows_that_slide_over_running_numbers_and_times_are_no_pattern(key: tuple[str, ...], step: int) -> None:
    """Half of the rows went and as many came: the sets of values are shifted, the rows are not."""
    whole = orders(750).set_column(0, "id", pa.array(range(750)))
    minutes = pa.array(np.arange(750) * 60_000_000 * step).cast(pa.timestamp("us"))
    whole = with_column(whole, "at", minutes)
    for rows in (30, 250):
        left, right = whole.slice(0, 500), whole.slice(rows, 500)
        for way in (by_tables, one_table, by_sketches):
            assert told(way(left, right, key)) == {}


def test_dense_integers_and_random_floats_of_one_range_are_no_rounding() -> None:
    """Every float rounds to one of the integers, but not as often."""
    rng = np.random.default_rng(4)
    left = with_column(LARGE, "price", rng.integers(0, 150, LARGE.num_rows))
    right = with_column(LARGE, "price", rng.uniform(0, 150, LARGE.num_rows))
    assert told(one_table(left, right)) == told(by_tables(left, right)) == {}


def test_few_of_many_values_are_no_scaling() -> None:
    """Of running numbers every tenth looks like smaller running numbers scaled; but then most of the old ones have no new one."""
    numbers = [n if n < 1100 else None for n in range(100, LARGE.num_rows + 100)]
    left = with_column(LARGE, "cents", np.arange(LARGE.num_rows) + 1000)
    right = with_column(LARGE, "cents", pa.array(numbers, pa.int64()))
    assert told(one_table(left, right)) == {}


@pytest.mark.parametrize("late", [240, 507, 600])
def test_a_shift_along_a_full_grid_is_told_from_cells_alone(late: int) -> None:
    """The set of all minutes of some hours looks shifted by any other distance, too."""
    minutes = np.arange(500)
    left, right = (
        with_column(ORDERS, "at", pa.array((minutes + add) * 60_000_000).cast(pa.timestamp("us"))) for add in (0, late)
    )
    assert told(by_tables(left, right)) == {"at": "shifted_time"}
    assert told(one_table(left, right)) == {}
