"""Eight writers, who are killed all the time, and eight readers of one registry (`registry_soak.py`), for some seconds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

#: docs/registry.md has the figures of 60.
SECONDS = 10
#: Sixteen processes share what processors there are, so a reader may have to wait for its turn there; who waits for a lock waits
#: for 30 s.
LONGEST_MS = 10_000


def test_nothing_is_lost_nothing_is_half_written_and_readers_never_wait(address: str) -> None:
    """As a process of its own, because its processes begin as copies of a small one."""
    script = str(Path(__file__).with_name("registry_soak.py"))
    command = [sys.executable, script, "--seconds", str(SECONDS), "--registry", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"(\d+) writers killed; (\d+) records .* (\d+) reads.* longest (\d+) ms", done.stdout)
    assert told is not None, done.stdout
    killed, acknowledged, reads, longest = map(int, told.groups())
    assert min(killed, acknowledged, reads) > 0
    assert longest < LONGEST_MS
