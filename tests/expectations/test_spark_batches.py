"""Spark: partitions are sketched where they are, whatever their number, and what goes wrong there is one sentence here."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from engine_batches import PLAIN, Places, frame_batch, sketch_of

import sameset_expectations as se
from sameset import Spec, sketch_table
from sameset.errors import SourceError, UnsupportedTypeError

pytestmark = [
    pytest.mark.slow,
    # PySpark leaves the sockets over which it sends results to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def plain(spark: Any, tmp_path: Path) -> Any:
    """`PLAIN` as a Spark DataFrame."""
    pq.write_table(PLAIN, tmp_path / "plain.parquet")
    return spark.read.parquet(str(tmp_path / "plain.parquet"))


def test_partitions_of_any_number_give_the_same_sketch(plain: Any) -> None:
    spec = Spec(key=("id",))
    expected = sketch_table(PLAIN, spec)
    for frame in (plain.coalesce(1), plain.repartition(15, "day")):  # of which some are empty
        found = sketch_table(frame, spec)
        assert found.text_digest == expected.text_digest
        assert [column.digest for column in found.columns] == [column.digest for column in expected.columns]


def test_no_rows_and_no_partitions_are_an_empty_table(plain: Any, spark: Any) -> None:
    empty = sketch_table(PLAIN.slice(0, 0)).text_digest
    assert sketch_table(plain.where("id < 0")).text_digest == empty
    assert sketch_table(spark.createDataFrame([], plain.schema)).text_digest == empty


def test_options_of_the_spec_hold_on_the_executors(plain: Any) -> None:
    for spec in (Spec(columns=("id", "note")), Spec(ignore=("day",)), Spec(where="price > 3", columns=("id",))):
        assert sketch_table(plain, spec).text_digest == sketch_table(PLAIN, spec).text_digest


def test_types_that_only_spark_has_are_told_apart(spark: Any) -> None:
    frame = spark.sql(
        "select interval '1 02:03:04' day to second as span, timestamp_ntz '2024-01-02 03:04:05' as naive, "
        "timestamp '2024-01-02 03:04:05 UTC' as instant, cast('x' as char(3)) as padded, float('nan') as nan"
    )
    moment = dt.datetime(2024, 1, 2, 3, 4, 5)
    same = pa.table(
        {
            "span": pa.array([dt.timedelta(days=1, hours=2, minutes=3, seconds=4)]),
            "naive": pa.array([moment], pa.timestamp("us")),
            "instant": pa.array([moment], pa.timestamp("us", "UTC")),
            "padded": ["x"],
            "nan": pa.array([float("nan")], pa.float32()),
        }
    )
    found, expected = sketch_table(frame), sketch_table(same)
    assert [a.digest == b.digest for a, b in zip(found.columns, expected.columns, strict=True)] == [True] * 5


def test_a_column_that_has_no_canonical_form_is_told_in_one_sentence(spark: Any, places: Places) -> None:
    frame = spark.sql("""select parse_json('{"a": 1}') as odd, 1 as id""")
    with pytest.raises(UnsupportedTypeError, match="column 'odd' has type"):
        sketch_table(frame)
    result = frame_batch(frame, places, "spark").validate(se.ExpectTableRowsToBeDistinct())
    assert not result.success
    (info,) = result.exception_info.values()
    assert "column 'odd' has type" in info["exception_message"]
    assert "\n" not in info["exception_message"]


def test_a_plan_that_fails_is_told_in_one_sentence(spark: Any) -> None:
    frame = spark.range(3).selectExpr("id", "if(id = 2, raise_error('boom'), id) as x")
    with pytest.raises(SourceError, match=r"memory:spark cannot be read: .*boom") as caught:
        sketch_table(frame)
    assert "\n" not in str(caught.value)


def test_a_part_of_a_directory_is_sketched_and_not_the_whole(spark: Any, places: Places) -> None:
    pq.write_table(PLAIN, places.folder / "orders.parquet")
    source = places.context.data_sources.add_spark_filesystem("files", base_directory=places.folder)
    asset = source.add_directory_parquet_asset("orders", data_directory=".")
    batches = asset.add_batch_definition_yearly("years", column="day")
    found = sketch_of(batches.get_batch(batch_parameters={"year": 2024}))
    assert found.text_digest == sketch_table(PLAIN.filter(pc.equal(pc.year(PLAIN["day"]), 2024))).text_digest


WITHOUT = """
import os, sys
sys.path.insert(0, {src!r})
from pyspark.sql import SparkSession
from sameset import sketch_table
session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
session.sparkContext.setLogLevel("OFF")
try:
    sketch_table(session.range(3))
except Exception as error:
    print(type(error).__name__, error)
session.stop()
"""


def test_executors_without_the_library_say_what_to_install(spark: Any, tmp_path: Path) -> None:
    # Another Python environment, which has what Spark needs of Python, but not this library.
    packages = Path(pa.__file__).parents[1]
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("pyarrow", "numpy", "numpy.libs", "pyspark", "py4j", "pandas", "dateutil", "six.py", "pytz", "tzdata"):
        if (packages / name).exists():
            (bare / name).symlink_to(packages / name)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{bare}:$PYTHONPATH" exec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    source = str(Path(__file__).parents[2] / "src")
    environment = {**os.environ, "PYSPARK_PYTHON": str(python)}
    command = [sys.executable, "-c", WITHOUT.format(src=source)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
    assert "the executors of Spark run a Python without sameset; install it there" in done.stdout, done.stderr[-2000:]
