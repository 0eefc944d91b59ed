"""Findings to report: small ones of real runs, and large and hostile ones put together from their parts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from sameset import check_table
from sameset.canonical.buckets import Bucketing
from sameset.comparison import Comparison, Verdict
from sameset.comparison.bucket_labels import label_of
from sameset.comparison.buckets import BucketChange, BucketMap
from sameset.comparison.columns import ColumnChange
from sameset.comparison.delta import Delta, RowChange
from sameset.comparison.estimates import Estimate, Overlap, exact
from sameset.comparison.patterns import Counted, Pattern, PatternKind
from sameset.comparison.result import Side
from sameset.comparison.rows import ChangedRow, RowSample
from sameset.comparison.samples import SampleChange, SampleChanges, SampleColumns
from sameset.execution.checking import Check
from sameset.reports.finding import Provenance
from sameset.sketches.spec import Spec

__all__ = ["CASES", "HOSTILE", "HOW", "comparison", "hostile", "images", "long", "months", "pair", "resembling", "wide"]

DIGESTS = ("v1:afee0c06ca4a81305669b7870c0ba134", "v1:b083a4848cd53de272b68dd8ddd55145")
HOW = Provenance(
    "sameset 0.1.0",
    "sameset compare monday.parquet 'tuesday 2.parquet' --key o_orderkey -o report.html",
    dt.datetime(2026, 11, 20, 3, 12, 9, tzinfo=dt.UTC),
    1.84,
)

#: Texts that try to be more than text, or less.
HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "'\"><svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "a|b\n`c` **d**\r\n| --- |",
    "\x00\x07\x1b[31mred\x7f\x85",
    "\u202egnp.exe\u202c \u2066x\u2069",
    "lone \ud800 surrogate",
    "zero\u200bwidth\ufeff and \xa0spaces  ",
    "שלום עולם مرحبا",
    "\U0001f600 \U0001d518\U0001d52b\U0001d526",
    "9" * 10_000,
    "long " * 400,
    "",
)


def comparison(verdict: Verdict = Verdict.MODIFIED, **fields: Any) -> Comparison:
    """A comparison of two tables of 150,000 rows."""
    usual: dict[str, Any] = {
        "basis": "rows",
        "left": Side(150_000, DIGESTS[0], "monday.parquet", Spec(key=("o_orderkey",))),
        "right": Side(150_002, DIGESTS[1], "tuesday 2.parquet", Spec(key=("o_orderkey",))),
        "key": ("o_orderkey",),
        "delta": None,
        "similarity": Overlap(exact(0.9998), exact(0.9999), exact(0.9999)),
        "columns": (),
    }
    return Comparison(verdict, **(usual | fields))


def column(name: str, state: str = "same", **fields: Any) -> ColumnChange:
    """A column of integers that is on both sides."""
    usual: dict[str, Any] = {
        "left_type": "int64",
        "right_type": "int64",
        "left_nulls": 0,
        "right_nulls": 0,
        "left_distinct": exact(1200),
        "right_distinct": exact(1200),
        "values": exact(1.0),
    }
    return ColumnChange(name, state, **(usual | fields))


def pair(key: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> ChangedRow:
    """A changed row, by its key and its other cells."""
    differing = tuple(name for name in after if before.get(name) != after[name])
    return ChangedRow(key, key | before, key | after, differing)


def change(key: dict[str, Any] | None, number: int = 0, times: int = 1) -> RowChange:
    """An entry of a delta."""
    return RowChange(key, None, (number, number), times)


def small() -> Comparison:
    """12 rows changed, 5 added, 3 removed, of orders with a key."""
    changed = [54944, 66724, 93892, 104674, 220737, 272993, 281828, 290726, 331392, 464256, 526885, 541831]
    pairs = tuple(
        pair(
            {"o_orderkey": key},
            {"o_totalprice": 32151.78 + key, "o_orderstatus": "O", "o_comment": "carefully final deposits"},
            {
                "o_totalprice": round(32151.8 + key, 1),
                "o_orderstatus": "F" if key % 4 == 0 else "O",
                "o_comment": "carefully final deposits " if key % 5 == 0 else "carefully final deposits",
            },
        )
        for key in changed
    )

    def row(key: int) -> dict[str, Any]:
        day = dt.date(1996, 1, 2) + dt.timedelta(days=key % 300)
        return {"o_orderkey": key, "o_totalprice": key / 7, "o_orderstatus": "P", "o_orderdate": day, "o_comment": None}

    added, removed = range(10_000_001, 10_000_006), (90053, 127010, 417889)
    return comparison(
        delta=Delta(
            tuple(change({"o_orderkey": key}) for key in added),
            tuple(change({"o_orderkey": key}) for key in removed),
            tuple(change({"o_orderkey": key}) for key in changed),
        ),
        rows=RowSample(tuple(map(row, added)), tuple(map(row, removed)), pairs),
        columns=(
            column(
                "o_orderkey",
                "changed",
                left_distinct=exact(150_000),
                right_distinct=exact(150_002),
                values=exact(0.9999),
            ),
            column("o_custkey", "changed", right_nulls=4),
            column("o_orderstatus", "changed", left_type="string", right_type="string"),
            column(
                "o_totalprice",
                "changed",
                left_type="decimal128(15, 2)",
                right_type="double",
                left_distinct=Estimate(139_412, 134_101, 144_723),
                right_distinct=Estimate(139_398, 134_090, 144_706),
                values=Estimate(0.9986, 0.9921, 0.9998),
            ),
            *(column(name) for name in ("o_orderdate", "o_orderpriority", "o_clerk", "o_shippriority")),
            column("o_comment", "changed", left_type="string", right_type="string"),
        ),
        notes=("physical types differ: o_totalprice decimal128(15, 2) -> double",),
    )


def unrelated() -> Comparison:
    """Two tables that share next to nothing, estimated from samples."""
    none = Estimate(0.0012, 0.0004, 0.0031, 0.0007)
    return comparison(
        Verdict.UNRELATED,
        basis="no common rows",
        similarity=Overlap(none, none.scaled(2), none.scaled(2)),
        estimated_difference=Estimate(299_642, 299_070, 299_882),
        columns=tuple(
            column(name, "changed", values=Estimate(0.02, 0.01, 0.05)) for name in ("id", "city", "amount", "day")
        ),
        notes=("more rows differ than the sketches' delta tables can list",),
    )


def estimated() -> Comparison:
    """A third of the rows changed, more than a sketch can list."""
    share = Estimate(0.5, 0.46, 0.54)
    return replace(
        comparison(basis="rows"),
        similarity=Overlap(share, share.scaled(1.33), share.scaled(1.33)),
        estimated_difference=Estimate(100_001, 89_000, 111_000),
        columns=(column("id"), column("price", "changed")),
        notes=("more rows differ than the sketches' delta tables can list",),
    )


def wide(columns: int = 500) -> Comparison:
    """Many columns, of which 40 changed; two rows differ in each of these."""
    names = [f"feature_{number:03}_of_the_model" for number in range(columns)]
    told = [column(name, "changed" if number % 12 == 0 else "same") for number, name in enumerate(names)]
    told += [column("new_one", "added"), column("old_one", "removed")]
    before = dict.fromkeys(names[1:], 1.25)
    after = before | {name: 1.5 for number, name in enumerate(names) if number % 12 == 0 and number}
    pairs = tuple(pair({names[0]: key}, before, after) for key in (17, 4711))
    return comparison(
        key=(names[0],),
        delta=Delta((), (), tuple(change({names[0]: key}) for key in (17, 4711))),
        rows=RowSample((), (), pairs),
        columns=tuple(told),
    )


def long(rows: int = 500) -> Comparison:
    """Many rows that came, went and changed."""
    lists = [[start + i for i in range(rows)] for start in (1, 2_000_000, 4_000_000)]
    added, removed, changed = (tuple(change({"id": key}) for key in keys) for keys in lists)
    pairs = tuple(
        pair({"id": key}, {"price": key * 1.25, "city": "Köln"}, {"price": key * 1.5, "city": "Köln"})
        for key in lists[2]
    )
    rows_of = [tuple({"id": key, "price": key * 1.25, "city": "Aachen"} for key in keys) for keys in lists[:2]]
    return comparison(
        key=("id",),
        delta=Delta(added, removed, changed),
        rows=RowSample(rows_of[0], rows_of[1], pairs),
        columns=(column("id", "changed"), column("price", "changed"), column("city")),
    )


def months(columns: Sequence[str] = ("price",), patterns: Sequence[Pattern] | None = None) -> Comparison:
    """A table by month, three years of it: some differ, one came, one went; and what the changes have in common."""
    states = {3: "changed", 17: "changed", 18: "changed", 35: "added", 0: "removed"}
    bucketing = Bucketing.parse(f"{columns[0]} of the day:month")
    changes = tuple(
        BucketChange(
            key,
            label_of(bucketing, 0, key),
            state,
            0 if state == "added" else 7_857,
            0 if state == "removed" else 7_854 if key == 665 else 7_857,
            tuple(columns) if state == "changed" else (),
        )
        for key, state in ((648 + month, states.get(month, "same")) for month in range(36))
    )
    if patterns is None:
        patterns = [Pattern(PatternKind.SCALED, "price", 998, 1_000, Counted.CELLS, "was scaled by 1.1", 1.1)]
    told = [column(name, "changed", patterns=tuple(patterns)) for name in columns]
    return comparison(columns=(*told, column("id")), buckets=BucketMap(bucketing, 0, changes, 9))


def images(name: str = "a/0001.png", label: str = "cat", count: int = 3) -> Comparison:
    """Samples of a machine-learning dataset, some of each fate."""
    lists = {
        "changed": tuple(SampleChange(f"{i}{name}", label) for i in range(count)),
        "relabelled": (SampleChange(name, label, old_label="dog"), SampleChange(f"b{name}", None, old_label=label)),
        "moved": tuple(SampleChange(f"new {i}{name}", label, old_name=name, times=1 + i % 2) for i in range(count)),
        "appeared": tuple(SampleChange(f"{name}{i}", label) for i in range(count)),
        "vanished": (SampleChange(None, label, times=4),),
    }
    counts = {fate: sum(change.times for change in changes) for fate, changes in lists.items()}
    parts = SampleColumns(("path",), "label", ("pixels",))
    changes = SampleChanges(counts | {"appeared": 5_000}, True, parts, (exact(0), Estimate(12, 3, 40)), lists)
    return comparison(
        samples=changes,
        set_similarity=Overlap(exact(0.9997), exact(0.9999), exact(0.9999)),
        columns=(column("path"), column("label", "changed"), column("pixels", "changed")),
    )


def hostile(texts: Sequence[str] = HOSTILE) -> Comparison:
    """The texts as names of columns, keys and values, in the address and in the notes."""
    key, name = texts[0] or "key", texts[1 % len(texts)] or "name"
    values = {f"{i} {text}"[:2_500]: text for i, text in enumerate(texts)}
    pairs = tuple(pair({key: text}, {name: text, "x": b"\x00\xff" * 40}, {name: text + "!", "x": 1}) for text in texts)
    row = {key: 1, **values, "nested": [{"a": list(texts)}], "bytes": bytes(range(256)), "none": None}
    changes = tuple(change({key: text}, number) for number, text in enumerate(texts))
    return comparison(
        left=Side(50, DIGESTS[0], f"s3://bucket/{texts[0]}"),
        right=Side(50, DIGESTS[1], f"http://example.com/{texts[1 % len(texts)]}"),
        key=(key,),
        delta=Delta(changes, changes, changes),
        rows=RowSample((row, dict.fromkeys(row)), (row,), pairs),
        columns=tuple(column(text or "empty", "renamed", renamed_from=text, left_type=text[:300]) for text in texts),
        notes=tuple(texts),
    )


def identical() -> Comparison:
    """The same rows in another order of columns."""
    return comparison(
        Verdict.IDENTICAL,
        basis="digest",
        right=Side(150_000, DIGESTS[0], "tuesday 2.parquet", Spec(key=("o_orderkey",))),
        delta=Delta((), (), ()),
        similarity=Overlap(exact(1), exact(1), exact(1)),
        columns=tuple(column(name) for name in ("o_orderkey", "o_custkey", "o_totalprice")),
        notes=("the columns are in another order",),
    )


def resembling(folder: Path) -> Check:
    """A second check of `orders` that has relatives, from real runs."""
    registry = str(folder / "registry.db")
    first = pa.table({"id": range(500), "price": [i * 0.25 for i in range(500)]})
    second = pa.table({"id": range(3, 520), "price": [i * 0.25 + (i % 100 == 7) for i in range(3, 520)]})
    for name in ("orders", "orders_copy", "orders of the old shop"):
        check_table(first, name, registry, key=["id"])
    check_table(second, "orders_eu", registry, key=["id"])
    return check_table(second, "orders", registry)


CASES = {
    "small": small,
    "unrelated": unrelated,
    "estimated": estimated,
    "wide": wide,
    "long": long,
    "hostile": hostile,
    "identical": identical,
    "months": months,
    "images": images,
}
