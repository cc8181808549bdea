"""Bradley and Terry's strengths from wins in pairs, with intervals.

numpy takes a while to load, and is loaded with the first use.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

DEVIATIONS = 1.96  # of a 95 % interval
# A normal prior of the strengths, as 1/variance: one that has always won is not infinitely good
PRIOR = 0.1
ROUNDS, ENOUGH = 100, 1e-10

Wins = Mapping[tuple[str, str], float]  # (better, worse): how often


class Strength(NamedTuple):
    """The logarithm of a strength, the mean of all being 0, and its 95 % interval."""

    value: float
    low: float
    high: float


class Fit(NamedTuple):
    """Names in order, the logarithms of their strengths, and the covariances of these."""

    names: list[str]
    values: Any
    covariances: Any

    def strengths(self) -> dict[str, Strength]:
        """Return each name's strength."""
        errors = DEVIATIONS * self.covariances.diagonal().clip(0) ** 0.5
        return {
            name: Strength(float(value), float(value - error), float(value + error))
            for name, value, error in zip(self.names, self.values, errors, strict=True)
        }


def fit(wins: Wins, *, prior: float = PRIOR) -> Fit:
    """Return the most likely strengths, by Newton's method; without a prior, each must have
    won and lost.
    """
    np = import_module("numpy")
    names = sorted({name for pair in wins for name in pair})
    table = np.zeros((len(names), len(names)))
    for (better, worse), count in wins.items():
        table[names.index(better), names.index(worse)] += count
    values = np.zeros(len(names))
    for _ in range(ROUNDS):
        slope, inverse = _derivatives(np, table, values, prior)
        step = inverse @ slope
        # Only differences of strengths matter, so their mean stays 0
        values = values + step - step.mean()
        if abs(step).max(initial=0) < ENOUGH:
            break
    _, inverse = _derivatives(np, table, values, prior)
    # The prior lets all strengths shift together, by far more than votes leave them uncertain
    from_mean = np.eye(len(names)) - 1 / max(1, len(names))
    return Fit(names, values, from_mean @ inverse @ from_mean)


def _derivatives(np: Any, table: Any, values: Any, prior: float) -> tuple[Any, Any]:  # noqa: ANN401
    """Return the slope of the likelihood, and the inverse of its information."""
    games = table + table.T
    chances = 1 / (1 + np.exp(values[None, :] - values[:, None]))
    slope = table.sum(axis=1) - (games * chances).sum(axis=1) - prior * values
    weights = games * chances * (1 - chances)
    information = np.diag(weights.sum(axis=1)) - weights + prior * np.eye(len(values))
    # Without a prior the information is singular: all strengths can be shifted together
    return slope, np.linalg.pinv(information)
