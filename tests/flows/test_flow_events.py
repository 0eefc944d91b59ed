"""The event of a check, and how far a scan is: as Prefect's server has them."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from deliveries import orders
from hypothesis import given
from hypothesis import strategies as st
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.events.clients import AssertingEventsClient
from prefect.events.worker import EventsWorker
from prefect.settings import PREFECT_API_URL, temporary_settings

from sameset import check_table
from sameset.errors import SamesetError
from sameset_flows.automations import establish, run_again_when_lost
from sameset_flows.events import announce, event_name, resource_id
from sameset_flows.progress import showing_progress

NAMES = st.text(min_size=1, max_size=80)


@given(NAMES, NAMES)
def test_two_datasets_never_share_a_resource(one, other):
    assert (resource_id(one) == resource_id(other)) is (one == other)


@pytest.fixture
def emitted(monkeypatch, prefect_server):
    """What was sent to Prefect's server, which is asked what runs: the events of everything announced so far."""
    AssertingEventsClient.reset()
    worker = EventsWorker.instance(AssertingEventsClient)
    monkeypatch.setattr("prefect.events.utilities.EventsWorker.instance", lambda *_: worker)
    monkeypatch.setattr("prefect.events.utilities.should_emit_events", lambda: True)

    def sent():
        worker.wait_until_empty()
        worker.drain()
        return [event for client in AssertingEventsClient.all for event in client.events]

    return sent


def test_each_status_is_an_event_of_its_own_about_the_dataset(deliver, registry, emitted):
    first, second = deliver("first.parquet"), deliver("second.parquet", orders(102, _5=7.5))
    for place in (first, first, second):
        announce(check_table(place, "Daily Orders", registry, key=["o_orderkey"]))
    events = emitted()
    assert [event.event for event in events] == [
        "sameset.dataset.new",
        "sameset.dataset.unchanged",
        "sameset.dataset.modified",
    ]
    assert {event.resource.id for event in events} == {resource_id("Daily Orders")}
    assert [event.resource["sameset.changed"] for event in events] == ["true", "false", "true"]
    payload = events[2].payload
    assert payload["sentence"] == "Daily Orders is modified: 1 row changed, 2 added"
    assert payload["rows"] == {"now": 102, "added": 2, "removed": 0, "changed": 1, "estimated_difference": None}
    assert (payload["snapshot"], payload["previous"]) == ("Daily Orders@3", "Daily Orders@2")


def test_what_was_not_recorded_is_rejected_and_starts_nothing(deliver, registry, emitted):
    check_table(deliver("first.parquet"), "orders", registry, key=["o_orderkey"])
    announce(replace(check_table(deliver("second.parquet", orders(90)), "orders", registry), snapshot=None))
    (event,) = emitted()
    assert event.event == "sameset.dataset.rejected"
    assert (event.resource["sameset.status"], event.resource["sameset.changed"]) == ("truncated", "false")
    assert event.payload["snapshot"] is None


def test_no_event_holds_a_password_or_a_row(deliver, tmp_path, emitted):
    check = check_table(deliver("orders.parquet", orders(50, _5=987.25)), "orders", str(tmp_path / "registry.db"))
    announce(check)
    (event,) = emitted()
    assert "987.25" not in event.model_dump_json()
    assert event_name(check) == event.event


@pytest.mark.server
def test_a_long_scan_shows_how_far_it_is_and_a_short_one_nothing(prefect_server):
    @flow
    def scanning(name, patience, rows):
        with showing_progress(name, 1_000, patience) as progress:
            for _ in range(rows // 100):
                progress(100)
                deadline = time.monotonic() + 5
                while patience < 1 and not shown(name) and time.monotonic() < deadline:
                    time.sleep(0.02)
            if name == "broken":
                raise ValueError("broken")

    def shown(name):
        with get_client(sync_client=True) as client:
            key = ArtifactFilter(key=ArtifactFilterKey(any_=[f"sameset-progress-{name}"]))
            return client.read_latest_artifacts(artifact_filter=key)

    scanning("quick", 60.0, 1_000)
    assert not shown("quick")
    scanning("patient", 0.05, 400)
    (artifact,) = shown("patient")
    assert (artifact.type, artifact.data) == ("progress", 100.0)
    assert artifact.description == "patient: 400 rows read"
    assert artifact.flow_run_id is not None

    with pytest.raises(ValueError, match="broken"):
        scanning("broken", 0.05, 300)
    (artifact,) = shown("broken")
    assert (artifact.data, artifact.description) == (30.0, "broken: stopped after 300 rows")


def test_an_automation_is_never_made_on_a_server_of_the_moment():
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(SamesetError, match="PREFECT_API_URL names no Prefect server"),
    ):
        establish(run_again_when_lost())
