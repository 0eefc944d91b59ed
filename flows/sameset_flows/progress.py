"""How far a long scan is, as a progress artifact of Prefect."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from sameset_flows.keys import artifact_key

if TYPE_CHECKING:
    from uuid import UUID

    from sameset.execution.scanning import Progress

__all__ = ["showing_progress"]

# Seconds: a scan that ends before the first has no artifact; each further request costs the server some 10 ms.
PATIENCE = 5.0


@contextmanager
def showing_progress(dataset: str, total: int | None, patience: float = PATIENCE) -> Iterator[Progress]:
    """A `Progress` to give to a scan within a task; what it was told is shown every `patience` seconds.

    `total` is the number of rows, where it is known before the scan; without it the description counts the rows.
    A server that does not answer never stops the scan.
    """
    shown = _Shown(dataset, total)
    done = threading.Event()

    def work() -> None:
        while not done.wait(patience):
            shown.renew()

    # The thread has the task's context, so that the artifact belongs to its run.
    watcher = threading.Thread(target=copy_context().run, args=(work,), name="sameset-progress", daemon=True)
    watcher.start()
    end = shown.stop
    try:
        yield shown.count
        end = shown.finish
    finally:
        done.set()
        watcher.join()
        end()


class _Shown:
    """The artifact of one scan, made once there is something to show."""

    def __init__(self, dataset: str, total: int | None) -> None:
        self._dataset, self._total = dataset, total
        self._rows = 0
        self._artifact: UUID | None = None

    def count(self, rows: int) -> None:
        """So many more rows were read; from one thread at a time, as `Progress` is told."""
        self._rows += rows

    def renew(self) -> None:
        """Makes the artifact, or brings it up to date."""
        self._show(
            self._share(), f"{self._dataset}: {self._rows:,} rows read{f' of {self._total:,}' if self._total else ''}"
        )

    def finish(self) -> None:
        """Shows the end, if there was a beginning."""
        if self._artifact is not None:
            self._show(100.0, f"{self._dataset}: {self._rows:,} rows read")

    def stop(self) -> None:
        """Shows how far a scan was that failed or was cancelled, if there was a beginning."""
        if self._artifact is not None:
            self._show(self._share(), f"{self._dataset}: stopped after {self._rows:,} rows")

    def _share(self) -> float:
        return min(100.0 * self._rows / self._total, 99.0) if self._total else 0.0

    def _show(self, share: float, told: str) -> None:
        try:
            if self._artifact is None:
                key = artifact_key("progress", self._dataset)
                self._artifact = create_progress_artifact(progress=share, key=key, description=told)  # type: ignore[assignment]
            else:
                update_progress_artifact(self._artifact, progress=share, description=told)
        except Exception:
            pass
