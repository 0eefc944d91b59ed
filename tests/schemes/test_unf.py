"""UNF version 6: the published vectors, the naive twin over every type, and what the order of rows, columns and files does."""

from __future__ import annotations

import datetime as dt
import math
import random
import struct
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import naive
import naive_schemes
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import TYPES, arrays_of

from sameset.canonical.families import Family, family_of
from sameset.canonical.unf import UnfParameters, check_unf_types, number_text, unf_elements
from sameset.errors import SourceError, SpecError, UnsupportedTypeError
from sameset.execution.digesting import dataset_unf, unf_digest
from sameset.kernels.unf import LEFT, WIDTH, write_numbers
from sameset.sketches.unf import VectorUnf, combine_unfs
from sameset.sources import open_source

DEFAULT = UnfParameters()
GENEROUS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
DEFINED = [
    kind
    for kind in TYPES
    if family_of(kind, "c") not in (Family.BYTES, Family.DURATION) and family_of(kind, "c") < Family.DURATION
]
UNDEFINED = [pa.binary(), pa.uuid(), pa.duration("s"), pa.list_(pa.int64()), pa.struct([("a", pa.int64())])]

NAN, INF = math.nan, math.inf
PARTIAL = ["2009-08-21", "2009-10", None]  # months have no Arrow type, so they come as text


def unf(values: Any, kind: pa.DataType | None = None, parameters: UnfParameters = DEFAULT) -> str:
    """The Base64 of the UNF of a vector."""
    array = values if isinstance(values, pa.Array) else pa.array(values, kind)
    vector = VectorUnf.empty(parameters)
    vector.update(unf_elements(array, "c", parameters))
    assert vector.text.startswith(parameters.header)
    return vector.text.removeprefix(parameters.header)


PUBLISHED: list[tuple[Any, pa.DataType | None, str]] = [
    ([0], None, "YUvj33xEHnzirIHQyZaHow=="),
    ([1], None, "tv3XYCv524AfmlFyVOhuZg=="),
    ([True], None, "tv3XYCv524AfmlFyVOhuZg=="),
    ([-300], None, "ZTXyg54FoMfRDWZl6oWmFQ=="),
    ([3.1415], None, "vOSZmXXXpKfQcqZ0Cuu5/w=="),
    ([0.00073], None, "qhw3qzg3fEK0NNfoVxk4jQ=="),
    ([0.0123456789012345], None, "tbCwhb/PKbElzXByo6hLAw=="),
    ([1.23456789], None, "vcKELUSS4s4k1snF4OTB9A=="),
    ([1.2345675], None, "vcKELUSS4s4k1snF4OTB9A=="),
    ([1.2345685], None, "vcKELUSS4s4k1snF4OTB9A=="),
    ([NAN], None, "GNcR8/UCnImaPpw47gdPNg=="),
    ([INF], None, "MdAI70WZdDHnu6qmkpqUQg=="),
    ([-INF], None, "A7orv3pgAhljFnGjQVLCog=="),
    ([None], None, "cJ6AyISHokEeHuTfufIqhg=="),
    ([""], None, "ECtRuXZaVqPomffPDuOOUg=="),
    ([], None, "47DEQpj8HBSa+/TImW+5JA=="),
    ([1.23456789, None, 0], None, "Do5dfAoOOFt4FSj0JcByEw=="),
    ([6.6666666666666667, 75.216], None, "+kc3wyGwZ6otDkZwpvswDw=="),
    ([654.32, 26736.232], pa.float32(), "V2clNd9rUmIG0mhGVmzmVA=="),
    ([32, 2024], None, "R2Xa8BqKPRgj5EpnYEZQyw=="),
    ([22, 3892091], None, "qu3+pyyv8y0FEhVQueuWuw=="),
    ([247, 34], None, "GFy92enld/1lP8pcXq9L6w=="),
    ([3, 37], None, "YioMfYgU1bUjcN7XHRWm7A=="),
    ([1, 2, 3, 4, 5, None], None, "Msnz4m7QVvqBUWxxrE7kNQ=="),
    (["Hello World", "Testing 123"], None, "r+FDbVC6fKdUjRS6ZIzP4w=="),
    (["A character String"], None, "FYqU7uBl885eHMbpco1ooA=="),
    (["på Færøerne"], None, "KHM6bKVaVaxWDDsmyerfDA=="),
    ([dt.datetime(2014, 1, 13, 20, 47, 18)], None, "eaMxex5EHi2LunomVc0SDw=="),
    (["2009-08-21T12:34:56", "2009-10-01"], None, "HATxImqk8FFo1ugDZB6IjQ=="),
]
OWN: list[tuple[Any, pa.DataType | None, str]] = [
    ([-0.0], None, "qDM4PMUq1cMW+bqfBLBGZg=="),
    ([1e10], None, "TeER1wBkwE+zvHLxSEmnZA=="),
    (["a" * 128], None, "BpJg1SZUFOUbAygcvtGMow=="),
    (["a" * 131], None, "BpJg1SZUFOUbAygcvtGMow=="),
    (["a" * 127], None, "MlIdb41cjugn4bpGZpwmSQ=="),
    ([dt.date(1970, 1, 1)], None, "eFBHvzrXz58fbAOvctqPKQ=="),
    ([dt.time(14, 29, 0, 500_000)], None, "SXFYcaCezmQWKsWMuwH9/A=="),
    ([True, False, True], None, "ZNhCrGAEYBJjVxipPl2P6w=="),
    ([1.5, None, -0.0], None, "UnvTXOIL9fPYiAT/YQmNFg=="),
    (["x", "", None], None, "hnJ+LnFj0MUsw/+R8OgxSg=="),
    ([True, False, None], None, "2NV6e3YtAAP2vge+OGIdng=="),
    (PARTIAL, None, "sNJenkEPZcPYcoNCtyCyqw=="),
]
FRAME = pa.table({"a": [1, 2, 3], "b": [4, 5, 6], "c": [7, 8, 9]})


@pytest.mark.parametrize(("values", "kind", "expected"), PUBLISHED + OWN, ids=lambda it: str(it)[:40])
def test_vectors_of_the_reference(values: Any, kind: pa.DataType | None, expected: str) -> None:
    assert unf(values, kind) == expected


def test_parameters_are_in_the_printed_form() -> None:
    vectors = {
        (1.23456789, UnfParameters(digits=9)): "UNF:6:N9:IKw+l4ywdwsJeDze8dplJA==",
        (1.0, UnfParameters(bits=256)): "UNF:6:H256:tv3XYCv524AfmlFyVOhuZo3W84VyoLXzTqyDU+3OHG8=",
        (1.0, DEFAULT): "UNF:6:tv3XYCv524AfmlFyVOhuZg==",
    }
    for (value, parameters), expected in vectors.items():
        vector = VectorUnf.empty(parameters)
        vector.update(unf_elements(pa.array([value]), "c", parameters))
        assert vector.text == expected
    assert UnfParameters(9, 256, 192).header == "UNF:6:N9,X256,H192:"


def test_the_published_frame_and_the_dataset_of_two_files() -> None:
    frame = unf_digest(open_source(FRAME), DEFAULT)
    assert list(frame.columns.values()) == [
        "UNF:6:AvELPR5QTaBbnq6S22Msow==",
        "UNF:6:BT6LJzHn64qGKimvo6iCfA==",
        "UNF:6:p9eYYVryKIPLh19w6PWG0g==",
    ]
    assert frame.digest == "UNF:6:ukDZSJXck7fn4SlPJMPFTQ=="
    single = unf_digest(open_source(pa.table({"only": [1, 2, 3]})), DEFAULT)
    assert single.digest == single.columns["only"]
    assert dataset_unf([single, frame], DEFAULT) == dataset_unf([frame, single], DEFAULT)
    assert dataset_unf([single, frame], DEFAULT) == "UNF:6:tsc29wGKXsgLhudUYIiOKg=="
    assert dataset_unf([frame], DEFAULT) == frame.digest


def test_the_frame_of_mixed_types() -> None:
    table = pa.table({"n": [1.5, None, -0.0], "t": ["x", "", None], "b": [True, False, None], "d": PARTIAL})
    assert unf_digest(open_source(table), DEFAULT).digest == "UNF:6:CTTVLoeOWd30ocBFjxcDXw=="


# the twin


@pytest.mark.parametrize("kind", DEFINED, ids=str)
@settings(GENEROUS, max_examples=12)
@given(data=st.data())
def test_elements_of_every_type_are_the_twins(kind: pa.DataType, data: st.DataObject) -> None:
    array = data.draw(arrays_of(kind))
    digits, characters = data.draw(st.sampled_from([(7, 128), (1, 1), (9, 5), (13, 3), (15, 20), (17, 1000)]))
    parameters = UnfParameters(digits, characters)
    try:
        expected = [naive_schemes.unf_element(value, kind, digits, characters) for value in naive.values(array)]
    except OverflowError:
        with pytest.raises(SourceError, match=r"outside the .* which UNF version 6 cannot write"):
            unf_elements(array, "c", parameters)
        return
    assert unf_elements(array, "c", parameters).tobytes() == b"".join(expected)


def halfway(digits: int, power: int, step: int) -> float:
    """A double at, just below or just above the middle between two numbers of so many digits."""
    number = float(f"{random.Random(digits * power).randrange(10 ** (digits - 1), 10**digits)}5e{power}")
    return math.nextafter(number, math.inf * step) if step else number


DOUBLES = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(0, 2**64 - 1).map(lambda word: struct.unpack("<d", struct.pack("<Q", word))[0])
    | st.builds(halfway, st.integers(1, 16), st.integers(-330, 290), st.sampled_from([-1, 0, 1]))
    | st.builds(lambda k, j: k / 10**j, st.integers(-(10**16), 10**16), st.integers(0, 25))
    | st.sampled_from(
        [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 9.999999e22, 999999.95, 9.5, 1e15, 1e-29]
    )
)


@settings(max_examples=500)
@given(st.lists(DOUBLES, min_size=1, max_size=20), st.integers(1, 17))
def test_numbers_are_the_shortest_decimals_rounded_half_even(values: list[float], digits: int) -> None:
    elements = unf_elements(pa.array(values, pa.float64()), "c", UnfParameters(digits))
    texts = elements.tobytes().split(b"\n\0")[:-1]
    assert texts == [naive_schemes.unf_number(value, digits).encode() for value in values]


@pytest.mark.parametrize("digits", [1, 7, 13])
def test_the_kernel_is_right_or_silent(digits: int) -> None:
    """Over numbers close to the cliff it says nothing; over all others, almost always, what the definition says."""
    chance = np.random.default_rng(digits)
    spread = 10.0 ** chance.uniform(-25, 50, 2000)
    middles = np.array([halfway(digits, power, step) for power in range(-30, 40) for step in (-1, 0, 1)])
    values = np.concatenate([spread, -spread, middles])
    table, sizes = np.empty((len(values), WIDTH), np.uint8), np.empty(len(values), np.int64)
    write_numbers(values, digits, table, sizes)
    for value, row, size in zip(values.tolist(), table, sizes.tolist(), strict=True):
        if size != LEFT:
            assert (
                row[:size].tobytes() == number_text(value, digits) == naive_schemes.unf_number(value, digits).encode()
            )
    assert (sizes[: 2 * len(spread)] == LEFT).mean() < 0.1


# what counts and what does not


@given(st.permutations(range(6)))
def test_the_order_of_rows_counts(order: Sequence[int]) -> None:
    values = [1.5, 2.0, None, -7.0, 0.1, 3.0]
    assert (unf([values[i] for i in order]) == unf(values)) == (list(order) == list(range(6)))


@settings(max_examples=20)
@given(st.permutations(["a", "b", "c"]), st.permutations(["x", "y", "z"]))
def test_neither_order_nor_names_of_columns_count(order: list[str], names: list[str]) -> None:
    moved = FRAME.select(order).rename_columns(names)
    assert unf_digest(open_source(moved), DEFAULT).digest == unf_digest(open_source(FRAME), DEFAULT).digest


@settings(GENEROUS, max_examples=50)
@given(st.data())
def test_batches_do_not_count(data: st.DataObject) -> None:
    array = data.draw(arrays_of(data.draw(st.sampled_from([pa.float64(), pa.string(), pa.bool_(), pa.date32()])), 9))
    try:
        whole = unf(array)
    except SourceError:
        return
    vector = VectorUnf.empty(DEFAULT)
    cut = data.draw(st.integers(0, 9))
    for part in (array.slice(0, cut), array.slice(9), array.slice(cut)):
        vector.update(unf_elements(part, "c", DEFAULT))
    assert vector.text == f"UNF:6:{whole}"


@pytest.mark.parametrize(
    "kind",
    [pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.decimal128(38, 3), pa.decimal256(70, 9)],
)
def test_the_width_of_a_number_does_not_count(kind: pa.DataType) -> None:
    assert unf(pa.array([1, 22, None, 100], pa.int64()).cast(kind)) == unf([1, 22, None, 100])


def test_decimals_are_the_nearest_doubles() -> None:
    wide = [Decimal("123456789012345678.25"), Decimal("0.1"), Decimal("-99999999999999999999.5")]
    assert unf(wide) == unf([float(value) for value in wide])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_unit_and_zone_of_an_instant_do_not_count(unit: str) -> None:
    instant = pa.array([1_389_646_038], pa.timestamp("s", "Asia/Kathmandu"))
    assert unf(instant.cast(pa.timestamp(unit, "America/St_Johns"))) == unf(["2014-01-13T20:47:18Z"])


def test_nanoseconds_are_kept() -> None:
    assert unf(pa.array([1_500_000_001], pa.timestamp("ns"))) == unf(["1970-01-01T00:00:01.500000001"])


def test_text_is_cut_to_characters_not_bytes() -> None:
    assert unf(["\U0001f600" * 130]) == unf(["\U0001f600" * 128])
    assert unf([" \t "]) != unf([""])


def test_text_with_a_line_feed_and_a_nul_is_that_of_two() -> None:
    """A flaw of the definition, which docs/schemes.md tells."""
    assert unf(["a\n\0b"]) == unf(["a", "b"])


def test_who_makes_the_data_has_more_ways_to_one_unf() -> None:
    """Flaws of the definition, which docs/schemes.md tells."""
    assert unf([1, -20]) == unf(["+1.e+", "-2.e+1"])
    paid = pa.table({"debit": [1, 2], "credit": [3, 4]})
    found = unf_digest(open_source(paid), DEFAULT)
    assert unf_digest(open_source(paid.rename_columns(["credit", "debit"])), DEFAULT).digest == found.digest
    listed = sorted(text.removeprefix("UNF:6:") for text in found.columns.values())
    assert unf_digest(open_source(pa.table({"hashes": listed})), DEFAULT).digest == found.digest


def test_a_dictionary_is_its_values() -> None:
    words = pa.array(["a", None, "b", "a" * 200, "b"])
    assert unf(words.dictionary_encode()) == unf(words)


# refusals


@pytest.mark.parametrize("kind", UNDEFINED, ids=str)
def test_types_that_unf_leaves_undefined_are_refused_by_name(kind: pa.DataType) -> None:
    with pytest.raises(UnsupportedTypeError, match=r"'bad' has type .*, which") as caught:
        check_unf_types(pa.schema([("good", pa.int64()), ("bad", kind)]))
    assert caught.value.column == "bad"


def test_text_that_is_not_utf8_is_refused() -> None:
    buffers = [None, pa.py_buffer(struct.pack("<ii", 0, 2)), pa.py_buffer(b"\xff\xfe")]
    with pytest.raises(SourceError, match="'c' holds text that is not UTF-8"):
        unf(pa.Array.from_buffers(pa.string(), 1, buffers))


def test_the_refusal_of_a_source_names_it() -> None:
    with pytest.raises(SourceError, match="memory:table: column 'd' holds a date outside the years"):
        unf_digest(open_source(pa.table({"d": pa.array([3_000_000], pa.date32())})), DEFAULT)


@pytest.mark.parametrize(("digits", "characters", "bits"), [(0, 1, 128), (18, 1, 128), (7, 0, 128), (7, 128, 196)])
def test_parameters_out_of_range_are_refused(digits: int, characters: int, bits: int) -> None:
    with pytest.raises(SpecError, match=r"a UNF here has 128, 192 or 256 bits, not 196|UNF can keep 1 to"):
        UnfParameters(digits, characters, bits)


def test_the_parts_of_a_file_are_not_cut() -> None:
    short = UnfParameters(characters=3)
    parts = [unf([i], parameters=short) for i in range(3)]
    assert combine_unfs([short.header + part for part in parts], short) == short.header + naive_schemes.unf_of_parts(
        parts
    )
