"""What became of samples: every one has one fate, and the best that the definition allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.comparison.samples import FATES, DifferingSample, SampleColumns, changes_of, match_samples

SAMPLES = st.builds(
    DifferingSample, st.sampled_from("abcde"), st.sampled_from([0, 1, None]), st.integers(0, 3), st.integers(1, 3)
)
NAMELESS = st.builds(DifferingSample, st.none(), st.sampled_from([0, 1]), st.integers(0, 3), st.integers(1, 3))
SIDES = st.one_of(
    st.tuples(st.lists(SAMPLES, max_size=8), st.lists(SAMPLES, max_size=8)),
    st.tuples(st.lists(NAMELESS, max_size=8), st.lists(NAMELESS, max_size=8)),
)
COLUMNS = SampleColumns(("path",), "label", ("image",))


def bag(samples: Iterable[DifferingSample]) -> Counter[DifferingSample]:
    counts: Counter[DifferingSample] = Counter()
    for sample in samples:
        counts[sample._replace(times=1)] += sample.times
    return counts


def without_common(
    old: list[DifferingSample], new: list[DifferingSample]
) -> tuple[list[DifferingSample], list[DifferingSample]]:
    """What a delta leaves: no sample is on both sides."""
    sides = bag(old) - bag(new), bag(new) - bag(old)
    left, right = ([sample._replace(times=times) for sample, times in side.items()] for side in sides)
    return left, right


def naive(old: list[DifferingSample], new: list[DifferingSample]) -> dict[str, int]:
    """The definition, sample by sample: of all pairs the best first."""
    left = [sample for sample in old for _ in range(sample.times)]
    right = [sample for sample in new for _ in range(sample.times)]
    counts = dict.fromkeys(FATES, 0)

    def take(fate: str, fits: object) -> None:
        for a in list(left):
            partner = next((b for b in right if fits(a, b)), None)  # type: ignore[operator]
            if partner is not None:
                left.remove(a)
                right.remove(partner)
                counts[fate] += 1

    take("relabelled", lambda a, b: a.name is not None and a.name == b.name and a.content == b.content)
    take("moved", lambda a, b: a.content == b.content and a.label == b.label)
    take("relabelled", lambda a, b: a.content == b.content)
    take("changed", lambda a, b: a.name is not None and a.name == b.name)
    return counts | {"vanished": len(left), "appeared": len(right)}


@settings(max_examples=100)
@given(SIDES)
def test_every_sample_has_one_fate_and_the_counts_are_the_twins(
    sides: tuple[list[DifferingSample], list[DifferingSample]],
) -> None:
    old, new = without_common(*sides)
    pairs = match_samples(old, new)
    together = [pair for fate in FATES for pair in pairs[fate]]
    assert bag(a._replace(times=n) for a, _, n in together if a) == bag(old)
    assert bag(b._replace(times=n) for _, b, n in together if b) == bag(new)
    assert changes_of(pairs, COLUMNS, 3).counts == naive(old, new)


def test_lists_are_bounded_and_in_the_order_of_names() -> None:
    new = [DifferingSample(name, 0, number) for number, name in enumerate("dacb")]
    changes = changes_of(match_samples([], new), COLUMNS, 2)
    assert changes.counts["appeared"] == 4
    assert [change.name for change in changes.lists["appeared"]] == ["a", "b"]


def test_a_label_of_another_type_is_another_label() -> None:
    pairs = match_samples([DifferingSample("a", 1, 0)], [DifferingSample("a", True, 0)])
    (change,) = changes_of(pairs, COLUMNS, 5).lists["relabelled"]
    assert (change.old_label, change.label) == (1, True)
