"""A soak: 8 writers and 8 readers of one registry at once, writers killed all the time; then every record is looked for.

    .venv/bin/python tests/registry/registry_soak.py --seconds 60                 a file of SQLite
    .venv/bin/python tests/registry/registry_soak.py --seconds 60 --postgresql    a PostgreSQL server of its own
    .venv/bin/python tests/registry/registry_soak.py --seconds 60 --registry postgresql://...   one that is there, empty

A writer notes each record after the registry acknowledged it, in a file that outlives it. What was noted has to be there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # when run as a script

import servers

from sameset.errors import StaleSnapshotError
from sameset.registry import NewSnapshot, Registry, Snapshot

WRITERS = READERS = 8
#: Half of the writers compete for one dataset, the others have one each.
SHARED = 4
DATASETS = ["shared", *(f"own {number}" for number in range(SHARED, WRITERS))]
#: Seconds from one kill to the next, on average.
KILL_EVERY = 0.25
#: As large as the sketch of a table of a few columns.
SKETCH_BYTES = 20_000
SHARES = {"median": 0.5, "99 %": 0.99, "99.9 %": 0.999}


@dataclass
class Found:
    """What a soak found out; `faults` are sentences about what must not be."""

    seconds: float
    kills: int = 0
    acknowledged: int = 0
    recorded: int = 0
    unheard: int = 0  # recorded by writers who were killed before they noted it
    reads: int = 0
    latencies: list[float] = field(default_factory=list, repr=False)
    faults: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """The figures, in one line."""
        slow = sorted(self.latencies)
        marks = ", ".join(f"{name} {1000 * slow[int(len(slow) * at)]:.1f} ms" for name, at in SHARES.items())
        return (
            f"{self.seconds:.0f} s: {self.kills} writers killed; {self.acknowledged} records acknowledged, all there; "
            f"{self.unheard} more by writers killed between commit and note; {self.reads} reads: {marks}, "
            f"longest {1000 * slow[-1]:.0f} ms"
        )


def sketch_of(run: str) -> bytes:
    """The sketch that a run records."""
    return (run * (SKETCH_BYTES // len(run))).encode()


def text_of(run: str) -> str:
    """The report and validation that a run records."""
    return json.dumps({"run": run, "told": "x" * 2_000})


def write(address: str, dataset: str, name: str, notes: str, until: float) -> None:
    """Record snapshot after snapshot until the time is over; a line in `notes` for each that was acknowledged."""
    noted = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with Registry.open(address) as registry:
        for number in range(10**9):
            if time.time() > until:
                return
            run = f"{name}-{number}"
            shot = _record(registry, dataset, run)
            os.write(noted, f"{json.dumps([run, shot.dataset, shot.number])}\n".encode())


def _record(registry: Registry, dataset: str, run: str) -> Snapshot:
    """Record on top of whatever is the newest."""
    told = {"rows": SKETCH_BYTES, "digest": f"digest of {run}", "source": "orders.parquet", "status": "modified"}
    texts = {"report": text_of(run), "validation": text_of(run), "files": run.encode()}
    new = NewSnapshot(dataset=dataset, sketch=sketch_of(run), run_id=run, **told, **texts)
    while True:
        newest = registry.latest(dataset)
        try:
            return registry.record(new, expected_previous=newest.number if newest else None)
        except StaleSnapshotError:
            continue


def read(address: str, seed: int, told: str, until: float) -> None:
    """Read what checks and histories read, until the time is over; each reading is timed, and must be whole."""
    latencies: list[float] = []
    faults: list[str] = []
    chance = random.Random(seed)

    def timed(reading: Any, *arguments: Any) -> Any:
        begin = time.perf_counter()
        result = reading(*arguments)
        latencies.append(time.perf_counter() - begin)
        return result

    with Registry.open(address, create=False) as registry:
        while time.time() < until:
            name = chance.choice(DATASETS)
            shot = timed(registry.latest, name)
            if timed(registry.sketch, shot) != sketch_of(shot.run_id):
                faults.append(f"the sketch of {shot.reference} is not that of its run")
            if [timed(registry.validation, shot), timed(registry.report, shot)] != [text_of(shot.run_id)] * 2:
                faults.append(f"{shot.reference} was read without its validation or report")
            numbers = [old.number for old in timed(registry.history, name, 20)]
            if numbers != list(range(numbers[0], max(numbers[0] - 20, 0), -1)):
                faults.append(f"the history of {name} has gaps: {numbers}")
            if len(timed(registry.datasets)) != len(DATASETS):
                faults.append("a dataset is missing")
            timed(_others, registry, name)
            remembered = timed(registry.remembered_files, name)
            if remembered is None or remembered[0] < shot.number:
                faults.append(f"the files of {shot.reference} were not remembered with it")
    Path(told).write_text(json.dumps([latencies, faults]))


def _others(registry: Registry, name: str) -> list[Snapshot]:
    return list(registry.others(name))


def soak(address: str, seconds: float, folder: Path) -> Found:
    """What a soak of an empty registry found; `folder` takes the notes of its processes."""
    found = Found(seconds)
    with Registry.open(address) as registry:
        for name in DATASETS:
            _record(registry, name, f"first of {name}")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["registry_soak"])
    with ExitStack() as stack:
        # The clock starts when what all processes import is imported, and the database is warm.
        _started(stack, context, read, address, 0, f"{folder}/warm", 0.0).join()
        until = time.time() + seconds
        reading = [_started(stack, context, read, address, n, f"{folder}/read-{n}", until) for n in range(READERS)]
        _write_and_kill(stack, context, found, (address, folder, until))
        for process in reading:
            process.join(60)
            if process.exitcode != 0:
                found.faults.append(f"a reader ended with {process.exitcode}")
    for told in folder.glob("read-*"):
        latencies, faults = json.loads(told.read_text())
        found.latencies += latencies
        found.faults += faults
    found.reads = len(found.latencies)
    expect_all(address, folder, found)
    return found


def _started(stack: ExitStack, context: Any, target: Any, *arguments: Any) -> BaseProcess:
    process: BaseProcess = context.Process(target=target, args=arguments)
    process.start()
    stack.callback(process.kill)
    return process


def _write_and_kill(stack: ExitStack, context: Any, found: Found, place: tuple[str, Path, float]) -> None:
    """Keep the writers at work, though one of them is killed again and again."""
    address, folder, until = place
    chance = random.Random(0)

    def begin(number: int, name: str) -> BaseProcess:
        notes = f"{folder}/notes-{number}"
        return _started(stack, context, write, address, DATASETS[max(0, number - SHARED + 1)], name, notes, until)

    writers = [begin(number, f"writer-{number}") for number in range(WRITERS)]
    while time.time() < until:
        number = chance.randrange(WRITERS)
        # Until the killed one is gone there is nothing to wait for but time.
        writers[number].join(chance.expovariate(1 / KILL_EVERY))
        if writers[number].is_alive() and time.time() < until:
            os.kill(writers[number].pid or 0, signal.SIGKILL)
            writers[number].join()
            found.kills += 1
            writers[number] = begin(number, f"writer-{number}-{found.kills}")
    for process in writers:
        process.join(60)
        if process.exitcode != 0:
            found.faults.append(f"a writer ended with {process.exitcode}")


def expect_all(address: str, folder: Path, found: Found) -> None:
    """Look for every record that was noted, and whether each that is there is whole; faults go into `found`."""
    noted = [tuple(json.loads(line)) for path in folder.glob("notes-*") for line in path.read_text().splitlines()]
    found.acknowledged = len(noted)
    with Registry.open(address, create=False) as registry:
        there = {name: registry.history(name, limit=10**7) for name in DATASETS}
        for name, shots in there.items():
            if [shot.number for shot in shots] != list(range(len(shots), 0, -1)):
                found.faults.append(f"the numbers of {name} have gaps")
            found.faults += [f"{shot.reference} is not whole" for shot in shots if not _is_whole(registry, shot)]
    runs = {shot.run_id: (shot.run_id, shot.dataset, shot.number) for shots in there.values() for shot in shots}
    found.faults += [f"{told} was acknowledged and is not there" for told in noted if runs.get(told[0]) != told]
    found.recorded = len(runs)
    found.unheard = found.recorded - len(noted) - len(DATASETS)
    if not 0 <= found.unheard <= found.kills:
        found.faults.append(f"{found.unheard} records are there that nobody noted, though {found.kills} were killed")


def _is_whole(registry: Registry, shot: Snapshot) -> bool:
    text = text_of(shot.run_id)
    whole = registry.sketch(shot) == sketch_of(shot.run_id)
    return whole and registry.report(shot) == registry.validation(shot) == text


def main(arguments: list[str]) -> int:
    """Run one soak as asked for, and print its figures; 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--postgresql", action="store_true", help="a PostgreSQL server of its own")
    place.add_argument("--registry", help="an address at which there is no registry yet")
    asked = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sameset-soak-")))
        address = asked.registry or str(folder / "registry.db")
        if asked.postgresql:
            address = stack.enter_context(servers.postgres_server(fsync=True)).address
        found = soak(address, asked.seconds, folder)
    print("\n".join([found.sentence(), *found.faults[:20]]))  # noqa: T201
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
