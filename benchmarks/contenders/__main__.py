"""Runs one contender and writes one line of JSON: `python -m benchmarks.contenders NAME CORES PLACE ...`; CORES 0 is all."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time


def main(name: str, cores: str, *places: str) -> None:
    """Prepares, starts the timer, works, stops it, reports."""
    if int(cores):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])
    if name.startswith("sameset_"):
        from sameset.cli.memory import tune_memory

        tune_memory()  # as the command line does; the others choose for themselves, too
    contender = importlib.import_module(f"benchmarks.contenders.{name}")
    state = contender.prepare(*places)
    start = time.perf_counter()
    done = contender.work(state)
    seconds = time.perf_counter() - start
    report = {"work": seconds, "version": contender.version(), **done._asdict()}
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
