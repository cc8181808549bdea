"""Paired comparisons equal scipy's, and their verdicts say what the data can show."""

import numpy as np
import pytest
from scipy import stats

from core.statistics.paired import (
    Verdict,
    cases_to_show_rates,
    cases_to_show_scores,
    compare_passes,
    compare_scores,
    mcnemar,
    sign_flips,
)


def pairs(both: int, only_this: int, only_baseline: int) -> list[tuple[bool, bool]]:
    return [(True, True)] * both + [(True, False)] * only_this + [(False, True)] * only_baseline


@pytest.mark.parametrize(
    ("only_this", "only_baseline", "expected"), [(0, 5, 0.0625), (3, 9, 0.145996), (0, 0, 1.0)]
)
def test_mcnemar_equals_the_contracts_examples(
    only_this: int, only_baseline: int, expected: float
) -> None:
    assert mcnemar(only_this, only_baseline) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("one", "two"), [(1, 7), (12, 12), (40, 61), (200, 3)])
def test_mcnemar_equals_scipys_binomial_test(one: int, two: int) -> None:
    expected = stats.binomtest(one, one + two, 0.5).pvalue
    assert mcnemar(one, two) == pytest.approx(expected, abs=1e-12)


def test_many_more_passes_are_better_and_the_reverse_is_worse() -> None:
    assert compare_passes(pairs(80, 18, 2)).verdict is Verdict.BETTER
    assert compare_passes(pairs(80, 2, 18)).verdict is Verdict.WORSE


def test_a_small_comparison_says_how_many_more_cases_it_needs() -> None:
    result = compare_passes(pairs(38, 9, 3))
    assert result.verdict is Verdict.TOO_FEW
    needed = cases_to_show_rates(0.12, 0.24)
    assert needed == 129  # ((1.959964·√0.24 + 0.841621·√(0.24 − 0.0144)) / 0.12)²
    assert result.more_cases == needed - 50


def test_under_ten_cases_nothing_is_shown_even_when_all_differ() -> None:
    result = compare_passes(pairs(0, 9, 0))
    assert result.verdict is Verdict.TOO_FEW
    assert result.more_cases == 1


def test_many_equal_cases_show_no_difference_and_ask_for_no_more() -> None:
    result = compare_passes(pairs(998, 1, 1))
    assert result.verdict is Verdict.NO_DIFFERENCE
    assert result.more_cases is None


def test_no_cases_are_too_few() -> None:
    assert compare_passes([]).verdict is Verdict.TOO_FEW
    assert compare_scores([]).verdict is Verdict.TOO_FEW


def test_scores_that_rise_in_nearly_all_cases_are_better() -> None:
    result = compare_scores([0.2, 0.1, 0.3, 0.15, 0.25, -0.02] * 5)
    assert result.verdict is Verdict.BETTER
    assert result.interval is not None
    assert result.interval.low > 0


def test_scores_that_vary_widely_need_more_cases() -> None:
    result = compare_scores([0.5, -0.4] * 10)
    assert result.verdict is Verdict.TOO_FEW
    # (1.959964 + 0.841621)² · 0.461690² / 0.05² = 669.2
    assert result.more_cases == 670 - 20
    assert cases_to_show_scores(0.05, 0.461690) == 670


def test_the_same_difference_in_every_case_is_shown() -> None:
    assert compare_scores([0.1] * 12).verdict is Verdict.BETTER
    assert compare_scores([0.0] * 12).verdict is Verdict.NO_DIFFERENCE


@pytest.mark.parametrize("equal", [7, 47, 997])
def test_three_cases_show_nothing_however_many_others_are_equal(equal: int) -> None:
    result = compare_scores([1] * 3 + [0] * equal)
    assert result.verdict in (Verdict.TOO_FEW, Verdict.NO_DIFFERENCE)
    assert result.interval is not None
    assert result.interval.low > 0  # a resample without any of the three is rare


def test_six_cases_that_all_rise_show_a_difference() -> None:
    assert compare_scores([1] * 6 + [0] * 44).verdict is Verdict.BETTER
    assert compare_scores([-1] * 6 + [0] * 44).verdict is Verdict.WORSE


@pytest.mark.parametrize(("one", "two"), [(0, 3), (1, 6), (3, 9), (10, 10), (6, 15), (30, 51)])
def test_flips_of_outcomes_equal_mcnemars_test(one: int, two: int) -> None:
    flipped = sign_flips(np.array([1.0] * one + [-1.0] * two + [0.0] * 5))
    assert flipped == pytest.approx(mcnemar(one, two), abs=1e-9)


def test_flips_equal_scipys_permutation_test() -> None:
    for seed in range(3):
        values = np.random.default_rng(seed).normal(0.4, 1, 12)
        expected = stats.permutation_test(
            (values,), np.mean, permutation_type="samples", n_resamples=np.inf
        )
        assert sign_flips(values) == pytest.approx(expected.pvalue, abs=1e-9)


@pytest.mark.parametrize(
    "values",
    [
        [1.0] * 4 + [0.0001, -0.0001] * 10,
        [1.0] + [0.001] * 24,
        [0.25] * 12 + [-0.25] * 9 + [0.5] * 14 + [-0.75] * 5,
        np.random.default_rng(1).normal(0.3, 1, 30),
        np.random.default_rng(2).pareto(1, 40) * np.tile([1, 1, -1, 1], 10),
    ],
)
def test_flips_of_over_twenty_differences_of_any_sizes_equal_random_ones(
    values: list[float],
) -> None:
    # A normal sum is wrong where a few differences are much larger
    found = np.array(values)
    signs = np.random.default_rng(5).choice([-1.0, 1.0], (100_000, len(found)))
    expected = np.mean(np.abs(signs @ found) >= abs(found.sum()) - 1e-9)
    assert sign_flips(found) == pytest.approx(expected, abs=0.006)


def test_four_cases_that_rise_show_nothing_among_twenty_that_hardly_differ() -> None:
    result = compare_scores([1.0] * 4 + [0.0001, -0.0001] * 10)
    assert result.verdict is Verdict.TOO_FEW


def test_the_same_scores_added_in_another_order_do_not_differ() -> None:
    # They differ by 1e-17, which could be called better
    sums = [0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1]
    result = compare_scores([(sums[0] - sums[1]) / 3] * 12)
    assert (result.verdict, result.difference) == (Verdict.NO_DIFFERENCE, 0)


@pytest.mark.parametrize("cases", [10, 20, 50, 200])
def test_of_comparisons_without_a_difference_5_percent_are_better_or_worse_at_most(
    cases: int,
) -> None:
    rng = np.random.default_rng(cases)
    chances = rng.uniform(0.05, 0.5, 500)  # of a difference, which falls to either side
    falsely = [
        compare_scores(rng.choice([-1, 0, 1], cases, p=[each / 2, 1 - each, each / 2])).verdict
        in (Verdict.BETTER, Verdict.WORSE)
        for each in chances
    ]
    assert np.mean(falsely) <= 0.055


@pytest.mark.parametrize(("only_this", "only_baseline"), [(0.2, 0.1), (0.1, 0.05), (0.18, 0.06)])
def test_so_many_cases_as_are_asked_for_show_a_difference_in_about_80_percent(
    only_this: float, only_baseline: float
) -> None:
    delta, discordant = only_this - only_baseline, only_this + only_baseline
    cases = cases_to_show_rates(delta, discordant)
    chances = [1 - discordant, only_this, only_baseline]
    draws = np.random.default_rng(3).multinomial(cases, chances, 4000)
    shown = [mcnemar(int(this), int(other)) < 0.05 for _, this, other in draws]
    assert 0.74 <= np.mean(shown) <= 0.84  # the exact test is the more careful one


def test_so_many_cases_as_are_asked_for_show_a_difference_of_scores_in_about_80_percent() -> None:
    deviation, delta = 0.3, 0.08
    cases = cases_to_show_scores(delta, deviation)
    values = np.random.default_rng(4).normal(delta, deviation, (4000, cases))
    shown = stats.ttest_1samp(values, 0, axis=1).pvalue < 0.05
    assert 0.78 <= np.mean(shown) <= 0.82
