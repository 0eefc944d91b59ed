"""Frames of pandas and Polars: objects that Arrow would silently change, and columns that it has no type for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sameset.errors import SourceError, UnsupportedTypeError
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import Spec
from sameset.sources import open_source

MOMENT, DAY = dt.datetime(2024, 2, 29, 10), dt.date(2024, 2, 29)
FINE = pd.Timestamp("2024-02-29 10:00:00.000000001")


def digest(place: object) -> str:
    return sketch_table(place).text_digest


def objects(*values: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": pd.Series(values, dtype=object)})


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (objects(DAY, MOMENT), "both dates and timestamps in column 'a'"),  # Arrow cuts the time off
        (objects(b"x", "x"), "both bytes and texts in column 'a'"),
        (objects(1.0, True), "both booleans and numbers in column 'a'"),
        (objects(None, MOMENT, MOMENT.replace(tzinfo=dt.UTC)), "with and without a zone in column 'a'"),
        (objects(FINE, None), "nanoseconds in objects in column 'a'; convert the column with infer_objects()"),
        (objects(pd.NaT, pd.Timedelta(1)), "nanoseconds in objects in column 'a'"),
        (objects(np.bool_(True), 1), "both booleans and numbers in column 'a'"),
        (objects([DAY], [MOMENT]), "both dates and timestamps in column 'a'"),
        (objects({"x": (b"x",)}, {"x": ("x",)}), "both bytes and texts in column 'a'"),
        (objects(MOMENT.replace(tzinfo=dt.UTC).timetz()), "times of a day with a zone in column 'a'"),
        (objects({"x", "y"}), "sets in column 'a', which have no order"),
        (objects(2**64, 1), "an integer of too many bits for its type in column 'a'; convert it"),
        (objects(1, "x"), "Conversion failed for column a with type object"),
        (pd.DataFrame({"a": [1]}, index=pd.Index([5], name="a")), "'a' both in its columns and in its index"),
    ],
)
def test_objects_that_arrow_would_change_or_mix_are_refused(frame: pd.DataFrame, told: str) -> None:
    with pytest.raises(SourceError) as raised:
        open_source(frame)
    assert "memory:table" in str(raised.value)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (objects("x", None, float("nan"), pd.NA), pa.array(["x", None, None, None])),
        (objects(1, 2.5, pd.NaT), pa.array([1.0, 2.5, None])),
        (objects(MOMENT, pd.Timestamp(MOMENT), pd.NaT), pa.array([MOMENT, MOMENT, None])),
        (objects(FINE).infer_objects(), pa.array([FINE.value], pa.timestamp("ns"))),
        (objects(True, None, float("nan")), pa.array([True, None, None])),
        (objects([1], np.array([2, 3]), None), pa.array([[1], [2, 3], None])),
        (objects({"x": [1]}, {"x": None, "y": "z"}), pa.array([{"x": [1], "y": None}, {"x": None, "y": "z"}])),
        (objects(bytearray(b"x"), b"y"), pa.array([b"x", b"y"])),
        (objects(pd.Timedelta("1s"), dt.timedelta(1)), pa.array([1, 86_400], pa.duration("s"))),
        (pd.DataFrame({"a": pd.Categorical(["x", None], categories=["z", "x"])}), pa.array(["x", None])),
    ],
)
def test_objects_of_one_kind_are_read(frame: pd.DataFrame, expected: pa.Array) -> None:
    assert digest(frame) == digest(pa.table({"a": expected}))


def test_a_frame_without_columns_has_its_rows() -> None:
    assert sketch_table(pd.DataFrame(index=range(3))).row_count == 3
    assert digest(pd.DataFrame(index=range(3))) == digest(pa.table({"a": [1, 2, 3]}).select([]))


@pytest.mark.parametrize("kind", ["period[M]", "interval"])
def test_types_of_pandas_alone_are_refused_by_name(kind: str) -> None:
    values = pd.interval_range(0, 2) if kind == "interval" else pd.period_range("2024-01", periods=2, freq="M")
    with pytest.raises(UnsupportedTypeError, match=rf"'a'.*pandas\.{kind.partition('[')[0]}"):
        sketch_table(pd.DataFrame({"a": values}))


PRIVATE = {
    "Object": pl.Series([object(), None], dtype=pl.Object),
    "Int128": pl.Series([2**100, None], dtype=pl.Int128),
    "List(Int128)": pl.Series([[2**100], None], dtype=pl.List(pl.Int128)),
}


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("lazy", [False, True])
def test_columns_of_polars_without_an_arrow_type_are_refused_and_the_others_are_read(name: str, lazy: bool) -> None:
    frame = pl.DataFrame({"odd": PRIVATE[name], "fine": [1, 2]})
    place: Any = frame.lazy() if lazy else frame
    with pytest.raises(UnsupportedTypeError) as raised:
        sketch_table(place)
    assert f"column 'odd' has type {name}, " in str(raised.value)
    for where in (None, "fine > 0"):
        spec = Spec(ignore=("odd",), where=where)
        assert sketch_table(place, spec).text_digest == digest(pa.table({"fine": [1, 2]}))


@pytest.mark.parametrize(
    "query",
    [
        pl.LazyFrame({"a": ["x"]}).select(pl.col("nope")),
        pl.LazyFrame({"a": ["x"]}).select(pl.col("a").cast(pl.Int64)),
    ],
)
def test_a_query_that_fails_is_one_sentence(query: pl.LazyFrame) -> None:
    with pytest.raises(SourceError) as raised:
        sketch_table(query)
    assert str(raised.value).startswith("memory:table cannot be read: ")
    assert "\n" not in str(raised.value)
