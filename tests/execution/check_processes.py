"""Checks one dataset several times, at once with other processes: waits on stdin for the start."""

from __future__ import annotations

import sys

import pyarrow as pa

import sameset

__all__: list[str] = []

if __name__ == "__main__":
    address, worker, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for number in range(count):
        table = pa.table({"id": [1, 2, 100 * worker + number]})
        check = sameset.check_table(table, "orders", address, run_id=f"{worker}-{number}")
        assert check.snapshot is not None
        sys.stdout.write(f"{check.snapshot.number} {check.previous.number if check.previous else 0} {check.status}\n")
