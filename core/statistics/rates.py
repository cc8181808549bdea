"""Intervals of rates, and how likely differences between them are by chance."""

from collections.abc import Sequence
from math import erfc, sqrt
from statistics import NormalDist

from core.statistics.libraries import special
from core.statistics.means import CERTAIN, student

FARTHEST, HALVINGS = 40.0, 60  # deviations: farther off, chance is less than a float can say

Rate = tuple[int, int]  # a part and its whole


def rate(part: int, whole: int) -> float | None:
    """Return a fraction, or None of nothing."""
    return part / whole if whole else None


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a rate, as fractions; `whole` is at least 1."""
    return _score(part / whole, whole, _deviations(CERTAIN))


def wilson_of_rate(rate: float, whole: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a mean of `whole` values from 0 to 1.

    They vary no more than passes and fails with the same mean do: the interval is wide enough.
    """
    return _score(rate, whole, _deviations(CERTAIN))


def rate_difference(
    part: int, whole: int, other_part: int, other_whole: int, *, certain: float = CERTAIN
) -> tuple[float, float]:
    """Return Newcombe's interval of one rate less another: each from its own Wilson interval,
    joined as the squares add up.

    Newcombe 1998, method 10. Both counts are at least 1.
    """
    return _newcombe(part, whole, other_part, other_whole, _deviations(certain))


def chance_of_rates(part: int, whole: int, other_part: int, other_whole: int) -> float:
    """Return how likely rates so far apart are by chance: one less how certain Newcombe's interval
    is when it touches zero.
    """
    low, high = 0.0, FARTHEST
    for _ in range(HALVINGS):
        z = (low + high) / 2
        below, above = _newcombe(part, whole, other_part, other_whole, z)
        low, high = (low, z) if below <= 0 <= above else (z, high)
    return erfc(low / sqrt(2))  # both tails of the normal distribution


def chance_of_pairs(pairs: Sequence[tuple[Rate, Rate]]) -> float:
    """Return how likely rates so far apart are by chance, each pair of parts and wholes being one
    draw: Student's t, two-sided.

    Requests of a day fail together: they are fewer than they look. Cochran 1977, 6.3, the error of
    a ratio of sums.
    """
    (part, whole), (other_part, other_whole) = (
        tuple(sum(pair[side][place] for pair in pairs) for place in (0, 1)) for side in (0, 1)
    )
    rate, other = part / whole, other_part / other_whole
    beside = [
        (one[0] - rate * one[1]) / whole - (two[0] - other * two[1]) / other_whole
        for one, two in pairs
    ]
    count = len(pairs)
    return student(
        rate - other, sqrt(count / (count - 1) * sum(each**2 for each in beside)), count - 1
    )


def chances_of_so_many(found: Sequence[tuple[int, int, float]]) -> list[float]:
    """Return of each part, whole and expected rate how likely so many or more are, each being one
    by chance at that rate.
    """
    if not found:
        return []
    parts, wholes, expected = zip(*found, strict=True)
    chances: list[float] = (
        special().bdtrc([part - 1.0 for part in parts], wholes, expected).tolist()
    )
    return chances


def _newcombe(
    part: int, whole: int, other_part: int, other_whole: int, z: float
) -> tuple[float, float]:
    rate, other = part / whole, other_part / other_whole
    (low, high), (other_low, other_high) = _score(rate, whole, z), _score(other, other_whole, z)
    below = sqrt((rate - low) ** 2 + (other_high - other) ** 2)
    above = sqrt((high - rate) ** 2 + (other - other_low) ** 2)
    return rate - other - below, rate - other + above


def _deviations(certain: float) -> float:
    return NormalDist().inv_cdf((1 + certain) / 2)


def _score(rate: float, whole: int, z: float) -> tuple[float, float]:
    middle = (rate + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * sqrt(rate * (1 - rate) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    # Rounding may put a bound past the rate itself: of none of three, the low one at 6e-17
    return min(rate, max(0.0, middle - half)), max(rate, min(1.0, middle + half))
