"""Samples equal their definition however thresholds fall; estimators err as their formulas say."""

from __future__ import annotations

import math

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.errors import SpecError
from sameset.sketches.sample import Sample
from sameset.sketches.signature import Signature
from sameset.sketches.spec import SampleSize, Spec

# Many enough that the open-addressing table (at least 1,024 free places) is full again and again.
SIZES = st.builds(
    lambda size, scaled, more: SampleSize(size, scaled, size + more),
    st.sampled_from([1, 8, 100, 1500]),
    st.sampled_from([1, 2, 4, 50, 10**6]),
    st.sampled_from([0, 8, 1000, 10**5]),
)


def kept(sample: Sample) -> tuple[dict[int, int], int]:
    return dict(zip(sample.hashes.tolist(), sample.counts.tolist(), strict=True)), sample.threshold


def uniform(seed: int, size: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, size, np.uint64)


@settings(max_examples=60)
@given(
    SIZES,
    st.integers(0, 2**32),
    st.sampled_from([0, 1, 7, 1000, 1025, 6000]),
    st.sampled_from(["drawn", "falling", "rising"]),
    st.sampled_from([1, 100, 1024, 10**5]),
)
def test_a_sample_is_its_definition(size: SampleSize, seed: int, distinct: int, order: str, batch: int) -> None:
    pool = uniform(seed, distinct)
    hashes = np.concatenate([pool, pool[: distinct // 2], pool[: distinct // 3], pool[-1:]])
    np.random.default_rng(seed).shuffle(hashes)
    if order != "drawn":
        hashes.sort()
    hashes = np.ascontiguousarray(hashes[::-1] if order == "falling" else hashes)
    expected = naive.sample(hashes.tolist(), size.size, size.scaled, size.cap)
    whole, half = Sample.empty(size), Sample.empty(size)
    for start in range(0, len(hashes), batch):
        whole.update(hashes[start : start + batch])
        assert (whole.is_exact, len(whole.hashes) <= size.cap) == (whole.threshold == naive.M64, True)
    assert kept(whole) == expected
    half.update(hashes[len(hashes) // 2 :])
    other = Sample.empty(size)
    other.update(hashes[: len(hashes) // 2])
    assert kept(half.merge(other)) == expected
    assert whole.is_settled


def test_counts_are_exact_beyond_32_bits_and_for_hashes_at_the_ends() -> None:
    sample = Sample.empty(SampleSize(8, 4, 16))
    ends = np.array([0, 0, 1, 2**64 - 2, 2**64 - 1], np.uint64)
    sample.update(ends)
    assert kept(sample) == naive.sample(ends.tolist(), 8, 4, 16) == ({0: 2, 1: 1, 2**64 - 2: 1}, naive.M64)
    for _ in range(33):
        sample = sample.merge(sample)
    assert sample.counts.tolist() == [2 * 2**33, 2**33, 2**33]


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from([1, 2, 64, 1024]), st.sampled_from([0, 1, 100, 3000]))
def test_a_signature_is_its_definition(seed: int, bins: int, size: int) -> None:
    hashes = uniform(seed, size)
    signature = Signature.empty(bins)
    signature.update(hashes)
    assert signature.bins.tolist() == naive.signature(hashes.tolist(), bins)


@pytest.mark.parametrize(
    ("size", "distinct", "relative_error"),
    [
        # Bottom-k: 1 / sqrt(k - 2) (Beyer et al. 2007). Scaled: sqrt((1 - s) / (s n)). Cut by cap: bottom-k of the cap.
        (SampleSize(64, 10**9, 64), 5_000, 1 / math.sqrt(62)),
        (SampleSize(1024, 10**9, 1024), 20_000, 1 / math.sqrt(1022)),
        (SampleSize(8, 20, 10**5), 5_000, math.sqrt(0.95 / (0.05 * 5_000))),
        (SampleSize(8, 2, 128), 5_000, 1 / math.sqrt(126)),
    ],
    ids=["bottom-64", "bottom-1024", "scaled", "cap"],
)
def test_distinct_is_unbiased_and_errs_by_its_formula(size: SampleSize, distinct: int, relative_error: float) -> None:
    draws = 400
    errors = []
    for seed in range(draws):
        sample = Sample.empty(size)
        sample.update(uniform(seed, distinct))
        errors.append(sample.distinct() / distinct - 1)
    # The mean of 400 draws has the sd relative_error / 20: beyond 4.5 of them with probability 7e-6 (normal).
    assert abs(np.mean(errors)) < 4.5 * relative_error / math.sqrt(draws)
    # Their sd has itself the relative sd 1 / sqrt(800) = 3.5 % (a little more for the skewed one): 18 % is 5 of them, 6e-7.
    assert 0.82 < np.std(errors) / relative_error < 1.18


def test_distinct_is_unbiased_where_a_naive_estimate_is_not() -> None:
    """k / U_k is too large by 1 / (k - 1), here 6.7 %; (k - 1) / U_k is unbiased."""
    size, distinct, draws = SampleSize(16, 10**9, 16), 500, 2_000
    estimates = []
    for seed in range(draws):
        sample = Sample.empty(size)
        sample.update(uniform(seed, distinct))
        estimates.append(sample.distinct() / distinct)
    # The mean of 2,000 draws has the sd 1 / sqrt(14) / sqrt(2000) = 0.6 %; 2.7 % is 4.5 of them, 7e-6.
    assert abs(np.mean(estimates) - 1) < 0.027


def test_distinct_is_exact_while_all_are_kept() -> None:
    sample = Sample.empty(SampleSize(64, 1000, 64))
    assert sample.distinct() == 0
    sample.update(np.repeat(uniform(1, 64), 3))
    assert sample.distinct() == 64


@pytest.mark.parametrize("jaccard", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_jaccard_is_unbiased_and_errs_by_its_formula(jaccard: float) -> None:
    bins, union, draws = 256, 4_000, 400
    common = round(jaccard * union)
    errors = []
    for seed in range(draws):
        hashes = uniform(seed, union)
        half = common + (union - common) // 2
        left, right = Signature.empty(bins), Signature.empty(bins)
        left.update(hashes[:half])
        right.update(np.concatenate([hashes[:common], hashes[half:]]))
        errors.append(left.jaccard(right) - jaccard)
    # No bin of 256 stays empty with 4,000 rows (256 e^-15.6 = 4e-5 a draw), so the formula is that of 256 independent bins;
    # one permutation errs a little less (Li, Owen, Zhang 2012). Bounds as above: 4.5 and 5 sd, failing with at most 1e-5.
    sd = math.sqrt(jaccard * (1 - jaccard) / bins)
    assert abs(np.mean(errors)) <= 4.5 * sd / math.sqrt(draws)
    assert 0.78 * sd <= np.std(errors) <= 1.18 * sd


def test_jaccard_of_few_rows_counts_only_bins_that_are_filled() -> None:
    left, right = Signature.empty(4096), Signature.empty(4096)
    assert left.jaccard(right) == 1.0
    left.update(uniform(1, 3))
    assert left.jaccard(right) == right.jaccard(left) == 0.0
    right.update(uniform(1, 3))
    assert left.jaccard(right) == 1.0


@pytest.mark.parametrize("size", [(0, 1, 1), (2, 1, 1), (1, 0, 1), (1, 2**63, 1), (1, 1, 2**24 + 1), (-1, 1, 1)])
def test_sizes_that_make_no_sense_are_refused(size: tuple[int, int, int]) -> None:
    with pytest.raises(SpecError):
        SampleSize(*size)


@pytest.mark.parametrize(
    "field",
    [
        {"bins": 3},
        {"bins": 0},
        {"delta_cells": 2},
        {"delta_cells": 2**25},
        {"seed": -1},
        {"seed": 2**64},
        {"encoding": 2},
    ],
)
def test_specs_that_make_no_sense_are_refused(field: dict[str, int]) -> None:
    with pytest.raises(SpecError):
        Spec(**field)  # type: ignore[arg-type]
