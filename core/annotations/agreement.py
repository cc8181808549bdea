"""Reviewer agreement: Krippendorff's alpha with a bootstrap interval, and raw agreement with Wilson's.

Krippendorff, K. (2011). Computing Krippendorff's Alpha-Reliability. University of Pennsylvania, ScholarlyCommons.
The one library that computes it is under the GPL, which we cannot ship; tests hold these figures against it.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core import stats
from core.identity.schemas import View

RESAMPLES = 2000
SEED = 2011  # the same reviews have the same interval each time that somebody looks
FEWEST = 10  # units, below which no interval is honest
EDGES = (2.5, 97.5)

Floats = NDArray[np.float64]
Pattern = tuple[int, ...]  # how many said each of the values, of one unit
Unit = TypeVar("Unit", bound=Hashable)


class Agreement(View):
    """How far those agree who have judged the same; `units` are what two or more of them have judged.

    `alpha` is 1 when all agree and 0 when they might as well have guessed; None where there is nothing to tell by: no such
    unit, or nobody has ever said anything else. `unanimous` is the share of units of which all said the same. Under 10 units,
    there are no bounds.
    """

    units: int
    judgements: int
    alpha: float | None
    alpha_low: float | None
    alpha_high: float | None
    unanimous: float | None
    unanimous_low: float | None
    unanimous_high: float | None


class Mistaken(View):
    """Two values that are said of the same unit: by how many pairs of reviewers, as a share of all that disagree."""

    one: str
    other: str
    pairs: int
    share: float


def patterns_of(said: Iterable[tuple[Unit, str]], values: Sequence[str]) -> Counter[Pattern]:
    """Count units by how many judgements they have of each value, in the order of `values`."""
    counts: dict[Unit, list[int]] = defaultdict(lambda: [0] * len(values))
    places = {value: place for place, value in enumerate(values)}
    for unit, value in said:
        counts[unit][places[value]] += 1
    return Counter(tuple(each) for each in counts.values())


def agreement(patterns: Mapping[Pattern, int], *, is_ordered: bool = False) -> Agreement:
    """Return how far reviewers agree, of any number of them and with gaps: what one alone has judged does not count.

    With `is_ordered`, values stand in their order, and neighbours disagree less than those far apart.
    """
    shared = {pattern: units for pattern, units in patterns.items() if sum(pattern) >= 2 and units > 0}
    units = sum(shared.values())
    if not units:
        return _nothing()
    counts, times = np.array(list(shared), dtype=np.float64), np.array(list(shared.values()))
    coincidences = _coincidences(counts)
    alpha = float(_alphas(coincidences, times[np.newaxis, :].astype(np.float64), is_ordered=is_ordered)[0])
    low, high = _interval(coincidences, times, is_ordered=is_ordered) if units >= FEWEST else (None, None)
    same = int(times[(counts > 0).sum(axis=1) == 1].sum())
    same_low, same_high = stats.wilson(same, units) if units >= FEWEST else (None, None)
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


def mistaken(patterns: Mapping[Pattern, int], values: Sequence[str]) -> list[Mistaken]:
    """Return which two values are said of the same units, the most frequent first."""
    pairs: Counter[tuple[str, str]] = Counter()
    for pattern, units in patterns.items():
        for one, other in combinations(range(len(values)), 2):
            pairs[values[one], values[other]] += pattern[one] * pattern[other] * units
    all_of_them = pairs.total()
    return [
        Mistaken(one=one, other=other, pairs=count, share=count / all_of_them)
        for (one, other), count in pairs.most_common()
        if count
    ]


def _nothing() -> Agreement:
    bounds = dict.fromkeys(("alpha", "alpha_low", "alpha_high", "unanimous", "unanimous_low", "unanimous_high"))
    return Agreement.model_validate({"units": 0, "judgements": 0, **bounds})


def _coincidences(counts: Floats) -> Floats:
    """Return for each pattern how often each value meets each other in one unit, every judgement counted once."""
    pairs = counts[:, :, np.newaxis] * counts[:, np.newaxis, :]
    diagonal = np.arange(counts.shape[1])
    pairs[:, diagonal, diagonal] -= counts
    fit: Floats = pairs / (counts.sum(axis=1) - 1)[:, np.newaxis, np.newaxis]
    return fit


def _alphas(coincidences: Floats, weights: Floats, *, is_ordered: bool) -> Floats:
    """Return alpha for each row of weights, which says how many units have each pattern; NaN where all say the same."""
    observed = np.tensordot(weights, coincidences, axes=1)
    totals = observed.sum(axis=2)
    all_of_them = totals.sum(axis=1)
    distances = _distances(totals, is_ordered=is_ordered)
    found = (observed * distances).sum(axis=(1, 2))
    by_chance = (totals[:, :, np.newaxis] * totals[:, np.newaxis, :] * distances).sum(axis=(1, 2)) / (all_of_them - 1)
    alphas: Floats = 1 - np.divide(found, by_chance, out=np.full_like(found, np.nan), where=by_chance > 0)
    return alphas


def _distances(totals: Floats, *, is_ordered: bool) -> Floats:
    """Return how far apart two values are: 1 or 0, or by how many judgements lie between them."""
    if not is_ordered:
        return np.broadcast_to(1.0 - np.eye(totals.shape[1]), (*totals.shape, totals.shape[1]))
    places = totals.cumsum(axis=1) - totals / 2
    between: Floats = (places[:, :, np.newaxis] - places[:, np.newaxis, :]) ** 2
    return between


def _interval(coincidences: Floats, times: NDArray[Any], *, is_ordered: bool) -> tuple[float | None, float | None]:
    """Return what alpha lies between in 95 % of the samples that units like these could have made as well.

    Units are drawn, not single judgements: those of one unit belong together. Samples in which all say the same say nothing.
    """
    draws = np.random.default_rng(SEED).multinomial(times.sum(), times / times.sum(), size=RESAMPLES).astype(np.float64)
    alphas = _alphas(coincidences, draws, is_ordered=is_ordered)
    known = alphas[~np.isnan(alphas)]
    if not len(known):
        return None, None
    low, high = np.percentile(known, EDGES)
    return float(low), float(high)
