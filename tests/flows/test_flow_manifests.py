"""Manifests in the flow: written by the one scan that Great Expectations makes, and used by the next run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sameset.execution.manifest_store import Manifests
from sameset_flows.arriving import dataset_of, record_arrival, validate_arrival


def test_the_flow_keeps_manifests_and_uses_them(tmp_path: Path) -> None:
    address, place = str(tmp_path / "registry.db"), str(tmp_path / "orders.parquet")
    for add, manifests in ((0, Manifests(True)), (1, None)):
        numbers = np.arange(20_000)
        pq.write_table(pa.table({"id": numbers, "price": numbers + add * (numbers % 2)}), place)
        dataset = dataset_of("orders", place, ["id"])
        arrived = validate_arrival(dataset, address, str(tmp_path / "docs"), manifests)
        check, _ = record_arrival(arrived, dataset, address, manifests=manifests)
    assert len(list((tmp_path / "registry.db.manifests").iterdir())) == 2
    assert check.comparison is not None
    assert check.comparison.changes == (0, 0, 10_000)
    assert any("the manifests of both tables were joined" in note for note in check.comparison.notes)
