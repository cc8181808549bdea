"""Comparisons of two targets over the same cases, with a verdict in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, sqrt
from statistics import NormalDist
from typing import NamedTuple

from core.statistics.bootstrap import FEWEST, Floats, MeanInterval, mean_interval
from core.statistics.libraries import numpy, special

SIGNIFICANT = 0.05
POWER = 0.8
# The difference, of a rate or score from 0 to 1, that a comparison should be able to show: when it
# can, and shows none, more cases are not asked for.
RELEVANT = 0.05
MOST_FLIPPED = 20  # differences of which every choice of signs is counted: a million
MOST_SUMS = 2**16  # of the largest differences, where there are more
EQUAL_DECIMALS = 12  # means of the same scores, added in another order, differ after these


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no_difference_shown"
    TOO_FEW = "too_few_cases"


class ComparisonMethod(StrEnum):
    """The test behind a verdict."""

    MCNEMAR = "mcnemar_exact"
    BOOTSTRAP = "paired_bootstrap"


@dataclass(frozen=True)
class PairedResult:
    """A comparison with a baseline: the mean difference over the cases, its 95 % interval (of
    scores), the p-value (of pass or fail), and about how many more cases could show a difference.
    """

    verdict: Verdict
    method: ComparisonMethod
    cases: int
    difference: float
    interval: MeanInterval | None = None
    p_value: float | None = None
    only_this: int | None = None  # cases that pass here, and not in the baseline
    only_baseline: int | None = None
    more_cases: int | None = None


class FlippedSums(NamedTuple):
    """Sums of differences with either sign, and how likely each one is."""

    values: "Floats"
    chances: "Floats"


def mcnemar(only_this: int, only_baseline: int) -> float:
    """Return the p-value of McNemar's exact test: two-sided binomial on the discordant pairs."""
    discordant = only_this + only_baseline
    if discordant == 0:
        return 1.0
    fewer = min(only_this, only_baseline)
    return min(1.0, 2 * float(special().bdtr(fewer, discordant, 0.5)))


def compare_passes(pairs: Sequence[tuple[bool, bool]]) -> PairedResult:
    """Compare pass or fail of the same cases; each pair is this target's and the baseline's."""
    only_this = sum(this and not other for this, other in pairs)
    only_baseline = sum(other and not this for this, other in pairs)
    return compare_discordant(only_this=only_this, only_baseline=only_baseline, cases=len(pairs))


def compare_discordant(*, only_this: int, only_baseline: int, cases: int) -> PairedResult:
    """Compare pass or fail of the same cases, by how many passed here or in the baseline only."""
    chance = mcnemar(only_this, only_baseline)
    difference = (only_this - only_baseline) / cases if cases else 0.0
    needed = cases_to_show_rates(difference, (only_this + only_baseline) / cases if cases else 0.0)
    verdict = _verdict(difference, chance < SIGNIFICANT and cases >= FEWEST, cases, needed)
    return PairedResult(
        verdict,
        ComparisonMethod.MCNEMAR,
        cases,
        difference,
        p_value=chance,
        only_this=only_this,
        only_baseline=only_baseline,
        more_cases=needed - cases if verdict is Verdict.TOO_FEW else None,
    )


def compare_scores(differences: "Sequence[float] | Floats") -> PairedResult:
    """Compare scores of the same cases by the differences of their means over the runs: cases are
    resampled, not runs.

    A verdict needs both the interval and a test of the cases that differ: of three that all rise, a
    resample almost always has one, so that their interval leaves out 0 among any number of equal
    ones.
    """
    found = numpy().round(numpy().asarray(differences, dtype=float), EQUAL_DECIMALS)
    count = len(found)
    difference = float(found.mean()) if count else 0.0
    interval = mean_interval(found)
    # Equal differences have no interval, and do not vary
    leaves_zero = interval is None or not interval.low <= 0 <= interval.high
    is_shown = count >= FEWEST and leaves_zero and sign_flips(found) < SIGNIFICANT
    needed = cases_to_show_scores(difference, float(found.std(ddof=1)) if count > 1 else 1.0)
    verdict = _verdict(difference, is_shown, count, needed)
    more_cases = needed - count if verdict is Verdict.TOO_FEW else None
    return PairedResult(
        verdict, ComparisonMethod.BOOTSTRAP, count, difference, interval, more_cases=more_cases
    )


def sign_flips(differences: "Floats") -> float:
    """Return the p-value of Fisher's sign-flip test: how often the sum would be as far from 0 if
    each difference could as well have had the other sign.

    It is exact up to 20 differences that are not 0, and of any number of a few sizes. Of more, the
    largest ones are flipped, as they decide, and the sum of the others is nearly normal.
    """
    np = numpy()
    sizes = np.abs(differences[differences != 0])
    if not len(sizes):
        return 1.0
    distance = abs(float(differences.sum()))
    flipped, rest = _flipped_sums(sizes)
    if not len(rest):
        rounding = 1e-12 * float(sizes.sum())
        far = np.abs(flipped.values) >= distance - rounding
        return float(flipped.chances[far].sum())
    # Half a step of the rest's sum, as it moves by twice the smallest size at least
    beyond = distance - float(rest.min()) - flipped.values
    chances = special().ndtr(-beyond / float(np.sqrt(rest @ rest)))
    return min(1.0, 2 * float(flipped.chances @ chances))


def _flipped_sums(sizes: "Floats") -> tuple[FlippedSums, "Floats"]:
    """Return the sums of the largest sizes with either sign, and the sizes left over, largest
    first. Equal sizes are flipped together: how many of them are positive is binomial.
    """
    np, scipy = numpy(), special()
    values, chances, rest = np.zeros(1), np.ones(1), np.sort(sizes)[::-1]
    most = 2**MOST_FLIPPED if len(sizes) <= MOST_FLIPPED else MOST_SUMS
    while len(rest) and len(values) <= most // 2:
        equal = int(np.searchsorted(-rest, -rest[0], side="right"))
        count = min(equal, most // len(values) - 1)
        positive = np.arange(count + 1)
        share = np.diff(scipy.bdtr(positive, count, 0.5), prepend=0.0)
        values = np.add.outer(values, rest[0] * (2 * positive - count)).ravel()
        chances = np.multiply.outer(chances, share).ravel()
        rest = rest[count:]
    return FlippedSums(values, chances), rest


def _verdict(difference: float, is_shown: bool, count: int, needed: int) -> Verdict:
    if is_shown:
        return Verdict.BETTER if difference > 0 else Verdict.WORSE
    return Verdict.TOO_FEW if count < needed else Verdict.NO_DIFFERENCE


def cases_to_show_rates(difference: float, discordant: float) -> int:
    """Return about how many cases show a difference of rates with 80 % power.

    Connor 1987, for McNemar's test; `discordant` is the share of cases whose outcomes differ.
    Differences below 0.05 are planned for as 0.05.
    """
    delta = max(abs(difference), RELEVANT)
    share = max(discordant, delta)
    certain, powerful = _deviations()
    root = certain * sqrt(share) + powerful * sqrt(share - delta**2)
    return max(FEWEST, ceil((root / delta) ** 2))


def cases_to_show_scores(difference: float, deviation: float) -> int:
    """Return about how many cases show a mean difference with 80 % power, by its standard
    deviation; differences below 0.05 are planned for as 0.05.
    """
    delta = max(abs(difference), RELEVANT)
    return max(FEWEST, ceil((sum(_deviations()) * deviation / delta) ** 2))


def _deviations() -> tuple[float, float]:
    # scipy.special would take the worker 20 MB for this constant
    quantile = NormalDist().inv_cdf
    return quantile(1 - SIGNIFICANT / 2), quantile(POWER)
