"""Reviewer agreement: Krippendorff's alpha with a bootstrap interval, and raw agreement with
Wilson's.

Krippendorff, K. (2011). Computing Krippendorff's Alpha-Reliability. University of Pennsylvania,
ScholarlyCommons. The only library that computes it is under the GPL, which cannot be shipped; tests
compare these figures with it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.identity.schemas import View
from core.statistics.rates import wilson

RESAMPLES = 2000
SEED = 2011  # fixed, so that the same reviews always have the same interval
FEWEST = 10  # units: with fewer, an interval would be misleading
EDGES = (2.5, 97.5)

Floats = NDArray[np.float64]
Pattern = tuple[int, ...]  # how many reviewers chose each value for one unit


class Agreement(View):
    """Agreement of reviewers on `units` that two or more of them judged.

    `alpha` is 1 for complete agreement and 0 for agreement by chance; None without such units, or
    when only one value was ever chosen. `unanimous` is the share of units with equal values. No
    bounds below 10 units.
    """

    units: int
    judgements: int
    alpha: float | None
    alpha_low: float | None
    alpha_high: float | None
    unanimous: float | None
    unanimous_low: float | None
    unanimous_high: float | None


class Disagreement(View):
    """Two values chosen for the same unit, as a share of all disagreeing pairs of reviewers."""

    one: str
    other: str
    pairs: int
    share: float


def agreement(patterns: Mapping[Pattern, int], *, is_ordered: bool = False) -> Agreement:
    """Return the agreement of any number of reviewers, with gaps; units with one judgement don't
    count.

    With `is_ordered`, values are ordinal: neighbours disagree less than distant ones.
    """
    shared = {
        pattern: units for pattern, units in patterns.items() if sum(pattern) >= 2 and units > 0
    }
    units = sum(shared.values())
    if not units:
        return _nothing()
    counts, times = np.array(list(shared), dtype=np.float64), np.array(list(shared.values()))
    coincidences = _coincidences(counts)
    alpha = float(
        _alphas(coincidences, times[np.newaxis, :].astype(np.float64), is_ordered=is_ordered)[0]
    )
    low, high = (
        _interval(coincidences, times, is_ordered=is_ordered) if units >= FEWEST else (None, None)
    )
    same = int(times[(counts > 0).sum(axis=1) == 1].sum())
    same_low, same_high = wilson(same, units) if units >= FEWEST else (None, None)
    return Agreement(
        units=units,
        judgements=int(counts.sum(axis=1) @ times),
        alpha=None if np.isnan(alpha) else alpha,
        alpha_low=low,
        alpha_high=high,
        unanimous=same / units,
        unanimous_low=same_low,
        unanimous_high=same_high,
    )


def disagreements(patterns: Mapping[Pattern, int], values: Sequence[str]) -> list[Disagreement]:
    """Return the pairs of values that disagreeing reviewers chose, most frequent first."""
    pairs: Counter[tuple[str, str]] = Counter()
    for pattern, units in patterns.items():
        for one, other in combinations(range(len(values)), 2):
            pairs[values[one], values[other]] += pattern[one] * pattern[other] * units
    all_of_them = pairs.total()
    return [
        Disagreement(one=one, other=other, pairs=count, share=count / all_of_them)
        for (one, other), count in pairs.most_common()
        if count
    ]


def _nothing() -> Agreement:
    bounds = dict.fromkeys(
        ("alpha", "alpha_low", "alpha_high", "unanimous", "unanimous_low", "unanimous_high")
    )
    return Agreement.model_validate({"units": 0, "judgements": 0, **bounds})


def _coincidences(counts: Floats) -> Floats:
    """Return how often each pair of values occurs in a unit, by pattern; judgements count once."""
    pairs = counts[:, :, np.newaxis] * counts[:, np.newaxis, :]
    diagonal = np.arange(counts.shape[1])
    # No judgement is paired with itself
    pairs[:, diagonal, diagonal] -= counts
    fit: Floats = pairs / (counts.sum(axis=1) - 1)[:, np.newaxis, np.newaxis]
    return fit


def _alphas(coincidences: Floats, weights: Floats, *, is_ordered: bool) -> Floats:
    """Return alpha for each row of weights (units per pattern); NaN without any variation."""
    observed = np.tensordot(weights, coincidences, axes=1)
    totals = observed.sum(axis=2)
    all_of_them = totals.sum(axis=1)
    distances = _distances(totals, is_ordered=is_ordered)
    found = (observed * distances).sum(axis=(1, 2))
    by_chance = (totals[:, :, np.newaxis] * totals[:, np.newaxis, :] * distances).sum(
        axis=(1, 2)
    ) / (all_of_them - 1)
    alphas: Floats = 1 - np.divide(
        found, by_chance, out=np.full_like(found, np.nan), where=by_chance > 0
    )
    return alphas


def _distances(totals: Floats, *, is_ordered: bool) -> Floats:
    """Return the distance of two values: 0 or 1, or for ordinal ones by judgements between."""
    if not is_ordered:
        return np.broadcast_to(1.0 - np.eye(totals.shape[1]), (*totals.shape, totals.shape[1]))
    # The ordinal distance counts the judgements between two values, and half of those on each end
    places = totals.cumsum(axis=1) - totals / 2
    between: Floats = (places[:, :, np.newaxis] - places[:, np.newaxis, :]) ** 2
    return between


def _interval(
    coincidences: Floats, times: NDArray[Any], *, is_ordered: bool
) -> tuple[float | None, float | None]:
    """Return the 95% bootstrap interval of alpha.

    Units are resampled, not single judgements, because those of one unit are correlated. Samples
    with a single value are ignored.
    """
    draws = (
        # Units with the same pattern are interchangeable, so drawing a number per pattern equals
        # drawing units one by one, without an array of all of them
        np.random.default_rng(SEED)
        .multinomial(times.sum(), times / times.sum(), size=RESAMPLES)
        .astype(np.float64)
    )
    alphas = _alphas(coincidences, draws, is_ordered=is_ordered)
    known = alphas[~np.isnan(alphas)]
    if not len(known):
        return None, None
    low, high = np.percentile(known, EDGES)
    return float(low), float(high)
