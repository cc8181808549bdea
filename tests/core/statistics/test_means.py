"""Intervals of means of values that come in groups."""

import numpy as np
import pytest
from scipy import stats

from core.statistics.means import GroupedSample, interval_of_grouped_mean


def grouped(groups: list[list[float]]) -> tuple[float, int, GroupedSample]:
    """Return the mean, the number of values, and the sums over the groups."""
    totals, sizes = np.array([sum(it) for it in groups]), np.array([len(it) for it in groups])
    sums = (totals @ totals, totals @ sizes, sizes @ sizes)
    sample = GroupedSample(len(groups), *map(float, sums))
    return float(totals.sum() / sizes.sum()), int(sizes.sum()), sample


def test_of_groups_of_one_value_it_is_students_interval() -> None:
    values = np.random.default_rng(1).normal(5, 2, 14)
    expected = stats.t.interval(0.95, 13, values.mean(), stats.sem(values))
    found = interval_of_grouped_mean(*grouped([[float(it)] for it in values]))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("value", [0.0, 0.1, 1.0, -3.7, 1e9])
def test_equal_values_have_no_interval(value: float) -> None:
    groups = [[value] * (1 + number % 3) for number in range(12)]
    assert interval_of_grouped_mean(*grouped(groups)) == (None, None)


def test_a_single_other_value_gives_an_interval() -> None:
    low, high = interval_of_grouped_mean(*grouped([[1.0]] * 5000 + [[0.999]]))
    assert low is not None
    assert high is not None
    assert low < high
