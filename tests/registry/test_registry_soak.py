"""Eight writers, who are killed all the time, and eight readers of one registry (`registry_soak.py`), for some seconds."""

from __future__ import annotations

import pytest
from registry_soak import soak

pytestmark = pytest.mark.slow

#: docs/registry.md has the figures of 60.
SECONDS = 8
#: Sixteen processes share two processors, so a reader may have to wait for its turn there; nothing else takes so long.
LONGEST = 3.0


def test_nothing_is_lost_nothing_is_half_written_and_readers_never_wait(address, tmp_path):
    found = soak(address, SECONDS, tmp_path)
    assert found.faults == []
    assert found.kills >= SECONDS
    assert found.acknowledged > 100
    assert found.reads > 1000
    assert max(found.latencies) < LONGEST
