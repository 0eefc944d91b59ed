"""The sketch of a batch, kept as long as the batch itself: whoever comes after a validation needs no second scan.

Great Expectations throws the values of metrics away when the last expectation was evaluated. Batches stay in their engine until
the next one of that name is loaded, so their sketches are bound to them, whatever the engine is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from great_expectations.validator.metric_configuration import MetricConfiguration

if TYPE_CHECKING:
    from sameset.sketches.table import TableSketch

__all__ = ["has_batch", "keep_sketch", "sketch_of"]

_sketches: WeakKeyDictionary[Any, TableSketch] = WeakKeyDictionary()


def keep_sketch(engine: Any, batch_id: str | None, sketch: TableSketch) -> None:
    """Binds a sketch to the batch that it is of, the active one if none is named."""
    batch = _batch(engine, batch_id)
    if batch is not None:
        _sketches[batch] = sketch


def sketch_of(engine: Any, batch_id: str | None, metric: str) -> TableSketch:
    """The sketch of a batch; `metric` computes it if no expectation asked for it, with one scan."""
    batch = _batch(engine, batch_id)
    if batch is not None and batch in _sketches:
        return _sketches[batch]
    asked = MetricConfiguration(metric, {"batch_id": batch_id}, {})
    sketch: TableSketch = engine.resolve_metrics([asked])[asked.id]
    return sketch


def has_batch(engine: Any, batch_id: str | None) -> bool:
    """Whether the engine still has the batch."""
    return _batch(engine, batch_id) is not None


def _batch(engine: Any, batch_id: str | None) -> Any:
    manager = engine.batch_manager
    return manager.batch_data_cache.get(str(batch_id or manager.active_batch_data_id))
