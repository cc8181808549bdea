"""Bootstrap intervals of means: BCa (Efron 1987), as in `scipy.stats.bootstrap`."""

from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from core.statistics.libraries import numpy
from core.statistics.means import CERTAIN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 2000
SEED = 20  # the same values have the same interval, in every report
FEWEST = 10  # cases; below, words only
ROUNDING = 1e-13  # of equal means, whose values were added in another order
# Above, equal values are drawn together, and where more than 200 differ, those within a 20th of the
# standard deviation: that changes the variance by 1 in 5,000, and takes a thousandth of the time.
MOST_SINGLY = 1000
MOST_DISTINCT = 200
STEPS_PER_DEVIATION = 20

Floats: TypeAlias = "NDArray[np.float64]"


class MeanInterval(NamedTuple):
    low: float
    high: float


def mean_interval(values: "Sequence[float] | Floats") -> MeanInterval | None:
    """Return the 95 % BCa interval of a mean.

    None for fewer than 10 values, or when all are equal: a resample then says nothing.
    """
    np = numpy()
    found = np.asarray(values, dtype=np.float64)
    if len(found) < FEWEST or np.ptp(found) <= ROUNDING * np.abs(found).max():
        return None
    return _bca(found, resampled_means(found))


def resampled_means(values: Floats) -> Floats:
    """Return the means of 2,000 resamples."""
    np = numpy()
    rng, count = np.random.default_rng(SEED), len(values)
    if count <= MOST_SINGLY:
        drawn: Any = rng.integers(0, count, (RESAMPLES, count))
        means: Floats = values[drawn].mean(axis=-1)
        return means
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) > MOST_DISTINCT:
        step = values.std() / STEPS_PER_DEVIATION
        distinct, counts = np.unique(np.round(values / step) * step, return_counts=True)
    shift = values.mean() - distinct @ counts / count  # which rounding has cost the mean
    together: Floats = rng.multinomial(count, counts / count, RESAMPLES) @ distinct / count + shift
    return together


def _bca(values: Floats, means: Floats) -> MeanInterval | None:
    np, normal, mean = numpy(), NormalDist(), values.mean()
    below = (np.sum(means < mean) + np.sum(means <= mean)) / (2 * len(means))
    if not 0 < below < 1:  # no resampled mean lies on the other side: the bias has no bound
        return None
    # Leaving one value out of a mean moves it by the value's distance from it, in closed form
    left_out = values - mean
    acceleration = np.sum(left_out**3) / (6 * np.sum(left_out**2) ** 1.5)
    bias, deviation = normal.inv_cdf(below), normal.inv_cdf((1 + CERTAIN) / 2)
    shares = [
        normal.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
        for z in (-deviation, deviation)
    ]
    low, high = np.percentile(means, [100 * share for share in shares])
    return MeanInterval(float(low), float(high))
