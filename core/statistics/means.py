"""Student's intervals of means, and ranks around a quantile."""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import NamedTuple

from core.statistics.libraries import special

CERTAIN = 0.95
ROUNDING = 1e-13  # of sums of equal values


class GroupedSample(NamedTuple):
    """Values that were drawn in groups, such as the scores of a conversation: how many groups, and
    sums over the groups of the total squared, the total times the size, and the size squared.
    """

    groups: float
    squares: float
    products: float
    sizes: float


def interval_of_grouped_mean(
    mean: float, size: int, draws: GroupedSample
) -> tuple[float, float] | tuple[None, None]:
    """Return the 95 % interval of a mean of `size` values drawn in at least two groups: Student's
    t, the error of a ratio of sums, as in `chance_of_pairs`.

    No bounds where the means of all groups are equal: they do not show how far others may be.
    """
    beside = draws.squares - 2 * mean * draws.products + mean * mean * draws.sizes
    if beside <= ROUNDING * draws.squares:
        return None, None
    error = sqrt(beside * draws.groups / (draws.groups - 1)) / size
    half = float(special().stdtrit(draws.groups - 1, (1 + CERTAIN) / 2)) * error
    return mean - half, mean + half


def half_width_of_mean(deviation: float, count: int) -> float:
    """Return half of Student's 95 % interval of a mean of at least two values."""
    return float(special().stdtrit(count - 1, (1 + CERTAIN) / 2)) * deviation / sqrt(count)


def ranks_around(quantile: float, count: int) -> tuple[int | None, int | None]:
    """Return the ranks, from 1, of the two values between which a quantile lies with 95 %.

    Each is one of the values in order, whatever their distribution (Conover 1999, 3.2); None where
    there are too few of them on that side.
    """
    low, high = (
        ceil(special().bdtrik(chance, count, quantile))
        for chance in ((1 - CERTAIN) / 2, (1 + CERTAIN) / 2)
    )
    return low or None, high + 1 if high < count else None


def chance_of_shift(differences: Sequence[float]) -> float:
    """Return how likely a mean so far from zero is by chance: Student's t, two-sided; 1.0 of fewer
    than two.
    """
    count = len(differences)
    if count < 2:
        return 1.0
    mean = sum(differences) / count
    variance = sum((each - mean) ** 2 for each in differences) / (count - 1)
    return student(mean, sqrt(variance / count), count - 1)


def student(found: float, error: float, freedom: int) -> float:
    """Return how likely a value so far from zero is by chance: Student's t, two-sided."""
    if error == 0:
        return 0.0 if found else 1.0
    return 2 * float(special().stdtr(freedom, -abs(found) / error))
