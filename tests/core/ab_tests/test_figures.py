"""The figures of both variants, against examples computed by hand."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from core.ab_tests.figures import AnswerFigures, compare_variants, consistencies
from core.ab_tests.schemas import VariantId
from core.ab_tests.views import AbMetric, MetricFigures
from core.evaluations.figures.comparison_views import PairedView
from core.statistics.bootstrap import mean_interval
from core.statistics.paired import ComparisonMethod, Verdict

A, B = VariantId.A, VariantId.B


def compared(found: MetricFigures) -> PairedView:
    assert found.comparison is not None
    return found.comparison


def quality(
    a: Sequence[float | None], b: Sequence[float | None], *, is_judged: bool = False
) -> MetricFigures:
    """Compare the qualities of one answer to each case."""
    answers = [
        AnswerFigures(position, variant, quality=value)
        for variant, values in ((A, a), (B, b))
        for position, value in enumerate(values)
    ]
    return compare_variants(answers, is_judged=is_judged).of(AbMetric.QUALITY)


def of_times(a: Sequence[int], b: Sequence[int]) -> MetricFigures:
    answers = [
        AnswerFigures(position, variant, response_time_ms=value)
        for variant, values in ((A, a), (B, b))
        for position, value in enumerate(values)
    ]
    return compare_variants(answers, is_judged=True).of(AbMetric.RESPONSE_TIME)


def test_passes_of_one_answer_each_are_compared_by_mcnemars_test() -> None:
    found = quality([1] * 20, [1] * 11 + [0] * 9)
    view = compared(found)
    assert (view.method, view.verdict) == (ComparisonMethod.MCNEMAR, Verdict.BETTER)
    assert (view.only_this, view.only_baseline) == (9, 0)
    assert view.p_value == pytest.approx(stats.binomtest(0, 9).pvalue, abs=1e-12)
    assert view.difference == pytest.approx(0.45)
    # Wilson's interval of 11 of 20, and of 20 of 20
    assert (found.B.value, found.B.n) == (0.55, 20)
    assert found.B.low == pytest.approx(0.342085, abs=1e-6)
    assert found.B.high == pytest.approx(0.741802, abs=1e-6)
    assert found.A.low == pytest.approx(0.838875, abs=1e-6)
    assert found.A.high == 1


def test_several_answers_to_a_case_count_as_one_case() -> None:
    answers = [
        AnswerFigures(position, variant, quality=float(variant is A or run == 0))
        for position in range(12)
        for variant in VariantId
        for run in range(4)
    ]
    found = compare_variants(answers, is_judged=False).of(AbMetric.QUALITY)
    assert (found.A.n, found.B.n) == (12, 12)
    assert (found.A.value, found.B.value) == (1, 0.25)
    view = compared(found)
    assert (view.method, view.verdict) == (ComparisonMethod.BOOTSTRAP, Verdict.BETTER)
    assert (view.cases, view.difference, view.p_value) == (12, 0.75, None)


def test_judged_scores_are_compared_by_the_bootstrap_over_cases() -> None:
    a = [0.75, 1, 0.5, 0.75, 1, 0.75, 0.5, 1, 0.75, 1, 0.75, 0.5]
    b = [0.5, 0.75, 0.5, 0.5, 0.75, 0.25, 0.5, 0.5, 0.75, 0.5, 0.5, 0.25]
    found = quality(a, b, is_judged=True)
    interval = mean_interval([this - that for this, that in zip(a, b, strict=True)])
    assert interval is not None
    assert (compared(found).low, compared(found).high) == pytest.approx(tuple(interval))
    assert compared(found).difference == pytest.approx(0.25)
    assert compared(found).verdict is Verdict.BETTER
    assert compared(quality(b, a, is_judged=True)).verdict is Verdict.WORSE


def test_a_case_that_one_variant_has_no_value_of_is_left_out_of_both() -> None:
    found = quality([1, 1, None, 0], [0, None, 1, 0])
    assert (found.A.value, found.B.value) == (0.5, 0)
    assert (found.A.n, found.B.n, compared(found).cases) == (2, 2, 2)


def test_under_ten_cases_there_is_no_interval_and_no_winner() -> None:
    for found in (quality([1] * 9, [0] * 9), quality([0.9] * 9, [0.1] * 9, is_judged=True)):
        assert compared(found).verdict is Verdict.TOO_FEW
        assert compared(found).words == "too few cases: about 1 more"
        assert (compared(found).low, found.A.low, found.B.high) == (None, None, None)


def test_less_time_is_better_and_keeps_its_unit() -> None:
    a = [900, 1100, 1000, 950, 1050, 1000, 980, 1020, 990, 1010, 1000, 1000]
    found = of_times(a, [each + 500 for each in a[:-1]] + [1400])
    view = compared(found)
    assert found.A.value == 1000
    assert found.B.value == pytest.approx(1491.6667, abs=1e-4)
    assert view.verdict is Verdict.BETTER
    assert view.difference == pytest.approx(-491.6667, abs=1e-4)
    assert view.low is not None
    assert view.high is not None
    assert -500 <= view.low < view.high <= -450
    assert compared(of_times([each + 500 for each in a], a)).verdict is Verdict.WORSE


def test_tiny_costs_of_many_cases_keep_their_interval() -> None:
    rng = np.random.default_rng(1)
    costs = rng.gamma(4, 0.00001, (2, 1500)).tolist()
    answers = [
        AnswerFigures(position, variant, cost_usd=Decimal(value))
        for variant, values in zip(VariantId, costs, strict=True)
        for position, value in enumerate(values)
    ]
    found = compare_variants(answers, is_judged=True).of(AbMetric.COST)
    expected = np.mean(costs[0])
    half = 1.959964 * np.std(costs[0], ddof=1) / np.sqrt(1500)
    assert found.A.value == pytest.approx(expected)
    assert (found.A.low, found.A.high) == pytest.approx(
        (expected - half, expected + half), rel=0.01
    )


def test_calls_that_cost_nothing_show_no_difference() -> None:
    answers = [
        AnswerFigures(position, variant, cost_usd=Decimal(0))
        for position in range(1000)
        for variant in VariantId
    ]
    found = compare_variants(answers, is_judged=True).of(AbMetric.COST)
    assert (found.A.value, found.B.value) == (0, 0)
    assert compared(found).difference == 0


def test_consistency_is_a_hundred_less_the_mean_absolute_deviation_of_the_traits() -> None:
    # Formality 40, 60, 80: the mean is 60, the deviations 20, 0, 20, their mean 40/3.
    # Empathy 0, 0, 90: the mean is 30, the deviations 30, 30, 60, their mean 40.
    answers = [[(40, 50, 50, 0)], [(60, 50, 50, 0)], [(80, 50, 50, 90)]]
    found = consistencies(answers)
    assert sum(found) / 3 == pytest.approx(100 - (40 / 3 + 0 + 0 + 40) / 4)


def test_consistency_counts_the_answers_of_a_case_together() -> None:
    # The case means of formality are 50 and 50; the deviations are 10 and 30
    found = consistencies([[(40, 0, 0, 0), (60, 0, 0, 0)], [(20, 0, 0, 0), (80, 0, 0, 0)]])
    assert sum(found) / 2 == pytest.approx(100 - (10 + 30) / 2 / 4)


def test_a_single_case_has_no_consistency() -> None:
    answers = [AnswerFigures(1, variant, traits=(1, 2, 3, 4)) for variant in VariantId]
    found = compare_variants(answers, is_judged=True).of(AbMetric.CONSISTENCY)
    assert (found.A.value, found.comparison) == (None, None)


def test_the_interval_of_consistency_covers_the_true_value() -> None:
    rng = np.random.default_rng(2)

    def draw(count: int) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
        """Return traits of two tones: one answer in five is quite another."""
        tones = np.where(rng.random((count, 4)) < 0.2, 20, 80)
        return np.clip(np.rint(tones + rng.normal(0, 3, (count, 4))), 0, 100).astype(np.int64)

    many = draw(200_000)
    true = 100 - np.abs(many - many.mean(axis=0)).mean()
    covered = 0
    for _ in range(300):
        interval = mean_interval(consistencies([[(*row,)] for row in draw(30).tolist()]))
        covered += interval is not None and interval.low <= true <= interval.high
    assert 0.9 <= covered / 300 <= 0.98


def test_failed_calls_and_answers_without_scores_are_counted() -> None:
    answers = [
        AnswerFigures(1, A, is_failed=True),
        AnswerFigures(2, A, quality=0.5, traits=(1, 2, 3, 4)),
        AnswerFigures(1, B, traits=(1, 2, 3, 4)),
        AnswerFigures(2, B, quality=0.5),
    ]
    found = compare_variants(answers, is_judged=True)
    assert found.A.model_dump() == {
        "answers": 2,
        "failed": 1,
        "not_scored": 0,
        "not_analyzed": 0,
    }
    assert (found.B.failed, found.B.not_scored, found.B.not_analyzed) == (0, 1, 1)


def test_nothing_is_compared_without_answers() -> None:
    found = compare_variants([], is_judged=False)
    assert {each.A.value for each in found.metrics} == {None}
    assert {each.comparison for each in found.metrics} == {None}
