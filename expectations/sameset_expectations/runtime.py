"""Our data source in projects that do not store it: other jobs open them without this package.

    context = se.get_context("quality")
    lake = se.add_runtime_datasource(context, "lake")
    lake.add_table("orders", address="orders/*.parquet").add_batch_definition("all")
    se.save_runtime_datasources(context)

Stored in great_expectations.yml, our data source would keep every process from opening the project that does not import
this package. So it may lie in a file beside it, which Great Expectations never looks at and `get_context` reads.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sameset.errors import SamesetError, SpecError
from sameset.registry import without_password
from sameset_expectations.datasource import SamesetDatasource
from sameset_expectations.failures import first_line

if TYPE_CHECKING:
    from great_expectations.data_context import AbstractDataContext

__all__ = ["FILE", "add_runtime_datasource", "load_runtime_datasources", "save_runtime_datasources"]

#: The file beside great_expectations.yml.
FILE = "sameset_datasources.json"


def add_runtime_datasource(context: AbstractDataContext, name: str, registry: str | None = None) -> SamesetDatasource:
    """A new data source that this context object knows, and the project's great_expectations.yml never.

    Raises SpecError if the project has a data source of that name.
    """
    if name in context.data_sources.all():
        raise SpecError(f"this Great Expectations project has a data source {name!r} already; choose another name")
    return _attach(context, SamesetDatasource(name=name, registry=registry))


def save_runtime_datasources(context: AbstractDataContext) -> Path:
    """The file that holds the run-time data sources of a project from now on, so that `get_context` knows them.

    Raises SpecError if the project has no folder, or if an address holds a password.
    """
    if context.root_directory is None:
        raise SpecError("this Great Expectations project lies in memory; only one in a folder can keep data sources")
    found = [context.data_sources.get(name) for name in _names(context)]
    for source in found:
        for address in (source.registry, *(asset.address for asset in source.assets)):
            if isinstance(address, str) and without_password(address) != address:
                raise SpecError(
                    f"data source {source.name!r} has an address with a password; write ${{VARIABLE}} there"
                )
    path = Path(context.root_directory) / FILE
    path.write_text(json.dumps([json.loads(source.json()) for source in found], indent=2) + "\n", encoding="utf-8")
    return path


def load_runtime_datasources(context: AbstractDataContext) -> None:
    """Attaches what `save_runtime_datasources` kept, if anything; SamesetError if the file cannot be read."""
    path = Path(context.root_directory or "") / FILE
    if context.root_directory is None or not path.exists():
        return
    try:
        for stored in json.loads(path.read_text(encoding="utf-8")):
            _attach(context, SamesetDatasource.parse_obj(stored))
    except (OSError, ValueError, TypeError) as error:
        raise SamesetError(
            f"{path} does not hold the data sources of a project: {first_line(error)}; restore or remove it"
        ) from error


def _attach(context: AbstractDataContext, source: SamesetDatasource) -> SamesetDatasource:
    """The data source, known to the context; what was added without a context is not saved."""
    source._data_context = context
    source._rebuild_asset_data_connectors()
    context.data_sources.all().set_datasource(source.name, source)
    _names(context).append(source.name)
    return source


def _names(context: Any) -> list[str]:
    """The names of the run-time data sources of a context, which is taught to leave them out of what it saves.

    It saves all data sources whenever one of them gets an asset, so a run-time one would soon be among the stored.
    """
    if not hasattr(context, "_sameset_names"):
        context._sameset_names, synchronize = [], context._synchronize_fluent_datasources

        def without_ours() -> Any:
            synchronize()
            for name in context._sameset_names:
                context.fluent_config.pop_datasource(name, None)
            return context.fluent_config.get_datasources_as_dict()

        context._synchronize_fluent_datasources = without_ours
    names: list[str] = context._sameset_names
    return names
