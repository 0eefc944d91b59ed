"""A check as an event of Prefect, so that automations can notify people and start what depends on the data.

The event is `sameset.dataset.STATUS` (`sameset.dataset.modified`, ...) about the resource `sameset.dataset.NAME`, whose label
`sameset.changed` is `true` unless the dataset is unchanged: docs/automations.md. An arrival that was not recorded, because its
policy rejected it, is `sameset.dataset.rejected`: the dataset is what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect.events import emit_event

from sameset_flows.keys import dataset_slug

if TYPE_CHECKING:
    from sameset.execution.checking import Check

__all__ = ["ANY_CHECK", "announce", "event_name", "resource_id"]

#: What automations expect that concern a check, whatever it found.
ANY_CHECK = "sameset.dataset.*"
MOST_RESEMBLING = 20


def announce(check: Check) -> None:
    """Emits the event of a check; within a flow run Prefect relates it to the run."""
    emit_event(event=event_name(check), resource=_resource(check), payload=_payload(check))


def event_name(check: Check) -> str:
    """The event's name: `sameset.dataset.` and new, unchanged, a verdict, or replaced; rejected if it was not recorded."""
    return f"sameset.dataset.{'rejected' if check.snapshot is None else check.status}"


def resource_id(dataset: str) -> str:
    """The identifier of a dataset among Prefect's resources; no two datasets share one.

    >>> resource_id("orders")
    'sameset.dataset.orders'
    """
    return f"sameset.dataset.{dataset_slug(dataset)}"


def _resource(check: Check) -> dict[str, str]:
    return {
        "prefect.resource.id": resource_id(check.arrival.dataset),
        "prefect.resource.name": check.arrival.dataset,
        "sameset.status": check.status,
        "sameset.changed": "false" if check.snapshot is None or check.status == "unchanged" else "true",
    }


def _payload(check: Check) -> dict[str, Any]:
    """What a notification or a flow needs: the sentence, counts, digests and references; no row of the data."""
    found = check.to_json(0)
    return {
        "sentence": check.sentence,
        "dataset": check.arrival.dataset,
        "status": check.status,
        "snapshot": found["snapshot"],
        "previous": found["previous"],
        "source": check.arrival.address,
        "registry": check.registry,
        "digest": check.arrival.sketch.text_digest,
        "rows": {"now": check.arrival.sketch.row_count, **found["rows"]},
        "resembles": [other.dataset for other in check.resembles[:MOST_RESEMBLING]],
    }
