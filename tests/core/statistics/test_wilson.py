"""Wilson's interval covers the rate as often as it says, for small and large rates."""

import numpy as np
import pytest
from scipy import stats

from core.statistics.rates import wilson, wilson_of_rate


def test_nine_of_ten_is_the_contracts_example() -> None:
    assert wilson(9, 10) == pytest.approx((0.595850, 0.982124), abs=1e-6)


def test_each_interval_of_up_to_60_answers_equals_scipys() -> None:
    for count in range(10, 61):
        for passed in range(count + 1):
            expected = stats.binomtest(passed, count).proportion_ci(method="wilson")
            found = pytest.approx((expected.low, expected.high), abs=1e-9)
            assert wilson(passed, count) == found
            assert wilson_of_rate(passed / count, count) == found


@pytest.mark.prove
def test_wilson_covers_the_rate_by_the_exact_binomial_chances() -> None:
    coverages = {
        (rate, count): coverage(rate / 100, count)
        for rate in range(1, 100)
        for count in range(10, 201)
    }
    assert 0.945 <= np.mean(list(coverages.values())) <= 0.965
    assert min(coverages.values()) >= 0.84
    assert min(each for (rate, _), each in coverages.items() if 5 <= rate <= 95) >= 0.89


def coverage(rate: float, count: int) -> float:
    chances = stats.binom.pmf(np.arange(count + 1), count, rate)
    within = [low <= rate <= high for low, high in (wilson(c, count) for c in range(count + 1))]
    return float(chances[within].sum())


def test_no_rate_is_outside_its_interval() -> None:
    # Rounding put the low end of none of three at 6e-17, above the rate
    for whole in range(1, 61):
        for part in range(whole + 1):
            low, high = wilson(part, whole)
            assert 0 <= low <= part / whole <= high <= 1
