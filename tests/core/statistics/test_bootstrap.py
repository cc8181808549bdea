"""Bootstrap intervals equal scipy's BCa, and cover the mean as often as they say."""

import numpy as np
import pytest
from scipy import stats

from core.statistics import bootstrap
from core.statistics.bootstrap import MOST_SINGLY, mean_interval


@pytest.mark.parametrize("count", [10, 30, 200])
def test_an_interval_equals_scipys_bca_of_the_same_resamples(count: int) -> None:
    values = np.random.default_rng(7).beta(2, 0.7, count)
    found = mean_interval(values)
    expected = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=bootstrap.RESAMPLES,
        rng=np.random.default_rng(bootstrap.SEED),
    ).confidence_interval
    assert found is not None
    assert found == pytest.approx((expected.low, expected.high), abs=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
def test_many_values_are_drawn_together_with_nearly_the_same_interval(scale: float) -> None:
    values = scale * np.random.default_rng(8).random(20_000)
    found = mean_interval(values)
    half = 1.959964 * values.std(ddof=1) / np.sqrt(len(values))
    assert found is not None
    assert found == pytest.approx((values.mean() - half, values.mean() + half), abs=half / 5)


def test_the_same_values_have_the_same_interval() -> None:
    values = [0.1, 0.9, 0.4] * 10
    assert mean_interval(values) == mean_interval(values)


def test_equal_sums_in_another_order_have_no_interval() -> None:
    # Rounded sums differ in their last digit, which gave an interval without width
    assert mean_interval([0.1 + 0.2, 0.3] * 10) is None


@pytest.mark.parametrize("values", [[], [0.5] * 9, [0.1, 0.9] * 4, [1.0] * 50])
def test_few_or_equal_values_have_no_interval(values: list[float]) -> None:
    assert mean_interval(values) is None


@pytest.mark.prove
@pytest.mark.parametrize("count", [30, 60, 120, 200, 2 * MOST_SINGLY])
def test_intervals_of_30_and_more_cases_cover_93_to_97_percent(count: int) -> None:
    rng, covered, trials = np.random.default_rng(count), 0, 4000
    for _ in range(trials):
        found = mean_interval(rng.beta(4, 2, count))
        covered += found is not None and found.low <= 4 / 6 <= found.high
    assert 0.93 <= covered / trials <= 0.97
