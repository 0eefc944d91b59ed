"""The rows of a batch, whatever engine of Great Expectations holds it, as a source that the library reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from great_expectations.execution_engine import SqlAlchemyExecutionEngine

from sameset.errors import SpecError
from sameset.sources import Source, open_source
from sameset_expectations.engine import SamesetExecutionEngine
from sameset_expectations.sql import source_of_selectable

__all__ = ["SUPPORTED", "source_of"]

#: What the schemas of our expectations say they run on, as Great Expectations calls these.
SUPPORTED = ["sameset", "Pandas", "Spark", "PostgreSQL", "MySQL", "SQLite", "DuckDB"]


def source_of(engine: Any, domain: Mapping[str, Any]) -> Source:
    """The source of all rows of a batch: a place, a frame of pandas or Spark, or what its SQL selects.

    Raises SpecError for a domain that is only a part of a batch, SourceError for rows that cannot be read.
    """
    if domain.get("row_condition"):
        raise SpecError(
            "a sketch is of all rows of a batch; leave the row condition out, or point the asset to a query"
        )
    if isinstance(engine, SamesetExecutionEngine):
        return engine.batch_data(domain).source
    records = engine.get_domain_records(dict(domain))
    if isinstance(engine, SqlAlchemyExecutionEngine):
        return source_of_selectable(engine, records)
    return open_source(records)
