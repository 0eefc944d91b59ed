"""Results kept for a content: the same rows are not computed with again, wherever they lie."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deliveries import orders
from prefect import flow, task

from sameset import check_table, sketch_table
from sameset.errors import SamesetError, SpecError
from sameset_flows.caching import ByContent, content_digest


@pytest.fixture
def shuffled(tmp_path, deliver):
    """The address of the rows of `deliver("orders.parquet")` in another order and format."""
    table = pq.read_table(deliver("orders.parquet"))
    path = tmp_path / "shuffled.arrow"
    turned = table.take(list(range(table.num_rows))[::-1])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, turned.schema) as writer:
        writer.write_table(turned)
    return str(path)


def test_the_digest_is_the_same_for_whatever_holds_the_rows(deliver, shuffled, registry, tmp_path):
    place = deliver("orders.parquet")
    check = check_table(place, "orders", registry)
    sketch = tmp_path / "orders.sameset"
    sketch.write_bytes(sketch_table(place).to_bytes())
    digests = {
        content_digest(one, registry) for one in (place, shuffled, sketch, "orders", "orders@1", check.to_json())
    }
    assert digests == {check.snapshot.digest}
    assert content_digest(deliver("other.parquet", orders(100, _5=7.5))) not in digests


@pytest.mark.parametrize("found", [{}, {"right": None}, {"right": {"digest": 5}}])
def test_a_mapping_that_is_no_check_is_refused(found):
    with pytest.raises(SpecError, match="what check_dataset gave"):
        content_digest(found)


def test_a_policy_of_no_parameters_is_refused():
    with pytest.raises(SpecError, match="names of the parameters"):
        ByContent()


@pytest.mark.server
def test_a_task_is_run_again_if_and_only_if_rows_code_or_other_arguments_changed(deliver, shuffled, prefect_server):
    ran = []

    @task(cache_policy=ByContent("data"), persist_result=True)
    def train(data, depth):
        ran.append((data, depth))
        return depth

    @flow(persist_result=True)
    def training(data, depth):
        return train(data, depth)

    place = deliver("orders.parquet")
    for data, depth in ((place, 3), (shuffled, 3), (place, 4)):
        training(data, depth)
    assert ran == [(place, 3), (place, 4)]
    deliver("orders.parquet", orders(100, _5=7.5))
    training(place, 3)
    assert ran[2:] == [(place, 3)]


@pytest.mark.server
def test_a_dataset_that_cannot_be_read_never_gives_a_cached_result(deliver, prefect_server):
    ran = []

    @task(cache_policy=ByContent("data"), persist_result=True)
    def train(data):
        ran.append(data)

    @flow(persist_result=True)
    def training(data):
        train(data)

    for _ in range(2):
        training("missing.parquet")
    assert ran == ["missing.parquet"] * 2
    with pytest.raises(SamesetError, match=r"missing\.parquet"):
        content_digest("missing.parquet")
