"""How often all of k runs of a case pass."""

from collections.abc import Sequence
from math import comb
from typing import TypeAlias

Counts: TypeAlias = tuple[int, int]  # the runs of a case that passed, and all of its runs


def pass_power(cases: Sequence[Counts], k: int) -> float | None:
    """Return pass^k: the mean over cases of C(passed, k) / C(runs, k), the unbiased chance that k
    runs of a case all pass (Yao et al. 2024, τ-bench); None when no case has k runs.
    """
    chances = [comb(passed, k) / comb(runs, k) for passed, runs in cases if runs >= k]
    return sum(chances) / len(chances) if chances else None


def pass_power_curve(cases: Sequence[Counts]) -> list[float]:
    """Return pass^k for k from 1 to the fewest runs of a case, so that all of it is of the same
    cases.
    """
    fewest = min((runs for _, runs in cases if runs), default=0)
    counted = [each for each in cases if each[1]]
    curve = (pass_power(counted, k) for k in range(1, fewest + 1))
    return [chance for chance in curve if chance is not None]
