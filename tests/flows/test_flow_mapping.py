"""Partitions as task runs of the flow: the sketch of one process, on threads and on processes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deliveries import orders

from sameset.errors import SourceError, SpecError
from sameset.execution import partitioning
from sameset.execution.sketching import sketch_table
from sameset.registry import Registry
from sameset_flows.mapping import PrefectMapper

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
