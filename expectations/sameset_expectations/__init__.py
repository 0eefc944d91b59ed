"""Great Expectations for sameset: a data source for tables of any size, and expectations about their rows.

    import sameset_expectations as se

    context = se.get_context("quality")
    orders = context.data_sources.add_sameset("lake").add_table("orders", address="orders/*.parquet")
    batch = orders.add_batch_definition("all").get_batch()
    print(batch.validate(se.ExpectTableToMatch(reference="orders@1")).success)

Importing this package makes them known to Great Expectations; a process that only opens a project has to do it, too.
"""

from __future__ import annotations

from sameset_expectations.actions import RecordInRegistryAction
from sameset_expectations.checkpoints import CheckpointRun, Unmet, run_checkpoint
from sameset_expectations.columns.digest import ExpectColumnDigestToMatch
from sameset_expectations.columns.overlap import ExpectColumnValueOverlapToBeBetween
from sameset_expectations.contexts import evaluate, get_context, get_suite
from sameset_expectations.datasource import SamesetDatasource, TableAsset
from sameset_expectations.docs import make_self_contained
from sameset_expectations.duckdb_sql import SamesetDuckDBDatasource
from sameset_expectations.engine import SamesetExecutionEngine
from sameset_expectations.metrics import SKETCH
from sameset_expectations.runtime import add_runtime_datasource, save_runtime_datasources
from sameset_expectations.tables.distinct import ExpectTableRowsToBeDistinct
from sameset_expectations.tables.growth import ExpectTableToOnlyGrow
from sameset_expectations.tables.match import ExpectTableToMatch
from sameset_expectations.tables.overlap import ExpectTableNotToOverlap
from sameset_expectations.tables.previous import ExpectTableToDifferFromPrevious
from sameset_expectations.tables.resemblance import ExpectTableNotToResembleAnother
from sameset_expectations.tables.row_changes import ExpectTableRowChangesToBeBetween
from sameset_expectations.tables.schema import ExpectTableSchemaToMatch
from sameset_expectations.tables.similarity import ExpectTableSimilarityToBeBetween
from sameset_expectations.tables.unchanged import ExpectTableColumnsToBeUnchanged
from sameset_expectations.validation import Validation, usual_expectations, validate_table

__all__ = [
    "SKETCH",
    "CheckpointRun",
    "ExpectColumnDigestToMatch",
    "ExpectColumnValueOverlapToBeBetween",
    "ExpectTableColumnsToBeUnchanged",
    "ExpectTableNotToOverlap",
    "ExpectTableNotToResembleAnother",
    "ExpectTableRowChangesToBeBetween",
    "ExpectTableRowsToBeDistinct",
    "ExpectTableSchemaToMatch",
    "ExpectTableSimilarityToBeBetween",
    "ExpectTableToDifferFromPrevious",
    "ExpectTableToMatch",
    "ExpectTableToOnlyGrow",
    "RecordInRegistryAction",
    "SamesetDatasource",
    "SamesetDuckDBDatasource",
    "SamesetExecutionEngine",
    "TableAsset",
    "Unmet",
    "Validation",
    "add_runtime_datasource",
    "evaluate",
    "get_context",
    "get_suite",
    "make_self_contained",
    "run_checkpoint",
    "save_runtime_datasources",
    "usual_expectations",
    "validate_table",
]
