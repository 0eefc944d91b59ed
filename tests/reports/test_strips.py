"""The strip map: every bucket has its cell, in text and SVG; few lines, whatever there is; nothing in names takes effect."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sameset.canonical.buckets import NAN_KEY, NULL_KEY, Bucketing
from sameset.comparison.bucket_labels import label_of
from sameset.comparison.buckets import STATES, BucketChange, BucketMap
from sameset.reports.strips import SIGNS, heading_of, lines_of, shown_lines, strip_svg, strip_text

SVG = "{http://www.w3.org/2000/svg}"


def map_of(
    by: str, states: Iterable[tuple[int, str]], level: int = 0, columns: tuple[str, ...] = ("price",)
) -> BucketMap:
    bucketing = Bucketing.parse(by)
    changes = [
        BucketChange(key, label_of(bucketing, level, key), state, 5, 7, columns if state == "changed" else ())
        for key, state in states
    ]
    return BucketMap(bucketing, level, tuple(changes), 9)


def same(keys: Iterable[int], **others: int) -> list[tuple[int, str]]:
    """These keys, all the same but for one of each state named."""
    return [(key, {at: state for state, at in others.items()}.get(key, "same")) for key in keys]


@pytest.mark.parametrize(
    ("by", "states", "lines"),
    [
        (
            "day:month",
            [*same(range(640, 654), changed=650, removed=640), (NULL_KEY, "added")],
            ["2023      -.......", "2024  ..~...", "null  +"],
        ),
        ("day:year", same(range(-3, 13), changed=-1), ["1960s         ..~", "1970s  ..........", "1980s  ..."]),
        ("day:quarter", same([0, 1, 21]), ["1970  ..", "1975   ."]),
        ("day:week", same([0, 51, 52, 53]), ["1970  ." + " " * 50 + "..", "1971  ."]),
        ("day:day", same([19_781, 19_782, 19_783], changed=19_782), ["2024-02" + " " * 29 + ".~", "2024-03  ."]),
        ("at:hour", same([-1, 0, 1], added=0), ["1969-12-31" + " " * 25 + ".", "1970-01-01  +."]),
        ("n:range=5", [*same([-9, 40, 99], removed=40), (NAN_KEY, "changed")], ["[-45, -40)  .-.", "NaN         ~"]),
        ("n:64", same(range(64), changed=51), ["hash 0   " + "." * 50, "hash 50  .~" + "." * 12]),
    ],
)
def test_lines_follow_the_calendar(by: str, states: list[tuple[int, str]], lines: list[str]) -> None:
    *told, legend = strip_text(map_of(by, states), 24).split("\n")
    assert legend == ". same  ~ changed  + added  - removed"
    assert told == lines


@given(
    st.sampled_from(["c:year", "c:quarter", "c:month", "c:week", "c:day", "c:hour", "c:range=3", "c:4096"]), st.data()
)
def test_every_bucket_has_one_cell_in_its_order(by: str, data: st.DataObject) -> None:
    keys = sorted(data.draw(st.sets(st.integers(0, 4095) | st.integers(0, 99), max_size=30)))
    states = [(key, data.draw(st.sampled_from(STATES))) for key in keys]
    found = map_of(by, states, data.draw(st.sampled_from([0, 0, 2])))
    lines = lines_of(found)
    assert [cell for line in lines for cell in line.cells if cell is not None] == list(found.changes)
    assert all(line.cells[-1] is not None for line in lines)
    shown = [element for element in ElementTree.fromstring(strip_svg(found)).iter(f"{SVG}path") if len(element)]
    assert sorted(element[0].text or "" for element in shown) == sorted(
        f"{c.label}: {c.state}, 5 → 7 rows" + ("; price" if c.columns else "") for c in found.changes
    )
    text = "".join(line.text for line in lines)
    assert {state: text.count(sign) for state, sign in SIGNS.items()} == {
        state: len(found.of_state(state)) for state in STATES
    }


def test_of_too_many_lines_those_are_shown_that_differ() -> None:
    found = map_of("day:day", same(range(4_000), changed=2_000))
    lines, more = shown_lines(found, 24)
    assert ([line.label for line in lines], more) == (["1975-06"], 131)
    assert strip_text(found, 24).split("\n")[1] == "and 131 more lines"
    assert len(strip_text(map_of("c:day", [(key, "added") for key in range(4_000)]), 12).split("\n")) == 14
    assert len(shown_lines(map_of("c:day", same(range(4_000))), 12)[0]) == 12


def test_dates_that_are_scattered_take_no_line_each() -> None:
    found = map_of("day:day", same(range(0, 40_000 * 4_000, 40_000), changed=0))
    assert len(lines_of(found)) == 80
    assert len(strip_svg(found)) < 700_000


@pytest.mark.parametrize("count", [0, 1, 12, 2_000, 4_096])
def test_the_svg_grows_with_the_buckets_and_stays_within_bounds(count: int) -> None:
    svg = strip_svg(map_of("c:4096", [(key, STATES[key % 4]) for key in range(count)]))
    root = ElementTree.fromstring(svg)
    width, height = int(root.attrib["width"]), int(root.attrib["height"])
    assert 260 <= width < 800
    assert height < 1_200
    assert len(svg) < 3_000 + 150 * count


def test_names_are_shown_as_they_are_and_take_no_effect() -> None:
    name = "<script>alert('x')</script>&\""
    found = map_of(f"{name}:month", [(5, "changed"), (6, "same")], columns=(name, "]]>"))
    svg = strip_svg(found)
    assert "<script" not in svg
    root = ElementTree.fromstring(svg)
    assert root[0].tag == f"{SVG}title"
    assert name in (root[0].text or "")
    assert heading_of(found) == f"{name} by month"
    assert f"{name} by month" in [element.text for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("by", "level", "heading"),
    [
        ("c:month", 0, "c by month"),
        ("c:day", 2, "c by day, 4 in a cell"),
        ("c:range=1000", 0, "c by ranges of 1,000"),
        ("c:64", 0, "c by 64 hashes"),
    ],
)
def test_headings(by: str, level: int, heading: str) -> None:
    assert heading_of(map_of(by, same([1]), level)) == heading
