"""A check that is killed half-way (SIGKILL, nothing can be tidied up) goes on where it was when it is run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sameset.execution import partitioning
from sameset.execution.checking import check_table
from sameset.execution.manifest_store import Manifests
from sameset.execution.mappers import ThreadMapper
from sameset.execution.mapping import PREFIX
from sameset.execution.resources import Resources
from sameset.execution.sketching import sketch_table
from sameset.registry import Registry

FILES = 60
JOB_BYTES = 1 << 20
ENTRY = (
    "import sys; from sameset.execution import partitioning; "
    f"partitioning.JOB_BYTES = {JOB_BYTES}; from sameset.cli.main import main; main()"
)


class Counting(ThreadMapper):
    """Threads that remember which files they read."""

    def __init__(self) -> None:
        self.files: list[str] = []

    def map(self, function, jobs):  # type: ignore[no-untyped-def]
        self.files += [file for job in jobs for file in job.files]
        return super().map(function, jobs)


def write(path: Path, seed: int) -> None:
    numbers = np.random.default_rng(seed)
    pq.write_table(pa.table({f"c{i}": numbers.random(50_000) for i in range(5)}), path)


@pytest.mark.slow
def test_a_check_that_was_killed_reads_only_what_is_left_and_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitioning, "JOB_BYTES", JOB_BYTES)
    folder, place = tmp_path / "orders", tmp_path / "registry.db"
    folder.mkdir()
    for number in range(FILES):
        write(folder / f"part-{number:02}.parquet", number)
    time.sleep(2.1)  # so old must a file be before its times are believed
    command = ["check", str(folder), "--name", "orders", "--registry", str(place)]
    with subprocess.Popen([sys.executable, "-c", ENTRY, *command], cwd=tmp_path, env=dict(os.environ)) as process:
        try:
            with Registry.open(place) as registry:
                give_up = time.monotonic() + 60
                while len(parts(registry)) < 5 and time.monotonic() < give_up:
                    assert process.poll() is None
                    time.sleep(0.01)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL

    write(folder / "part-00.parquet", 1_000)
    counting = Counting()
    with Registry.open(place) as registry:
        done = len(parts(registry))
        assert 5 <= done < FILES
        assert registry.latest("orders") is None
        found = check_table(folder, "orders", registry, manifests=Manifests(resources=Resources.of(mapper=counting)))
        assert str(folder / "part-00.parquet") in counting.files
        assert len(counting.files) <= FILES - done + 1
        assert parts(registry) == set()
        assert found.status == "new"
    assert found.arrival.sketch.to_bytes() == sketch_table(folder).to_bytes()


def parts(registry: Registry) -> set[str]:
    return {key for key in registry.file_keys("orders") if key.startswith(PREFIX)}
