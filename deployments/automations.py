"""An example: when a dataset changed, run what depends on it and tell people; nothing happens while it stays the same.

Put your own deployment and notification block below, then run `python deployments/automations.py`. It may be run again.
"""

from __future__ import annotations

import sys

from sameset.errors import SamesetError
from sameset_flows.automations import establish, notify_when_changed, run_when_changed

DATASET = "orders"
DEPLOYMENT = "train/nightly"  # FLOW/DEPLOYMENT, as `prefect deployment ls` lists it
BLOCK = (
    ""  # TYPE/NAME of a notification block, such as "slack-webhook/ops"; `prefect block ls` lists those that there are
)


def main() -> None:
    """Creates the automations, or renews those of the same names."""
    wanted = [run_when_changed(DEPLOYMENT, dataset=DATASET)]
    if BLOCK:
        wanted.append(notify_when_changed(BLOCK, dataset=DATASET))
    for automation in wanted:
        done = "created" if establish(automation) else "renewed"
        print(f"{done}: {automation.name}")  # noqa: T201


if __name__ == "__main__":
    try:
        main()
    except SamesetError as error:
        sys.exit(str(error))
