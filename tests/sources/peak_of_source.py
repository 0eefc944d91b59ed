"""Reads all rows of a source in a process of its own, and prints how many, and the most memory that it had, in bytes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sameset.sources import open_source

if __name__ == "__main__":
    rows = sum(batch.num_rows for batch in open_source(sys.argv[1]).batches())
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    sys.stdout.write(f"{rows} {int(kilobytes) * 1024}\n")
