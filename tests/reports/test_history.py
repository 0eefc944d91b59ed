"""The picture of a dataset's history: well-formed, bounded, and all of its texts escaped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sameset.comparison.sentences import SYMBOLS
from sameset.registry import Snapshot
from sameset.reports.history import HEIGHT, MOST_BARS, WIDTH, history_svg

SVG = "{http://www.w3.org/2000/svg}"
statuses = st.sampled_from([status for status in SYMBOLS if status not in ("identical", "unrelated", "incomparable")])


def snapshots(facts: list[tuple[int, str]], dataset: str = "orders") -> list[Snapshot]:
    return [
        Snapshot(
            id=i,
            dataset=dataset,
            number=i + 1,
            taken_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=30 * i),
            rows=rows,
            digest="v1:0",
            sketch_key="0",
            source="orders.parquet",
            status=status,
            verdict=None,
            previous=i or None,
            run_id=str(i),
            program_version="0",
        )
        for i, (rows, status) in enumerate(facts)
    ]


@given(st.lists(st.tuples(st.integers(0, 10**12), statuses), min_size=1, max_size=70), st.text(min_size=1, max_size=90))
def test_there_is_a_bar_for_each_of_the_newest_snapshots_within_the_picture(facts, dataset):
    picture = ElementTree.fromstring(history_svg(list(reversed(snapshots(facts, dataset)))))
    bars = picture.findall(f"{SVG}g/{SVG}rect")
    assert len(bars) == min(len(facts), MOST_BARS)
    for bar, (rows, _) in zip(bars, facts[-MOST_BARS:], strict=True):
        x, y, wide, high = (float(bar.get(name, "nan")) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= WIDTH
        assert 0 < y <= y + high <= HEIGHT
        assert high > 1 or rows == 0
    signs = [group.find(f"{SVG}text").text for group in picture.findall(f"{SVG}g")]
    assert signs == [SYMBOLS[status] for _, status in facts[-MOST_BARS:]]


def test_the_tallest_bar_has_the_most_rows_and_heights_are_in_proportion():
    picture = ElementTree.fromstring(history_svg(snapshots([(1_000, "new"), (500, "truncated")])))
    tall, half = (float(bar.get("height")) for bar in picture.findall(f"{SVG}g/{SVG}rect"))
    assert tall == pytest.approx(2 * half, abs=0.2)


def test_names_and_statuses_cannot_break_out():
    picture = history_svg(snapshots([(1, "new"), (2, "<b>")], "<script>alert(1)</script>&\x1b"))
    assert "<script" not in picture
    assert "<b>" not in picture
    ElementTree.fromstring(picture)


def test_a_history_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        history_svg([])
