"""pass^k is unbiased, over cases with the same number of runs."""

from itertools import combinations
from statistics import mean

import pytest

from core.statistics.consistency import pass_power, pass_power_curve


def test_pass_power_is_the_share_of_choices_of_k_runs_that_all_pass() -> None:
    runs = [True, True, True, False, True]
    chosen = [all(each) for each in combinations(runs, 3)]
    assert pass_power([(4, 5)], 3) == pytest.approx(mean(chosen))


def test_pass_power_is_below_the_power_of_the_rate() -> None:
    assert pass_power([(1, 2)], 2) == 0.0  # 0.25 by (c/n)^k


def test_the_curve_falls_from_the_pass_rate() -> None:
    assert pass_power_curve([(3, 3), (2, 3), (0, 3)]) == pytest.approx([5 / 9, 4 / 9, 1 / 3])


def test_the_curve_ends_with_the_fewest_runs_of_a_case() -> None:
    assert pass_power_curve([(3, 3), (1, 1)]) == [1.0]


def test_cases_without_runs_have_no_curve() -> None:
    assert pass_power_curve([]) == []
    assert pass_power_curve([(0, 0)]) == []
    assert pass_power([(1, 1)], 2) is None
