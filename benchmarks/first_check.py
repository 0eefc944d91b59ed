"""A stranger's path, timed: `python -m benchmarks.first_check` runs the six commands of README.md, "On a schedule", as they stand.

In an empty folder, with a home of its own and a copy of what is committed; the data are ten Parquet files of 100,000 rows. Two
words are others than in README: where the data lie, and a schedule of every minute, so that there is something to wait for. Prints
the seconds since the first command began at which it was installed, the first check by schedule had ended, and that by hand.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
FILES, ROWS = 10, 100_000
BLOCK = re.compile(r"six commands in an empty folder.*?```sh\n(.*?)```", re.DOTALL)
TOLD = 'told() { echo "$(($(date +%s) - began)) s: $*"; }'
WAIT = 'until grep -q "orders is new" serve.log; do sleep 0.5; done'


def main() -> None:
    """Runs and prints; what it started ends with it."""
    with TemporaryDirectory(prefix="first-check-") as place:
        folder = Path(place)
        write_orders(folder / "data")
        (folder / "here").mkdir()
        copy = subprocess.run(
            ["git", "archive", "--prefix=sameset/", "HEAD"], cwd=ROOT, capture_output=True, check=True
        )
        subprocess.run(["tar", "x"], input=copy.stdout, cwd=folder / "here", check=True)
        text = script((ROOT / "README.md").read_text("utf-8"), folder / "data")
        process = subprocess.Popen(
            ["bash", "-c", text], cwd=folder / "here", env=environment(folder), start_new_session=True
        )
        try:
            sys.exit(process.wait())
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def script(readme: str, data: Path) -> str:
    """The commands of the README, with a line that tells the time after those that somebody waits for."""
    found = BLOCK.search(readme)
    if found is None:
        raise SystemExit('README.md has no six commands "in an empty folder" any more')
    commands = found[1].replace("/data/orders", str(data)).replace('"1h"', '"1m"')
    installed, then = commands.split("\n", 1)
    before, by_hand = then.rsplit("\nprefect deployment run", 1)
    steps = [
        "set -e\nbegan=$(date +%s)",
        TOLD,
        installed,
        "told installed",
        before,
        WAIT,
        "told first check by schedule",
        f"prefect deployment run{by_hand}",
        "told check by hand",
        "sameset history orders --registry registry.db",
    ]
    return "\n".join(steps)


def environment(folder: Path) -> dict[str, str]:
    """That of a fresh machine: a home of its own, nothing of ours, no packages kept from before."""
    ours = ("PREFECT_", "SAMESET_", "XDG_", "VIRTUAL_ENV", "PYTHON")
    own = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    without = str(Path(sys.executable).parent)
    path = os.pathsep.join(part for part in own["PATH"].split(os.pathsep) if part != without)
    return own | {
        "HOME": str(folder),
        "PATH": path,
        "PIP_NO_CACHE_DIR": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }


def write_orders(folder: Path) -> None:
    """A folder of Parquet files with a key."""
    folder.mkdir()
    for number in range(FILES):
        ids = range(number * ROWS, (number + 1) * ROWS)
        table = pa.table({"id": ids, "price": [float(each % 97) for each in ids]})
        pq.write_table(table, folder / f"part-{number}.parquet")


if __name__ == "__main__":
    main()
