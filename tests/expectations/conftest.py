"""Real files, a registry of their own, and contexts for the expectations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from expectation_cases import Write
from gallery import make_world

from sameset import check_table


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write(table, name)`: the address of a new Parquet or CSV file."""

    def put(table: pa.Table, name: str = "orders.parquet") -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if path.suffix == ".csv":
            pyarrow.csv.write_csv(table, path)
        else:
            pq.write_table(table, path)
        return str(path)

    return put


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the gallery's tables and registry, which is the working folder while the module runs."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SAMESET_REGISTRY", str(folder / "registry.db"))
        make_world(folder, str(folder / "registry.db"))
        yield folder


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty registry, which is the default one while the test runs."""
    address = str(tmp_path / "registry.db")
    monkeypatch.setenv("SAMESET_REGISTRY", address)
    return address


@pytest.fixture
def record(registry: str) -> Callable[..., Any]:
    """`record(address, name)` puts a snapshot into the registry."""

    def put(address: str, name: str = "orders") -> Any:
        return check_table(address, name, registry, key=["id"])

    return put
