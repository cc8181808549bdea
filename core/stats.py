"""Statistics that are honest: scipy does the arithmetic. It takes a while to load, and is loaded when somebody asks."""

from collections.abc import Sequence
from importlib import import_module
from math import sqrt

CERTAIN = 0.95


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a rate, as fractions; `whole` is at least 1."""
    return _score(part / whole, whole, _deviations(CERTAIN))


def rate_difference(part: int, whole: int, other_part: int, other_whole: int, *, certain: float = CERTAIN) -> tuple[float, float]:
    """Return Newcombe's interval of one rate less another: each from its own Wilson interval, joined as the squares add up.

    Newcombe 1998, method 10. Both counts are at least 1.
    """
    z = _deviations(certain)
    rate, other = part / whole, other_part / other_whole
    (low, high), (other_low, other_high) = _score(rate, whole, z), _score(other, other_whole, z)
    below = sqrt((rate - low) ** 2 + (other_high - other) ** 2)
    above = sqrt((high - rate) ** 2 + (other - other_low) ** 2)
    return rate - other - below, rate - other + above


def _deviations(certain: float) -> float:
    return float(import_module("scipy.special").ndtri((1 + certain) / 2))


def _score(rate: float, whole: int, z: float) -> tuple[float, float]:
    middle = (rate + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * sqrt(rate * (1 - rate) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return max(0.0, middle - half), min(1.0, middle + half)


def chance_of_so_many(part: int, whole: int, expected: float) -> float:
    """Return how likely so many or more of a whole are, when each is one of them by chance at the expected rate."""
    if part <= 0:
        return 1.0
    return float(import_module("scipy.special").bdtrc(part - 1, whole, expected))


def chance_of_shift(differences: Sequence[float]) -> float:
    """Return how likely a mean so far from zero is by chance: Student's t, two-sided; 1.0 of fewer than two."""
    count = len(differences)
    if count < 2:
        return 1.0
    mean = sum(differences) / count
    variance = sum((each - mean) ** 2 for each in differences) / (count - 1)
    if variance == 0:
        return 0.0 if mean else 1.0
    t = abs(mean) / sqrt(variance / count)
    return 2 * float(import_module("scipy.special").stdtr(count - 1, -t))
