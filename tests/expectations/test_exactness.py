"""Estimates say that they are some, and a bound within their interval is not proved: by default it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sameset_expectations as se
from sameset import Registry, Spec, sketch_table
from sameset.execution.checking import Arrival, record_check

KEYED = Spec(key=("id",))
Make = Callable[[float, str], Any]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A table of 30,000 rows, 24,000 of them in a snapshot whose table is gone."""
    folder = tmp_path_factory.mktemp("large")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SAMESET_REGISTRY", str(folder / "registry.db"))
        now = pa.table({"id": range(30_000), "value": [number % 20_000 for number in range(30_000)]})
        then = pa.table({"id": range(6_000, 36_000), "value": [number % 20_000 for number in range(6_000, 36_000)]})
        pq.write_table(now, "now.parquet")
        pq.write_table(then, "then.parquet")
        pq.write_table(now.select(["value"]), "copies.parquet")
        with Registry.open(str(folder / "registry.db")) as opened:
            record_check(opened, Arrival("then", sketch_table("then.parquet", KEYED), "then.parquet"))
        Path("then.sameset").write_bytes(sketch_table("then.parquet", KEYED).to_bytes())
        Path("then.parquet").unlink()
        yield folder


def similarity(bound: float, decide_by: str) -> Any:
    return se.ExpectTableSimilarityToBeBetween(reference="then", min_value=bound, decide_by=decide_by)


def values(bound: float, decide_by: str) -> Any:
    fields = {"column": "id", "reference": "then.sameset", "measure": "share_of_column"}
    return se.ExpectColumnValueOverlapToBeBetween(**fields, min_value=bound, decide_by=decide_by)


def overlap(bound: float, decide_by: str) -> Any:
    return se.ExpectTableNotToOverlap(reference="then", max_share=bound, decide_by=decide_by)


def keys(bound: float, decide_by: str) -> Any:
    return se.ExpectTableNotToOverlap(reference="then", max_share=bound, match_on="keys", decide_by=decide_by)


def resemblance(bound: float, decide_by: str) -> Any:
    return se.ExpectTableNotToResembleAnother(name="now", max_similarity=bound, decide_by=decide_by)


CASES: list[tuple[Make, int, float]] = [  # the sign of the side on which numbers are allowed, and the true number
    (similarity, 1, 24_000 / 36_000),
    (values, 1, 0.8),
    (overlap, -1, 0.8),
    (keys, -1, 0.8),
    (resemblance, -1, 0.8),
]


def found(expectation: Any, table: str = "now.parquet", spec: Spec = KEYED) -> tuple[bool, dict[str, Any]]:
    validation = se.validate_table(table, spec, [expectation], name="now")
    return validation.success, validation.result["results"][0]["result"]


@pytest.mark.parametrize(("make", "side", "true"), CASES, ids=lambda one: getattr(one, "__name__", ""))
def test_a_bound_within_the_interval_is_not_proved(make: Make, side: int, true: float, large: Path) -> None:
    _, result = found(make(0.5, "interval"))
    measured = result["details"]["measured"]
    low, estimate, high = (measured[name] for name in ("low", "estimate", "high"))
    assert low < estimate < high
    assert low <= true <= high
    assert f"{estimate:.4g}" in result["details"]["sentence"]
    assert f"{low:.4g}" in result["details"]["sentence"]  # the interval is told
    near, far = (low, high) if side > 0 else (high, low)
    bounds = {
        "proved": near - side * 0.01,
        "likely": (near + estimate) / 2,
        "unlikely": (estimate + far) / 2,
        "disproved": far + side * 0.01,
    }
    told = {name: found(make(bound, "interval")) for name, bound in bounds.items()}
    assert {name: success for name, (success, _) in told.items()} == {
        "proved": True,
        "likely": False,
        "unlikely": False,
        "disproved": False,
    }
    for name in ("likely", "unlikely"):
        assert told[name][1]["details"]["measured"]["decision"] == "unsure"
        assert "not known well enough" in told[name][1]["details"]["sentence"]
    assert told["disproved"][1]["details"]["measured"]["decision"] == "beyond"
    by_estimate = {name: found(make(bound, "estimate"))[0] for name, bound in bounds.items()}
    assert by_estimate == {"proved": True, "likely": True, "unlikely": False, "disproved": False}


def test_resemblance_goes_by_the_estimate_unless_told_otherwise() -> None:
    assert se.ExpectTableNotToResembleAnother(name="now", max_similarity=0.5).decide_by == "estimate"
    for kind in (se.ExpectTableSimilarityToBeBetween, se.ExpectTableRowsToBeDistinct, se.ExpectTableNotToOverlap):
        assert kind.__fields__["decide_by"].get_default() == "interval"


def test_numbers_of_rows_beyond_the_sketches_are_told_as_estimates(large: Path) -> None:
    def changes(**bounds: Any) -> tuple[bool, dict[str, Any]]:
        return found(se.ExpectTableRowChangesToBeBetween(reference="then", **bounds))

    success, result = changes(max_added=9_000, max_removed=9_000)
    assert success
    assert result["observed_value"].startswith("about +")
    added, removed = result["details"]["bounds"]
    for one in (added, removed):
        assert one["low"] < one["estimate"] < one["high"]
        assert one["low"] <= 6_000 <= one["high"]
    inside = (added["estimate"] + added["high"]) / 2
    success, result = changes(max_added=inside)
    assert not success
    assert "rows added: that is not known well enough" in result["details"]["sentence"]
    assert changes(max_added=inside, decide_by="estimate")[0]


def test_copies_are_counted_unless_an_estimate_is_enough(large: Path) -> None:
    success, result = found(se.ExpectTableRowsToBeDistinct(mostly=2 / 3), "copies.parquet", Spec())
    assert success
    assert result["details"]["measured"]["low"] == result["details"]["measured"]["high"]
    assert "30,000 rows, 10,000 of them copies of another" in result["details"]["sentence"]
    success, result = found(se.ExpectTableRowsToBeDistinct(mostly=0.5, decide_by="estimate"), "copies.parquet", Spec())
    measured = result["details"]["measured"]
    assert success
    assert measured["low"] < measured["estimate"] < measured["high"]
    assert measured["low"] <= 2 / 3 <= measured["high"]
    assert " to " in result["details"]["sentence"]


def test_copies_in_a_frame_are_counted_too(large: Path) -> None:
    frame = pq.read_table("copies.parquet").to_pandas()
    asset = se.get_context().data_sources.add_pandas("frames").add_dataframe_asset("copies")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    assert batch.validate(se.ExpectTableRowsToBeDistinct(mostly=2 / 3)).success
    assert not batch.validate(se.ExpectTableRowsToBeDistinct(mostly=0.6667)).success


def test_a_share_that_a_sample_would_have_missed_is_told(large: Path, tmp_path: Path) -> None:
    other = pa.table({"id": range(900_000, 930_000), "value": [0] * 30_000})
    place = str(tmp_path / "other.sameset")
    Path(place).write_bytes(sketch_table(other, KEYED).to_bytes())
    success, result = found(se.ExpectTableNotToOverlap(reference=place, max_share=0.0))
    assert not success
    assert "none of the sampled rows occur in the reference, but a share below " in result["details"]["sentence"]
    assert found(se.ExpectTableNotToOverlap(reference=place, max_share=0.01))[0]
    pq.write_table(other, tmp_path / "other.parquet")  # every sampled row is looked up in all of them
    assert found(se.ExpectTableNotToOverlap(reference=str(tmp_path / "other.parquet"), max_share=0.001))[0]
