"""The rows of a batch, whatever engine of Great Expectations holds it, as a source that the library reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from great_expectations.execution_engine import SqlAlchemyExecutionEngine

from sameset.errors import SpecError
from sameset.registry import without_password
from sameset.sources import Source, open_source
from sameset_expectations.engine import SamesetExecutionEngine
from sameset_expectations.sql import source_of_selectable

__all__ = ["SUPPORTED", "opened_source", "source_of"]

#: What the schemas of our expectations say they run on, as Great Expectations calls these.
SUPPORTED = ["sameset", "Pandas", "Spark", "PostgreSQL", "MySQL", "SQLite", "DuckDB"]
KEPT = "_sameset_source"


def source_of(engine: Any, domain: Mapping[str, Any]) -> Source:
    """The source of all rows of a batch: a place, a frame of pandas or Spark, or what its SQL selects.

    Opened anew, for the rows may be others than they were in the last validation, and kept for `opened_source`.
    Raises SpecError for a domain that is only a part of a batch, SourceError for rows that cannot be read.
    """
    if domain.get("row_condition"):
        raise SpecError(
            "a sketch is of all rows of a batch; leave the row condition out, or point the asset to a query"
        )
    if isinstance(engine, SamesetExecutionEngine):
        return engine.batch_data(domain).source
    records = engine.get_domain_records(dict(domain))
    batch = engine.batch_manager.batch_cache.get(_batch_id(engine, domain))
    if isinstance(engine, SqlAlchemyExecutionEngine):
        source = source_of_selectable(engine, records, batch.batch_spec if batch else None)
    else:
        source = open_source(records)
    if source.address.startswith("memory:"):
        source.address = _name_of(batch) or source.address
    setattr(_batch_data(engine, domain), KEPT, source)
    return source


def opened_source(engine: Any, domain: Mapping[str, Any]) -> Source:
    """The source that `source_of` opened last: a frame of pandas becomes Arrow once, however many expectations ask."""
    kept = getattr(_batch_data(engine, domain), KEPT, None)
    return kept if isinstance(kept, Source) else source_of(engine, domain)


def _name_of(batch: Any) -> str | None:
    """Where a batch of memory came from: the file that was read, or what the project calls it, as registries do."""
    path = (getattr(batch, "batch_spec", None) or {}).get("path")
    if isinstance(path, str):
        return without_password(path)
    names = [getattr(getattr(batch, part, None), "name", None) for part in ("datasource", "data_asset")]
    return None if None in names else "great_expectations://" + "/".join(map(str, names))


def _batch_id(engine: Any, domain: Mapping[str, Any]) -> str:
    """The batch that a domain speaks of, the active one if it names none."""
    return str(domain.get("batch_id") or engine.batch_manager.active_batch_data_id)


def _batch_data(engine: Any, domain: Mapping[str, Any]) -> Any:
    return engine.batch_manager.batch_data_cache.get(_batch_id(engine, domain))
