from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from registry_processes import entry
from sqlalchemy import func, select

from sameset.errors import StaleSnapshotError
from sameset.registry import Registry, schema

pytestmark = pytest.mark.slow

NAMES = st.sampled_from(["orders", "items", "Ünïcode; drop table dataset --"])
SKETCHES = st.sampled_from([b"a", b"b", b"c" * 5000, b"\x00"])
HANDLES = st.integers(0, 2)


class Recording(RuleBasedStateMachine):
    """Three open registries on one file, used in turn, against lists in memory."""

    @initialize()
    def open_all(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "registry.db"
        self.registries = [Registry.open(self.path) for _ in range(3)]
        self.model: dict[str, list] = {}
        self.runs: dict[str, object] = {}

    @rule(name=NAMES, content=SKETCHES, handle=HANDLES)
    def record(self, name, content, handle):
        known = self.model.setdefault(name, [])
        run_id = f"run {len(self.runs)}"
        recorded = self.registries[handle].record(
            entry(name, content, run_id=run_id), expected_previous=len(known) or None
        )
        assert recorded.number == len(known) + 1
        known.append((recorded, content))
        self.runs[run_id] = recorded

    @rule(name=NAMES, content=SKETCHES, handle=HANDLES, expected=st.none() | st.integers(0, 12))
    def record_after_a_wrong_snapshot(self, name, content, handle, expected):
        if expected == (len(self.model.get(name, [])) or None):
            return
        with pytest.raises(StaleSnapshotError):
            self.registries[handle].record(entry(name, content, run_id="stale"), expected_previous=expected)

    @rule(content=SKETCHES, handle=HANDLES, choice=st.integers(0), expected=st.none() | st.integers(0, 12))
    def record_a_run_again(self, content, handle, choice, expected):
        if not self.runs:
            return
        run_id = sorted(self.runs)[choice % len(self.runs)]
        before = self.runs[run_id]
        again = entry(before.dataset, content, run_id=run_id)
        assert self.registries[handle].record(again, expected_previous=expected) == before

    @rule(handle=HANDLES)
    def open_again(self, handle):
        self.registries[handle].close()
        self.registries[handle] = Registry.open(self.path)

    @invariant()
    def every_registry_tells_what_was_recorded(self):
        for registry in getattr(self, "registries", []):
            told = {summary.name: summary.snapshots for summary in registry.datasets()}
            assert told == {name: len(known) for name, known in self.model.items() if known}
            for name in told:
                known = [snapshot for snapshot, _ in self.model[name]]
                assert registry.history(name) == known[::-1]
                assert [snapshot.number for snapshot in known] == list(range(1, len(known) + 1))
                assert registry.latest(name) == known[-1]
                newest = [self.model[other][-1][0] for other in told if other != name]
                assert sorted(registry.others(name), key=lambda s: s.id) == sorted(newest, key=lambda s: s.id)

    @invariant()
    def every_sketch_is_there_once(self):
        if not getattr(self, "runs", {}):
            return
        registry = self.registries[0]
        contents = {content for known in self.model.values() for _, content in known}
        assert registry._value(select(func.count()).select_from(schema.sketch)) == len(contents)
        for known in self.model.values():
            for snapshot, content in known[-2:]:
                assert registry.sketch(snapshot) == content

    def teardown(self):
        for registry in getattr(self, "registries", []):
            registry.close()
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestRecording = Recording.TestCase
TestRecording.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
