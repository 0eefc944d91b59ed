"""Row hashes look random: every output bit flips with probability 1/2 when one input bit does, and lanes are unrelated."""

from __future__ import annotations

import numpy as np
import pytest
from avalanche import KINDS, correlations, flips_of

TRIALS = 20_000


@pytest.mark.parametrize("kind", KINDS)
def test_one_bit_of_one_value_flips_every_bit_of_the_row_hash_half_the_time(kind: str) -> None:
    flips = flips_of(kind, TRIALS)
    # Each of 128 means has the sd 0.0035: 0.02 is 5.6 of them, missed by chance with probability 3e-6.
    assert np.abs(flips.mean(axis=0) - 0.5).max() < 0.02
    distances = flips.sum(axis=1)
    assert abs(distances.mean() - 64) < 0.25  # sd of the mean 5.66 / sqrt(20,000) = 0.04
    assert abs(distances.std() - np.sqrt(32)) < 0.2


def test_lanes_are_uncorrelated_and_bits_balanced() -> None:
    balance, related = correlations(TRIALS)
    assert np.abs(balance - 0.5).max() < 0.02
    # Each of 8,128 correlations has the sd 0.0071: 0.045 is 6.4 of them, missed by chance with probability 2e-6.
    assert np.abs(related).max() < 0.045
