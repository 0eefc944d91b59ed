"""Partitions as task runs of the flow: the sketch of one process, on threads and on processes."""

from __future__ import annotations

import time
from collections import Counter, deque
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deliveries import orders
from prefect.context import TaskRunContext

from sameset.errors import SourceError, SourceUnavailableError, SpecError
from sameset.execution import partitioning
from sameset.execution.partition_jobs import JobDone, PartitionJob
from sameset.execution.scanning import cores
from sameset.execution.sketching import sketch_table
from sameset.registry import Registry
from sameset_flows import tasks
from sameset_flows.mapping import PrefectMapper
from sameset_flows.tasks import Limits, fat_task

FILES = 6


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(partitioning, "JOB_BYTES", 1 << 12)
    monkeypatch.setattr(partitioning, "FILE_BYTES", 1 << 12)
    folder = tmp_path / "orders"
    folder.mkdir()
    for number in range(FILES):
        pq.write_table(pa.table(orders(100 + number)), folder / f"part-{number}.parquet")
    return folder


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize("runner", ["ThreadPoolTaskRunner", "ProcessPoolTaskRunner"])
def test_task_runs_give_the_sketch_of_one_process(runner: str, folder: Path) -> None:
    from prefect import flow, task_runners

    @flow(task_runner=getattr(task_runners, runner)(max_workers=2), persist_result=False)
    def mapped() -> bytes:
        return sketch_table(folder, mapper=PrefectMapper()).to_bytes()

    assert mapped() == sketch_table(folder).to_bytes()


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_the_flow_maps_partitions_where_the_environment_says_so(
    folder: Path, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sameset_flows.check_dataset import check_dataset

    ran: list[int] = []
    monkeypatch.setenv("SAMESET_MAPPER", "prefect")
    real = PrefectMapper.map
    monkeypatch.setattr(
        PrefectMapper, "map", lambda self, function, jobs: ran.append(len(jobs)) or real(self, function, jobs)
    )
    found = check_dataset(str(folder), "orders", registry=registry)
    assert found["right"]["digest"] == sketch_table(folder).text_digest
    assert ran == [FILES]
    with Registry.open(registry) as opened:
        assert opened.file_keys("orders") == set()


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_an_error_of_one_partition_names_it(folder: Path) -> None:
    from prefect import flow

    @flow(persist_result=False)
    def mapped() -> bytes:
        return sketch_table(folder, mapper=PrefectMapper()).to_bytes()

    broken = folder / "part-3.parquet"
    content = bytearray(broken.read_bytes())
    content[4:600] = bytes(596)  # the footer still tells of the rows
    broken.write_bytes(content)
    with pytest.raises(SourceError, match=r"part-3\.parquet"):
        mapped()


def test_outside_of_a_flow_it_is_refused(folder: Path) -> None:
    with pytest.raises(SpecError, match="within a flow"):
        sketch_table(folder, mapper=PrefectMapper())


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_few_task_runs_share_the_jobs_and_only_what_failed_for_the_moment_is_run_again() -> None:
    from prefect import flow

    ran: Counter[int] = Counter()
    by: set[str] = set()

    def work(job: PartitionJob) -> JobDone:
        ran[job.number] += 1
        by.add(TaskRunContext.get().task_run.name)
        if job.number == 3 and ran[job.number] == 1:
            raise ConnectionResetError("the store hung up")
        return JobDone(job.number, 1, b"")

    @flow(persist_result=False)
    def mapped() -> list[int]:
        return sorted(done.number for done in PrefectMapper().map(work, some_jobs(40)))

    assert mapped() == list(range(40))
    assert [ran[number] for number in range(40)] == [1, 1, 1, 2, *[1] * 36]
    assert by <= {f"sketch partitions, {number + 1} of {cores()}" for number in range(cores())}


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_after_an_error_that_stays_no_other_job_begins() -> None:
    from prefect import flow

    ran: list[int] = []

    def work(job: PartitionJob) -> JobDone:
        ran.append(job.number)
        if job.number == 0:
            raise SourceError("part-0.parquet: no Parquet file")
        time.sleep(0.01)
        return JobDone(job.number, 1, b"")

    @flow(persist_result=False)
    def mapped() -> None:
        deque(PrefectMapper().map(work, some_jobs(2_000)), maxlen=0)

    with pytest.raises(SourceError, match="part-0"):
        mapped()
    assert ran.count(0) == 1
    assert len(ran) < 100


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_an_error_of_any_kind_ends_the_run() -> None:
    from prefect import flow

    def work(job: PartitionJob) -> JobDone:
        raise IndexError(f"job {job.number}")

    @flow(persist_result=False)
    def mapped() -> None:
        deque(PrefectMapper().map(work, some_jobs(4)), maxlen=0)

    with pytest.raises(IndexError, match="job"):
        mapped()


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_a_task_on_the_only_thread_of_a_task_runner_does_the_jobs_itself() -> None:
    from prefect import flow, task
    from prefect.task_runners import ThreadPoolTaskRunner

    @task
    def around() -> list[int]:
        return sorted(done.number for done in PrefectMapper().map(ended, some_jobs(5)))

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1), persist_result=False)
    def mapped() -> list[int]:
        found: list[int] = around.submit().result(timeout=60)
        return found

    assert mapped() == list(range(5))


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize("retries", [0, 2])
def test_jobs_are_tried_as_often_as_their_dataset_says(retries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect import flow

    monkeypatch.setattr(tasks, "DELAYS", [0.01, 0.01])
    tries: list[int] = []

    def work(job: PartitionJob) -> JobDone:
        tries.append(job.number)
        raise SourceUnavailableError("the store does not answer")

    def validate() -> None:
        deque(PrefectMapper().map(work, some_jobs(1)), maxlen=0)

    @flow(persist_result=False)
    def mapped() -> None:
        Limits(retries).on(fat_task("validate", validate))()

    with pytest.raises(SourceUnavailableError):
        mapped()
    assert len(tries) == 1 + retries


def ended(job: PartitionJob) -> JobDone:
    return JobDone(job.number, 1, b"")


def some_jobs(count: int) -> list[PartitionJob]:
    return [PartitionJob(number, f"part-{number}.parquet", (), None, "", b"") for number in range(count)]
