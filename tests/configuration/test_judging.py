"""A policy and a check -> passed, warned, failed: a pure function, tried against the checks themselves."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sameset import check_table
from sameset.comparison.estimates import Estimate
from sameset.configuration import Bound, Outcome, Policy, judge
from sameset.configuration.policy import STATUSES


@pytest.fixture(scope="module")
def checks(tmp_path_factory):
    """Checks of 100 orders, then the same, then with 5 more, 3 fewer, 2 changed; and of a copy under another name."""
    registry = str(tmp_path_factory.mktemp("judging") / "registry.db")

    def table(keys, changed=()):
        return pa.table({"id": list(keys), "price": [-1.0 if key in changed else key * 0.5 for key in keys]})

    def check(rows, name="orders", key=("id",)):
        return check_table(rows, name, registry, key=list(key))

    return {
        "new": check(table(range(100))),
        "unchanged": check(table(range(100))),
        "modified": check(table(range(3, 105), changed=(50, 51))),
        "copy": check(table(range(3, 105), changed=(50, 51)), "copy"),
        "renamed_columns": check(table(range(3, 105)).append_column("more", pa.array([1] * 102))),
    }


def outcome(check, **policy):
    return judge(Policy(**policy), check).outcome


def test_without_a_word_everything_that_can_be_compared_passes(checks):
    assert {outcome(check) for check in checks.values()} == {Outcome.PASSED}


@pytest.mark.parametrize("name", ["new", "unchanged", "modified"])
def test_a_status_fails_where_it_is_listed_and_nowhere_else(name, checks):
    for status in STATUSES:
        told = judge(Policy(fail_on=frozenset({status})), checks[name])
        assert told.outcome is (Outcome.FAILED if status == name else Outcome.PASSED)
        assert told.reasons == ((f"{name} is in fail_on",) if status == name else ())
        assert outcome(checks[name], warn_on=frozenset({status})) is (
            Outcome.WARNED if status == name else Outcome.PASSED
        )


@pytest.mark.parametrize(("kind", "count"), [("added", 5), ("removed", 3), ("changed", 2)])
def test_bounds_hold_to_the_row(kind, count, checks):
    for rows in range(8):
        told = judge(Policy(**{f"max_{kind}": Bound(rows=rows)}), checks["modified"])
        assert told.outcome is (Outcome.PASSED if rows >= count else Outcome.FAILED)
    assert judge(Policy(**{f"max_{kind}": Bound(rows=1)}), checks["modified"]).reasons == (
        f"{count} rows were {kind}, more than max_{kind} = 1",
    )


def test_a_share_is_of_the_rows_before(checks):
    assert outcome(checks["modified"], max_added=Bound(percent=5.0)) is Outcome.PASSED
    told = judge(Policy(max_added=Bound(percent=4.9)), checks["modified"])
    assert told.reasons == ("5 rows were added, more than max_added = 4.9% (4 rows)",)


def test_bounds_on_changes_do_not_speak_of_a_first_delivery(checks):
    assert outcome(checks["new"], max_added=Bound(rows=0)) is Outcome.PASSED
    assert outcome(checks["new"], min_rows=101) is Outcome.FAILED
    assert outcome(checks["new"], max_rows=99) is Outcome.FAILED
    assert outcome(checks["new"], min_rows=100, max_rows=100) is Outcome.PASSED


def test_too_little_in_common_fails(checks):
    # 95 of 107 distinct rows are in both.
    assert outcome(checks["modified"], min_similarity=95 / 107) is Outcome.PASSED
    told = judge(Policy(min_similarity=0.9), checks["modified"])
    assert told.reasons == ("the similarity to before is 0.8879, less than min_similarity = 0.9",)
    assert outcome(checks["new"], min_similarity=1.0) is Outcome.PASSED


def test_a_similarity_that_may_be_too_small_fails(checks):
    found = checks["modified"].comparison
    vague = replace(found, similarity=replace(found.similarity, jaccard=Estimate(0.95, 0.88, 0.99)))
    told = judge(Policy(min_similarity=0.9), replace(checks["modified"], comparison=vague))
    assert told.reasons == (
        "the similarity to before is 0.95 [0.88, 0.99], so that min_similarity = 0.9 may be broken",
    )


def test_resembling_another_dataset_fails_or_warns_as_asked(checks):
    told = judge(Policy(resembles=Outcome.FAILED), checks["copy"])
    assert told.reasons == ("it resembles orders (identical)",)
    assert outcome(checks["copy"], resembles=Outcome.WARNED) is Outcome.WARNED
    assert outcome(checks["copy"], resembles=Outcome.FAILED, may_resemble=("orders",)) is Outcome.PASSED


def test_what_could_not_be_counted_fails(checks):
    check = checks["renamed_columns"]
    assert check.comparison.changes is None
    told = judge(Policy(max_changed=Bound(rows=1000)), check)
    assert told.outcome is Outcome.FAILED
    assert "could not be counted" in told.reasons[0]


@given(added=st.integers(0, 50), removed=st.integers(0, 50), changed=st.integers(0, 50), keyed=st.booleans())
def test_an_estimate_never_lets_pass_what_the_counts_forbid(checks, added, removed, changed, keyed):
    """The true counts are hidden behind an interval that holds them: what passes then passes with the counts, too."""
    changed = changed if keyed else 0
    comparison = checks["modified"].comparison
    hidden = replace(
        comparison,
        delta=None,
        key=("id",) if keyed else (),
        left=replace(comparison.left, rows=100),
        right=replace(comparison.right, rows=100 + added - removed),
        estimated_difference=Estimate(*[added + removed + 2 * changed + off for off in (0, -3, 3)]),
    )
    check = replace(checks["modified"], comparison=hidden)
    for kind, count in (("added", added), ("removed", removed), ("changed", changed)):
        for rows in (0, 1, 10, 40, 60, 200):
            told = judge(Policy(**{f"max_{kind}": Bound(rows=rows)}), check)
            if told.outcome is Outcome.PASSED:
                assert count <= rows
            elif "could not be counted" not in told.reasons[0]:
                assert count > rows


def test_the_sentence_says_finding_and_reasons(checks):
    told = judge(Policy(fail_on=frozenset({"modified"}), max_added=Bound(rows=1)), checks["modified"])
    assert told.sentence(checks["modified"]) == (
        "orders is modified: 2 rows changed, 5 added, 3 removed; "
        "policy failed: modified is in fail_on; 5 rows were added, more than max_added = 1"
    )
    assert told.to_json()["outcome"] == "failed"
