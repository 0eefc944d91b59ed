"""The partition map: any mapper gives the sketch of one process; few fat jobs; what was done is not done again."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sameset.errors import (
    MissingExtraError,
    SamesetError,
    SourceError,
    SpecError,
    SpecMismatchError,
    UnsupportedTypeError,
)
from sameset.execution import mappers, partitioning
from sameset.execution.checking import check_table
from sameset.execution.manifest_store import Manifests
from sameset.execution.mappers import DaskMapper, Mapper, SparkMapper, ThreadMapper, mapper_of
from sameset.execution.mapping import PREFIX, Resuming
from sameset.execution.partition_jobs import JobDone, PartitionJob, sketch_on_worker
from sameset.execution.partitioning import partition_jobs
from sameset.execution.resources import Resources
from sameset.execution.sketching import sketch_table
from sameset.registry import Registry
from sameset.sketches.spec import Spec
from sameset.sources import file_states, open_source

FILES = 12


@pytest.fixture(autouse=True)
def small_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitioning, "JOB_BYTES", 1 << 16)
    monkeypatch.setattr(partitioning, "FILE_BYTES", 1 << 12)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once: no clock is as coarse as that of FAT here."""
    monkeypatch.setattr(file_states, "CLOCK_NS", 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "orders"
    folder.mkdir()
    for number in range(FILES):
        pq.write_table(some_rows(number), folder / f"part-{number:02}.parquet", row_group_size=250)
    return folder


def some_rows(number: int, rows: int = 1_000) -> pa.Table:
    return pa.table(
        {
            "id": np.arange(number * rows, (number + 1) * rows),
            "text": pa.array([f"t{i % 7}" if i % 5 else None for i in range(rows)]),
            "price": np.random.default_rng(number).random(rows),
        }
    )


class Counting:
    """A mapper that remembers what it ran."""

    def __init__(self, most: int | None = None) -> None:
        self.ran: list[PartitionJob] = []
        self.most = most

    here = True

    def map(
        self, function: Callable[[PartitionJob], JobDone], jobs: Sequence[PartitionJob]
    ) -> Iterator[JobDone]:  # a generator
        for job in jobs:
            if len(self.ran) == self.most:
                raise SourceError("the power went")
            self.ran.append(job)
            yield function(job)


#: Of the scheduler's pages, which are never asked for; that of all schedulers may be taken, and a warning would tell.
ANY_PORT: dict[str, Any] = {"dashboard_address": None, "scheduler_kwargs": {"dashboard_address": "127.0.0.1:0"}}


@pytest.fixture(scope="module")
def dask_in_this_process() -> Iterator[str]:
    import distributed

    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp://", **ANY_PORT
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def dask() -> Iterator[str]:
    """A scheduler and two workers, each its own process."""
    import distributed

    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, **ANY_PORT) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def spark() -> Iterator[object]:
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    interrupted = signal.getsignal(signal.SIGINT)
    session = builder.config("spark.driver.host", "127.0.0.1").getOrCreate()
    signal.signal(signal.SIGINT, interrupted)  # Spark's own outlives the session, and fails from then on
    yield session
    session.stop()


MAPPERS = [
    "threads",
    "dask_in_this_process",
    pytest.param("dask", marks=pytest.mark.slow),
    # PySpark leaves sockets to the garbage collector.
    pytest.param("spark", marks=[pytest.mark.slow, pytest.mark.filterwarnings("ignore:Exception ignored in. <socket")]),
]


@pytest.fixture(params=MAPPERS)
def mapper(request: pytest.FixtureRequest) -> Iterator[Mapper]:
    if request.param == "threads":
        yield ThreadMapper()
    else:
        made = request.getfixturevalue(request.param)
        yield SparkMapper(made) if request.param == "spark" else DaskMapper(made)
    gc.collect()


def test_any_mapper_gives_the_sketch_of_one_process_to_the_byte(mapper: Mapper, folder: Path) -> None:
    seen: list[int] = []
    spec = Spec().altered(key=["id"], ignore=["text"])
    mapped = sketch_table(folder, spec, mapper=mapper, progress=lambda rows: seen.append(rows))
    assert len(partition_jobs(open_source(folder), spec)) > 3
    assert mapped.to_bytes() == sketch_table(folder, spec).to_bytes()
    assert sum(seen) == FILES * 1_000


def test_an_error_in_one_partition_names_it_whoever_reads_it(mapper: Mapper, folder: Path) -> None:
    broken = folder / "part-07.parquet"
    content = bytearray(broken.read_bytes())
    content[4:4_000] = bytes(3_996)  # the footer still tells of the rows
    broken.write_bytes(content)
    with pytest.raises(SourceError, match=r"part-07\.parquet") as error:
        sketch_table(folder, mapper=mapper)
    assert "on worker" not in str(error.value)  # it was this machine


def test_an_error_names_the_machine_if_it_was_another(folder: Path) -> None:
    job = partition_jobs(open_source(folder), Spec().altered(ignore=["text"]))[0]
    (folder / "part-00.parquet").unlink()
    with pytest.raises(SourceError, match=f"on worker {socket.gethostname()}"):
        sketch_on_worker(job, asked_on="another.example")


def test_a_kind_of_error_comes_back_from_a_worker_as_it_was() -> None:
    for error in (UnsupportedTypeError("x", "union"), SpecMismatchError("seed", 1, 2), MissingExtraError("s3", "it")):
        back = pickle.loads(pickle.dumps(error))
        assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))


def test_a_scheduler_imports_nothing_to_pass_a_job_on(folder: Path) -> None:
    job = pickle.dumps(partition_jobs(open_source(folder), Spec())[0])
    code = (
        "import pickle, sys; job = pickle.loads(sys.stdin.buffer.read()); "
        "print(len(job.files), [m for m in ('numpy', 'pyarrow', 'duckdb', 'numba', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], input=job, capture_output=True, check=True)
    assert done.stdout.decode().split(" ", 1)[1].strip() == "[]"
    assert len(job) < 4_000


def test_a_large_file_is_cut_into_row_groups(tmp_path: Path) -> None:
    file = tmp_path / "one.parquet"
    pq.write_table(some_rows(0, 20_000), file, row_group_size=1_000, compression="none")
    jobs = partition_jobs(open_source(file), Spec())
    assert len(jobs) > 3
    assert jobs[1].name.startswith(f"{file} (row groups ")
    assert sketch_table(file, mapper=ThreadMapper()).to_bytes() == sketch_table(file).to_bytes()


@pytest.mark.parametrize("ending", ["csv", "arrow"])
@pytest.mark.parametrize("folders", [False, True], ids=["flat", "folders"])
def test_other_files_and_folders_of_keys_are_mapped_alike(ending: str, folders: bool, tmp_path: Path) -> None:
    for number in range(4):
        place = tmp_path / "t" / (f"day={number}" if folders else ".") / f"part-{number}.{ending}"
        place.parent.mkdir(parents=True, exist_ok=True)
        table = some_rows(number)
        if ending == "csv":
            lines = [",".join("" if v is None else str(v) for v in row.values()) for row in table.to_pylist()]
            place.write_text("\n".join([",".join(table.column_names), *lines]) + "\n")
        else:
            with pa.ipc.new_file(place, table.schema) as writer:
                writer.write_table(table)
    source = open_source(tmp_path / "t", schema=some_rows(0).schema if ending == "csv" else None)
    assert len(partition_jobs(source, Spec())) > 1
    assert sketch_table(source, mapper=ThreadMapper()).to_bytes() == sketch_table(source).to_bytes()


def test_what_can_only_be_read_as_a_whole_is_read_here(folder: Path, tmp_path: Path) -> None:
    csv = tmp_path / "x.csv"
    csv.write_text("a,b\n1,x\n")
    for source, spec in ((csv, Spec()), (folder, Spec().altered(where="id > 5")), (some_rows(0), Spec())):
        counting = Counting()
        assert partition_jobs(open_source(source), spec) == []
        assert sketch_table(source, spec, mapper=counting) == sketch_table(source, spec)
        assert counting.ran == []


def test_no_file_is_in_two_jobs_and_a_changed_one_moves_few_cuts(folder: Path, settled: None) -> None:
    before = partition_jobs(open_source(folder), Spec())
    assert sorted(file for job in before for file in job.files) == sorted(map(str, folder.iterdir()))
    pq.write_table(some_rows(99, 1_500), folder / "part-05.parquet")
    after = partition_jobs(open_source(folder), Spec())
    moved = {job.key for job in after} - {job.key for job in before}
    assert 1 <= len(moved) <= 3
    assert {job.key for job in partition_jobs(open_source(folder), Spec(seed=1))}.isdisjoint(job.key for job in after)


def test_many_bytes_make_jobs_larger_rather_than_more() -> None:
    assert partitioning._job_bytes(1 << 16) == partitioning.JOB_BYTES
    total = 10**15
    target = partitioning._job_bytes(total)
    assert partitioning.MOST_JOBS / 2 < total / target <= partitioning.MOST_JOBS


def test_a_run_that_was_cut_off_goes_on_where_it_was(folder: Path, settled: None, tmp_path: Path) -> None:
    with Registry.open(tmp_path / "registry.db") as registry:
        first = Counting(most=3)
        with pytest.raises(SourceError, match="the power went"):
            check_table(folder, "orders", registry, manifests=reading_by(first))
        assert len(parts(registry)) == 3
        assert registry.latest("orders") is None

        changed = Path(first.ran[1].files[0])
        pq.write_table(some_rows(99), changed)
        second = Counting()
        found = check_table(folder, "orders", registry, manifests=reading_by(second))
        again = {file for job in second.ran for file in job.files}
        assert str(changed) in again
        assert set(first.ran[0].files).isdisjoint(again)
        assert set(first.ran[2].files).isdisjoint(again)
        assert found.arrival.sketch == sketch_table(folder)
        assert parts(registry) == set()


def test_nothing_is_kept_of_files_that_may_still_be_written(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        file.touch()
    with Registry.open(tmp_path / "registry.db") as registry, pytest.raises(SourceError):
        check_table(folder, "orders", registry, manifests=reading_by(Counting(most=3)))
    with Registry.open(tmp_path / "registry.db") as registry:
        assert parts(registry) == set()


def test_nothing_is_kept_of_a_file_written_while_it_was_read(folder: Path, settled: None, tmp_path: Path) -> None:
    class Writing(Counting):
        def map(self, function, jobs):  # type: ignore[no-untyped-def]
            for done in super().map(function, jobs):
                with (folder / "part-00.parquet").open("ab") as file:
                    file.write(b" ")
                yield done

    with Registry.open(tmp_path / "registry.db") as registry, pytest.raises(SourceError):
        check_table(folder, "orders", registry, manifests=reading_by(Writing(most=2)))
    with Registry.open(tmp_path / "registry.db") as registry:
        assert len(parts(registry)) == 1


def test_damaged_parts_are_read_again(folder: Path, settled: None, tmp_path: Path) -> None:
    with Registry.open(tmp_path / "registry.db") as registry:
        jobs = partition_jobs(open_source(folder), Spec())
        registry.add_file_sketches("orders", {PREFIX + jobs[0].key: b"nonsense"})
        counting = Counting()
        assert sketch_table(folder, mapper=Resuming(counting, registry, "orders")) == sketch_table(folder)
        assert len(counting.ran) == len(jobs)


def test_what_incremental_checks_keep_stays(folder: Path, settled: None, tmp_path: Path) -> None:
    with Registry.open(tmp_path / "registry.db") as registry:
        check_table(folder, "orders", registry, incremental=True)
        kept = registry.file_keys("orders")
        assert len(kept) == FILES
        registry.add_file_sketches("orders", {f"{PREFIX}x": b"of a run that was cut off"})
        check_table(folder, "orders", registry)
        assert registry.file_keys("orders") == kept


@pytest.mark.parametrize(
    "text", ["", "das", "dask", "dask=", "dask=host", "dask=foo://host:1", "prefekt", "tcp://host:8786", "threads=3"]
)
def test_a_mapper_that_there_is_not_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(SpecError, match="is no mapper"):
        mapper_of(text)


def test_of_a_page_of_java_the_line_that_names_the_error_is_told() -> None:
    told = "SparkException: Could not parse Master URL: 'x'"
    page = f"An error occurred while calling None.JavaSparkContext.\n: org.apache.spark.{told}\n\tat org.apache..."
    assert mappers._first_line(RuntimeError(page)) == told


def test_the_environment_may_name_the_mapper(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Resources.of().mapper is None
    monkeypatch.setenv("SAMESET_MAPPER", "threads")
    assert isinstance(Resources.of().mapper, ThreadMapper)


def test_a_scheduler_that_is_not_there_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sameset.execution.mappers.DASK_SECONDS", 0.2)
    with pytest.raises(SamesetError, match=r"scheduler at tcp://127\.0\.0\.1:1 does not answer"):
        sketch_table(folder, mapper=DaskMapper("tcp://127.0.0.1:1"))


def reading_by(mapper: object) -> Manifests:
    return Manifests(resources=Resources.of(mapper=mapper))  # type: ignore[arg-type]


def parts(registry: Registry) -> set[str]:
    return {key for key in registry.file_keys("orders") if key.startswith(PREFIX)}
