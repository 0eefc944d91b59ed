"""The data source: assets are places that `sameset.open_source` reads.

    source = context.data_sources.add_sameset("lake")
    orders = source.add_table("orders", address="orders/*.parquet", key=["o_orderkey"])
    batch = orders.add_batch_definition("all").get_batch()

A batch definition takes the batch parameter `address`, for a delivery that lies elsewhere than the asset says.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any, ClassVar, Literal

from great_expectations.compatibility import pydantic
from great_expectations.core.batch import LegacyBatchDefinition
from great_expectations.datasource.fluent import BatchRequest
from great_expectations.datasource.fluent.batch_identifier_util import make_batch_identifier
from great_expectations.datasource.fluent.config_str import ConfigStr
from great_expectations.datasource.fluent.interfaces import Batch, DataAsset, Datasource, HeadData

from sameset.errors import SketchFormatError, SpecError
from sameset.registry import without_password
from sameset.sketches.spec import Spec
from sameset_expectations.engine import SamesetExecutionEngine, TableBatchSpec
from sameset_expectations.labels import label

__all__ = ["SamesetDatasource", "TableAsset"]


class TableBatch(Batch):
    """A batch of a table, under a name that stores of results take for a key; an address in it would be refused there."""

    def _create_id(self) -> str:
        address = self.batch_request.options.get("address")
        place = [] if address is None else [label(f"{PurePath(address).name} {address}")]
        return "-".join([label(self.datasource.name), label(self.data_asset.name), *place])

    def head(self, n_rows: int = 5, fetch_all: bool = False) -> HeadData:
        """The first rows. Raises SpecError for all of them or all but some, which may be more than memory holds."""
        if fetch_all or n_rows < 0:
            raise SpecError("a table may be larger than memory, so only its first rows are shown; give their number")
        import pandas as pd

        return HeadData(data=self.data.first(n_rows).to_pandas(types_mapper=pd.ArrowDtype))


class TableAsset(DataAsset):
    """One table: where it is, and what its rows are recognised by."""

    type: Literal["sameset_table"] = "sameset_table"
    address: ConfigStr | str = pydantic.Field(
        description="A path, glob or folder, or file.duckdb::table, as sameset.open_source takes it; may hold ${VARIABLES}."
    )
    key: list[str] = pydantic.Field(default_factory=list, description="The columns that tell rows apart, if any.")
    spec: str | None = pydantic.Field(
        None, description="What to compute, as Spec.to_json() writes it; holds the key, too."
    )

    @pydantic.validator("spec")
    @classmethod
    def _readable_spec(cls, text: str | None, values: dict[str, Any]) -> str | None:
        try:
            if text is not None and values.get("key") not in ([], list(Spec.from_json(text).key)):
                raise ValueError("the spec has another key than the asset; give the key in one of them")
        except SketchFormatError as error:
            raise ValueError(str(error)) from error
        return text

    def test_connection(self) -> None:
        """Nothing: a place may get its first delivery later, and the metrics say it if there is none."""

    def get_batch_parameters_keys(self, partitioner: Any = None) -> tuple[str, ...]:
        """The names of batch parameters."""
        return ("address",)

    def get_batch_identifiers_list(self, batch_request: BatchRequest) -> list[dict[str, Any]]:
        """The one batch that a request asks for."""
        return [dict(batch_request.options)]

    def build_batch_request(
        self, options: dict[str, Any] | None = None, batch_slice: Any = None, partitioner: Any = None
    ) -> BatchRequest:
        """The request for the table, at the asset's address or at that of the options."""
        request = BatchRequest(datasource_name=self.datasource.name, data_asset_name=self.name, options=options or {})
        self._validate_batch_request(request)
        return request

    def get_batch(self, batch_request: BatchRequest) -> Batch:
        """The batch; nothing is read yet."""
        self._validate_batch_request(batch_request)
        place = batch_request.options.get("address") or self._place()
        spec = TableBatchSpec(self.name, place, self._spec())
        data, markers = self.datasource.get_execution_engine().get_batch_data_and_markers(spec)
        return TableBatch(
            datasource=self.datasource,
            data_asset=self,
            batch_request=batch_request,
            data=data,
            metadata=self._get_batch_metadata_from_batch_request(batch_request),
            batch_markers=markers,
            batch_spec=spec,
            batch_definition=LegacyBatchDefinition(
                datasource_name=self.datasource.name,
                data_connector_name="fluent",
                data_asset_name=self.name,
                batch_identifiers=make_batch_identifier(batch_request.options),
                batch_spec_passthrough=None,
            ),
        )

    def _validate_batch_request(self, batch_request: BatchRequest) -> None:
        unknown = set(batch_request.options) - {"address"}
        if unknown:
            raise SpecError(f"asset {self.name!r} has no batch parameter {min(unknown)!r}; it takes address alone")
        address = batch_request.options.get("address", "")
        if without_password(address) != address:
            raise SpecError(
                "the batch parameter address holds a password, which validation results would store; "
                "give it in the address of the asset, as ${VARIABLE}"
            )

    def _place(self) -> str:
        if isinstance(self.address, ConfigStr):
            return str(self.address.get_config_value(self.datasource._config_provider))
        return self.address.replace(r"\$", "$")  # as in a template, where a $ that stands for itself has a backslash

    def _spec(self) -> Spec:
        return Spec(key=tuple(self.key)) if self.spec is None else Spec.from_json(self.spec)


class SamesetDatasource(Datasource):
    """Tables of any size, read where they are; only their sketches are in memory."""

    asset_types: ClassVar[list[type[DataAsset]]] = [TableAsset]

    type: Literal["sameset"] = "sameset"
    registry: ConfigStr | str | None = pydantic.Field(
        None,
        description="The registry of expectations that name none themselves; may hold ${VARIABLES}, such as a password.",
    )
    assets: list[TableAsset] = []  # noqa: RUF012  # pydantic copies it

    @property
    def execution_engine_type(self) -> Any:
        """The engine that evaluates batches of this data source."""
        return SamesetExecutionEngine

    def test_connection(self, test_assets: bool = True) -> None:
        """Nothing: there is no connection."""

    def add_table(self, name: str, address: str, key: list[str] | None = None, spec: str | None = None) -> TableAsset:
        """The new asset for the table at an address."""
        asset = TableAsset(name=name, address=address, key=key or [], spec=spec)
        self._add_asset(asset)
        return asset
