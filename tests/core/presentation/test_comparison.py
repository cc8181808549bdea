"""Whether a change is significant: not within noise, and a rise is good or bad depending on the
figure.
"""

import math

import pytest

from core.presentation.comparison import NOT_KNOWN, ChangeVerdict, Meaning, kpi, of_level, of_rate
from core.presentation.formatting import FigureUnit
from core.statistics.means import chance_of_shift
from core.statistics.rates import chance_of_rates, chances_of_so_many, rate_difference

WEEK = [100.0, 104.0, 97.0, 101.0, 99.0, 60.0, 55.0]


def test_the_same_week_twice_is_no_news() -> None:
    assert of_level(WEEK, WEEK, Meaning.BAD).verdict is ChangeVerdict.NOISE


def test_a_rise_of_every_day_is_news_although_weekends_are_quiet() -> None:
    risen = [each * 1.3 for each in WEEK]
    assert of_level(risen, WEEK, Meaning.BAD).verdict is ChangeVerdict.WORSE
    assert of_level(risen, WEEK, Meaning.GOOD).verdict is ChangeVerdict.BETTER
    assert of_level(risen, WEEK, Meaning.NEITHER).verdict is ChangeVerdict.DIFFERENT
    assert of_level(WEEK, risen, Meaning.BAD).verdict is ChangeVerdict.BETTER


def test_one_wild_day_of_seven_is_no_news_of_the_week() -> None:
    assert of_level([*WEEK[:6], WEEK[6] * 5], WEEK, Meaning.BAD).verdict is ChangeVerdict.NOISE


def test_a_change_that_is_certain_but_small_is_no_news() -> None:
    assert (
        of_level([each * 1.03 for each in WEEK], WEEK, Meaning.BAD).verdict is ChangeVerdict.NOISE
    )


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (105, ChangeVerdict.WORSE),
        (104.9, ChangeVerdict.NOISE),
        (95, ChangeVerdict.BETTER),
        (95.1, ChangeVerdict.NOISE),
    ],
)
def test_a_change_of_five_percent_is_enough_either_way(now: float, verdict: ChangeVerdict) -> None:
    assert of_level([now] * 7, [100] * 7, Meaning.BAD).verdict is verdict


@pytest.mark.parametrize("now", [[], [None] * 7, [1.0, 2.0, 3.0], [0.0] * 7])
def test_of_too_little_nothing_is_said(now: list[float | None]) -> None:
    assert of_level(now, WEEK, Meaning.BAD).verdict is ChangeVerdict.UNKNOWN


def test_rates_are_news_when_their_difference_leaves_out_zero() -> None:
    assert of_rate((30, 1000), (10, 1000), Meaning.BAD).verdict is ChangeVerdict.WORSE
    assert of_rate((12, 1000), (10, 1000), Meaning.BAD).verdict is ChangeVerdict.NOISE
    assert of_rate((10, 1000), (30, 1000), Meaning.BAD).verdict is ChangeVerdict.BETTER
    assert of_rate((9, 9), (0, 1000), Meaning.BAD).verdict is ChangeVerdict.UNKNOWN


def test_dead_days_are_not_left_out_as_if_nobody_had_missed_them() -> None:
    assert of_level([*WEEK[:4], 0.0, 0.0, 0.0], WEEK, Meaning.GOOD).verdict is ChangeVerdict.UNKNOWN
    quiet = [*WEEK[:5], 0.0, 0.0]
    assert of_level([each * 2 for each in quiet], quiet, Meaning.BAD).verdict is ChangeVerdict.WORSE


def test_a_rate_that_is_surely_another_but_hardly_is_no_news() -> None:
    assert (
        of_rate((70_900, 7_000_000), (70_000, 7_000_000), Meaning.BAD).verdict
        is ChangeVerdict.NOISE
    )
    assert (
        of_rate((84_000, 7_000_000), (70_000, 7_000_000), Meaning.BAD).verdict
        is ChangeVerdict.WORSE
    )


def test_a_rate_that_differs_from_day_to_day_is_no_news_until_its_days_say_so() -> None:
    before = [(each, 10_000) for each in (100, 40, 160, 90, 250, 60, 100)]
    wild = [(each, 10_000) for each in (60, 200, 90, 300, 40, 180, 100)]
    steady = [(each + 30, 10_000) for each, _ in before]
    for now, verdict in ((wild, ChangeVerdict.NOISE), (steady, ChangeVerdict.WORSE)):
        one, other = ((sum(part for part, _ in days), 70_000) for days in (now, before))
        # As if each request failed by itself
        assert of_rate(one, other, Meaning.BAD).verdict is ChangeVerdict.WORSE
        assert (
            of_rate(one, other, Meaning.BAD, list(zip(now, before, strict=True))).verdict is verdict
        )


@pytest.mark.parametrize("given", [(56, 70, 48, 80), (9, 10, 3, 10), (30, 1000, 10, 1000)])
def test_the_chance_of_two_rates_is_that_of_the_interval_that_touches_zero(
    given: tuple[int, int, int, int],
) -> None:
    chance = chance_of_rates(*given)
    assert 0 < chance < 0.05
    assert rate_difference(*given, certain=1 - chance)[0] == pytest.approx(0, abs=1e-6)
    assert chance_of_rates(50, 100, 50, 100) == pytest.approx(1)


def test_newcombes_interval_is_that_of_his_paper() -> None:
    """Newcombe 1998, table II, method 10: 56/70 less 48/80, and 9/10 less 3/10."""
    assert rate_difference(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert rate_difference(9, 10, 3, 10) == pytest.approx((0.1705, 0.8090), abs=1e-4)


def test_so_many_by_chance_is_the_binomial_tail() -> None:
    expected = sum(math.comb(20, k) * 0.05**k * 0.95 ** (20 - k) for k in range(4, 21))
    found = chances_of_so_many([(4, 20, 0.05), (0, 20, 0.05), (0, 0, 0.05)])
    assert found == [pytest.approx(expected), 1.0, 1.0]


def test_a_shift_that_never_varies_is_certain_and_none_is_none() -> None:
    assert chance_of_shift([0.2, 0.2, 0.2]) == pytest.approx(0, abs=1e-9)
    assert chance_of_shift([0.0, 0.0]) == 1.0
    assert chance_of_shift([0.4]) == 1.0
    assert chance_of_shift([0.1, 0.3]) == pytest.approx(0.2952, abs=1e-4)


def test_parts_below_zero_on_one_side_have_no_verdict() -> None:
    # Their ratio has no logarithm
    assert of_level([-5, 50, 50, 50, 50], [50, 50, 50, 50, 50], Meaning.BAD) == NOT_KNOWN


@pytest.mark.parametrize(
    ("value", "compared", "verdict"),
    [
        (972, None, ChangeVerdict.NOISE),
        (1060, None, ChangeVerdict.NOISE),
        (1172, None, ChangeVerdict.WORSE),
        (1172, 972, ChangeVerdict.NOISE),
    ],
)
def test_a_total_that_falls_while_most_days_rise_is_not_worse(
    value: float, compared: float | None, verdict: ChangeVerdict
) -> None:
    # The verdict is on days, of which six of seven rose, and the figure shown is the total
    change = of_level([12.0] * 6 + [900.0], [10.0] * 6 + [1000.0], Meaning.BAD)
    assert change.verdict is ChangeVerdict.WORSE
    cost = kpi("cost", "Cost", FigureUnit.MONEY, (value, 1060), change, [], compared=compared)
    assert (cost.verdict, cost.compared) == (verdict, compared)
