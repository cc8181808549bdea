"""Intervals of quantiles and means against brute force."""

import random
from math import comb

import pytest

from core.statistics.means import half_width_of_mean, ranks_around


def below(rank: int, count: int, quantile: float) -> float:
    """Return how likely fewer than `rank` of `count` values are at or below the quantile."""
    return sum(
        comb(count, k) * quantile**k * (1 - quantile) ** (count - k) for k in range(max(rank, 0))
    )


@pytest.mark.parametrize("quantile", [0.5, 0.95])
@pytest.mark.parametrize("count", [10, 33, 200])
def test_a_quantile_lies_between_its_ranks_with_95_percent(quantile: float, count: int) -> None:
    low, high = ranks_around(quantile, count)
    assert low is not None
    # As narrow as the counts allow: one rank further in would be too likely outside
    assert below(low, count, quantile) <= 0.025 < below(low + 1, count, quantile)
    if high is not None:
        assert 1 - below(high, count, quantile) <= 0.025 < 1 - below(high - 1, count, quantile)
    else:
        assert 1 - below(count, count, quantile) > 0.025


def test_few_values_do_not_bound_a_high_quantile() -> None:
    assert ranks_around(0.95, 10) == (8, None)
    assert ranks_around(0.5, 3) == (None, None)


def test_a_mean_lies_in_its_interval_95_times_of_100() -> None:
    chance, hits = random.Random(3), 0
    for _ in range(2000):
        values = [chance.gauss(10, 4) for _ in range(12)]
        mean = sum(values) / 12
        deviation = (sum((each - mean) ** 2 for each in values) / 11) ** 0.5
        hits += abs(mean - 10) <= half_width_of_mean(deviation, 12)
    assert 0.935 < hits / 2000 < 0.965
