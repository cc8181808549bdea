"""Figures of judges equal published formulas, and are silent where there are too few answers."""

import numpy as np
import pytest

from core.scoring.judge_validation import (
    UNCHECKED,
    Agreement2x2,
    CheckedAnswer,
    JudgeStatus,
    LengthPreference,
    corrected_rate,
    counted,
    kappa,
    length_check,
    rate,
    statement_of,
    status_of,
)

SOME = Agreement2x2(45, 5, 10, 40)


def test_rates_have_wilson_intervals_from_ten_on() -> None:
    nine = rate(9, 10)
    assert nine.value == 0.9
    assert nine.low == pytest.approx(0.595850, abs=1e-6)
    assert nine.high == pytest.approx(0.982124, abs=1e-6)
    eight = rate(8, 9)
    assert (eight.value, eight.low, eight.high, eight.n) == (8 / 9, None, None, 9)
    assert rate(0, 0).value is None


def test_kappa_of_the_textbook_table() -> None:
    # Two readers, 50 grants: both yes 20, both no 15, 5 and 10 apart; observed 0.7, by chance 0.5
    found = kappa(Agreement2x2(20, 5, 10, 15))
    assert found.value == pytest.approx(0.4)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.4 < found.high


def test_the_interval_of_kappa_is_that_of_a_bootstrap() -> None:
    table = Agreement2x2(120, 30, 40, 110)
    draws = np.random.default_rng(1).multinomial(300, np.array([120, 30, 40, 110]) / 300, 20_000)
    values = [kappa(Agreement2x2(*map(int, draw))).value for draw in draws[:4000]]
    low, high = np.percentile(np.array(values, dtype=float), (2.5, 97.5))
    found = kappa(table)
    assert found.low == pytest.approx(low, abs=0.01)
    assert found.high == pytest.approx(high, abs=0.01)


def test_kappa_is_silent_where_only_one_verdict_was_ever_given() -> None:
    assert kappa(Agreement2x2(20, 0, 0, 0)).value is None
    assert kappa(Agreement2x2(0, 0, 0, 0)).value is None
    assert kappa(Agreement2x2(20, 0, 2, 0)).value is None  # the judge passes everything
    assert kappa(Agreement2x2(9, 3, 0, 0)).value is None  # people found nothing bad
    few = kappa(Agreement2x2(4, 0, 1, 4))
    assert few.value is not None
    assert few.low is None


def test_the_rate_is_corrected_by_rogan_and_gladen() -> None:
    # (0.6 + 0.8 - 1) / (0.9 + 0.8 - 1)
    found = corrected_rate(600, 1000, SOME)
    assert found.value == pytest.approx(0.4 / 0.7)
    assert found.low is not None
    assert found.high is not None
    assert 0.4 < found.low < 0.4 / 0.7 < found.high < 0.75


def test_the_corrected_rate_and_its_interval_are_clamped() -> None:
    assert corrected_rate(0, 1000, SOME).value == 0
    assert corrected_rate(0, 1000, SOME).low == 0
    assert corrected_rate(1000, 1000, SOME).value == 1
    assert corrected_rate(1000, 1000, SOME).high == 1


@pytest.mark.parametrize(
    "table",
    [Agreement2x2(9, 0, 0, 40), Agreement2x2(40, 0, 0, 9), Agreement2x2(20, 20, 20, 20)],
)
def test_too_few_answers_or_a_judge_like_chance_correct_nothing(table: Agreement2x2) -> None:
    assert corrected_rate(600, 1000, table).value is None


@pytest.mark.parametrize("bad_passed", [21, 29])
def test_a_judge_barely_better_than_chance_leaves_every_share_possible(bad_passed: int) -> None:
    # Sensitivity and specificity add up to 1, which the correction divides by
    found = corrected_rate(80, 100, Agreement2x2(10, 0, bad_passed, 1))
    assert (found.low, found.high) == (0, 1)


@pytest.mark.parametrize(
    ("table", "status", "words"),
    [
        (Agreement2x2(0, 0, 0, 0), JudgeStatus.UNCHECKED, UNCHECKED),
        (Agreement2x2(7, 0, 0, 12), JudgeStatus.TOO_FEW, "3 more good and 0 more bad"),
        (Agreement2x2(10, 10, 10, 10), JudgeStatus.NO_BETTER_THAN_CHANCE, "chance"),
        (SOME, JudgeStatus.CHECKED, "100 answers"),
    ],
)
def test_words_say_how_far_a_judge_is_checked(
    table: Agreement2x2, status: JudgeStatus, words: str
) -> None:
    assert status_of(table) is status
    assert words in statement_of(table)


def answers(short_passed: int, long_passed: int, *, size: int = 40) -> list[CheckedAnswer]:
    """Return answers of which people find half good, in each half of the lengths."""
    return [
        CheckedAnswer(number % 2 == 0, number < passed, length)
        for passed, length in ((short_passed, 100), (long_passed, 900))
        for number in range(size)
    ]


def test_a_judge_that_passes_long_answers_more_than_people_prefers_them() -> None:
    assert length_check(answers(10, 30)).preference is LengthPreference.LONGER
    assert length_check(answers(30, 10)).preference is LengthPreference.SHORTER
    assert length_check(answers(20, 21)).preference is LengthPreference.NOT_SHOWN
    assert length_check(answers(2, 8, size=9)).preference is LengthPreference.TOO_FEW
    assert counted(answers(20, 20)) == Agreement2x2(20, 20, 20, 20)


@pytest.mark.prove
@pytest.mark.parametrize("truth", [0.1, 0.5, 0.9])
def test_the_corrected_interval_covers_the_truth(truth: float) -> None:
    """Sensitivity 0.85 of 60 answers, specificity 0.8 of 40, 300 scores: 95 % of the intervals."""
    dice = np.random.default_rng(7)
    inside = 0
    for _ in range(4000):
        good, bad = dice.binomial(60, 0.85), dice.binomial(40, 0.8)
        passed = dice.binomial(300, truth * 0.85 + (1 - truth) * 0.2)
        table = Agreement2x2(int(good), int(60 - good), int(40 - bad), int(bad))
        found = corrected_rate(int(passed), 300, table)
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= truth <= found.high
    assert 0.93 <= inside / 4000 <= 0.98
