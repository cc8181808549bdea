"""How far a judge can be trusted: its verdicts beside those of people on the same messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from core.identity.schemas import View
from core.statistics.rates import wilson

FEWEST = 10  # messages: with fewer, an interval would be misleading
Z = 1.959963984540054  # deviations of 95 %
UNCHECKED = "not yet checked against people"


class JudgeStatus(StrEnum):
    """Whether people have judged the same messages, and enough of them, good and bad."""

    UNCHECKED = "unchecked"
    TOO_FEW = "too_few"
    NO_BETTER_THAN_CHANCE = "no_better_than_chance"
    CHECKED = "checked"


class LengthPreference(StrEnum):
    """Which answers a judge rates too high, compared with people."""

    LONGER = "longer"
    SHORTER = "shorter"
    NOT_SHOWN = "not_shown"
    TOO_FEW = "too_few"


class EstimatedRate(View):
    """A rate from 0 to 1 of `n`, with its 95 % interval; no bounds under 10, no value of none."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class LengthCheck(View):
    """How much higher than people a judge rates the longer half of answers than the shorter one.

    `difference` is of shares of answers, from −2 to 2, with its 95 % interval.
    """

    preference: LengthPreference
    difference: float | None
    low: float | None
    high: float | None


class JudgeValidation(View):
    """A judge under one name of scores.

    `sensitivity` is the share of people's good answers that it passes, `specificity` that of bad
    ones that it fails. `pass_rate` is its own over all messages, and `corrected_rate` the share of
    good answers after sensitivity and specificity. `contradictory` messages, on which people
    disagree, stay out. `position` is the share of its comparisons with the same verdict in both
    orders.
    """

    name: str
    evaluator: str
    evaluator_version: str
    status: JudgeStatus
    statement: str
    checked: int
    contradictory: int
    sensitivity: EstimatedRate
    specificity: EstimatedRate
    kappa: EstimatedRate
    pass_rate: EstimatedRate
    corrected_rate: EstimatedRate
    length: LengthCheck
    position: EstimatedRate
    unfit: str | None


@dataclass(frozen=True)
class Agreement2x2:
    """Messages by the verdicts of people (good, bad) and of a judge (passed, failed)."""

    good_passed: int
    good_failed: int
    bad_passed: int
    bad_failed: int

    @property
    def good(self) -> int:
        return self.good_passed + self.good_failed

    @property
    def bad(self) -> int:
        return self.bad_passed + self.bad_failed

    @property
    def total(self) -> int:
        return self.good + self.bad


@dataclass(frozen=True)
class CheckedAnswer:
    """An answer that a person and a judge have judged; its length in characters."""

    is_good: bool
    is_passed: bool
    length: int


def rate(part: int, whole: int) -> EstimatedRate:
    """Return a rate with Wilson's interval."""
    if not whole:
        return EstimatedRate(value=None, low=None, high=None, n=0)
    low, high = wilson(part, whole) if whole >= FEWEST else (None, None)
    return EstimatedRate(value=part / whole, low=low, high=high, n=whole)


def counted(answers: Sequence[CheckedAnswer]) -> Agreement2x2:
    """Return the counts of verdicts."""
    pairs = [(each.is_good, each.is_passed) for each in answers]
    return Agreement2x2(
        pairs.count((True, True)),
        pairs.count((True, False)),
        pairs.count((False, True)),
        pairs.count((False, False)),
    )


def kappa(table: Agreement2x2) -> EstimatedRate:
    """Return Cohen's kappa with its asymptotic interval (Fleiss, Cohen and Everitt 1969).

    None when one of both has only one verdict: agreement by chance is then all there is.
    """
    total = table.total
    if not total:
        return EstimatedRate(value=None, low=None, high=None, n=0)
    cells = [
        [table.good_passed / total, table.good_failed / total],
        [table.bad_passed / total, table.bad_failed / total],
    ]
    rows = [sum(row) for row in cells]
    columns = [cells[0][each] + cells[1][each] for each in (0, 1)]
    observed, expected = cells[0][0] + cells[1][1], rows[0] * columns[0] + rows[1] * columns[1]
    # With one verdict only, kappa is 0 with an interval of no width, as if it were certain
    if 0 in rows or 0 in columns:
        return EstimatedRate(value=None, low=None, high=None, n=total)
    value = (observed - expected) / (1 - expected)
    if total < FEWEST:
        return EstimatedRate(value=value, low=None, high=None, n=total)
    same = sum(
        cells[each][each] * (1 - (rows[each] + columns[each]) * (1 - value)) ** 2 for each in (0, 1)
    )
    other = (1 - value) ** 2 * sum(
        cells[one][two] * (columns[one] + rows[two]) ** 2 for one, two in ((0, 1), (1, 0))
    )
    variance = same + other - (value - expected * (1 - value)) ** 2
    # Rounding can take the variance of a perfect agreement below 0
    half = Z * sqrt(max(0.0, variance) / total) / (1 - expected)
    return EstimatedRate(
        value=value, low=max(-1.0, value - half), high=min(1.0, value + half), n=total
    )


def corrected_rate(passed: int, scored: int, table: Agreement2x2) -> EstimatedRate:
    """Return the share of good answers: Rogan and Gladen 1978, with the interval of Lang and
    Reiczigel 2014, which counts the error of sensitivity and specificity; both clamped to 0 and 1.

    None under 10 good and 10 bad answers, or for a judge that is no better than chance.
    """
    nothing = EstimatedRate(value=None, low=None, high=None, n=scored)
    if not scored or table.good < FEWEST or table.bad < FEWEST:
        return nothing
    sensitivity, specificity = table.good_passed / table.good, table.bad_failed / table.bad
    if sensitivity + specificity <= 1:
        return nothing
    value = (passed / scored + specificity - 1) / (sensitivity + specificity - 1)
    # Two answers more in each sample, as Agresti and Coull add them
    size, good, bad = scored + Z * Z, table.good + 2, table.bad + 2
    rate_ = (passed + Z * Z / 2) / size
    sens, spec = (table.good_passed + 1) / good, (table.bad_failed + 1) / bad
    youden = sens + spec - 1
    # The added answers take a judge that is barely better than chance below it, where the interval
    # has no end: any share could be the true one
    if youden <= 0:
        return EstimatedRate(value=_clamped(value), low=0.0, high=1.0, n=scored)
    middle = (rate_ + spec - 1) / youden
    of_sens, of_spec = sens * (1 - sens) / good, spec * (1 - spec) / bad
    variance = rate_ * (1 - rate_) / size + of_sens * middle**2 + of_spec * (1 - middle) ** 2
    error = sqrt(variance) / youden
    middle += 2 * Z * Z * (middle * of_sens - (1 - middle) * of_spec)
    low, high = (_clamped(middle + side * Z * error) for side in (-1, 1))
    return EstimatedRate(value=_clamped(value), low=low, high=high, n=scored)


def length_check(answers: Sequence[CheckedAnswer]) -> LengthCheck:
    """Return whether the judge's excess over people's verdicts depends on the length of answers.

    The longer half is compared with the shorter one: the difference of means of (passed − good),
    each half having its own variance.
    """
    ordered = sorted(answers, key=lambda each: each.length)
    half = len(ordered) // 2
    if half < FEWEST:
        return LengthCheck(
            preference=LengthPreference.TOO_FEW, difference=None, low=None, high=None
        )
    (short, short_error), (long, long_error) = (
        _mean([each.is_passed - each.is_good for each in part])
        for part in (ordered[:half], ordered[-half:])
    )
    difference, error = long - short, sqrt(short_error + long_error)
    low, high = difference - Z * error, difference + Z * error
    preference = LengthPreference.NOT_SHOWN
    if low > 0:
        preference = LengthPreference.LONGER
    elif high < 0:
        preference = LengthPreference.SHORTER
    return LengthCheck(preference=preference, difference=difference, low=low, high=high)


def status_of(table: Agreement2x2) -> JudgeStatus:
    """Return how far a judge is checked."""
    if not table.total:
        return JudgeStatus.UNCHECKED
    if table.good < FEWEST or table.bad < FEWEST:
        return JudgeStatus.TOO_FEW
    if table.good_passed / table.good + table.bad_failed / table.bad <= 1:
        return JudgeStatus.NO_BETTER_THAN_CHANCE
    return JudgeStatus.CHECKED


def statement_of(table: Agreement2x2) -> str:
    """Return in words how far a judge is checked, and how many answers are missing."""
    match status_of(table):
        case JudgeStatus.UNCHECKED:
            return UNCHECKED
        case JudgeStatus.TOO_FEW:
            good, bad = max(0, FEWEST - table.good), max(0, FEWEST - table.bad)
            return f"too few annotations: {good} more good and {bad} more bad answers needed"
        case JudgeStatus.NO_BETTER_THAN_CHANCE:
            return "no better than chance: its verdicts do not follow those of people"
        case JudgeStatus.CHECKED:
            return f"checked against people on {table.total:,} answers"


def _mean(values: Sequence[int]) -> tuple[float, float]:
    """Return the mean and its squared standard error."""
    count = len(values)
    mean = sum(values) / count
    return mean, sum((each - mean) ** 2 for each in values) / (count - 1) / count


def _clamped(share: float) -> float:
    return min(1.0, max(0.0, share))
