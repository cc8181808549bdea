"""Strengths from votes: against published figures, and against strengths that are known."""

from collections import Counter
from itertools import combinations
from math import exp, sqrt
from random import Random

import pytest

from core.comparisons.bradley_terry import fit

# American League East 1987: wins of the row's team over the column's (Agresti 2002, table 10.10)
TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
WON = (
    (0, 7, 9, 7, 7, 9, 11),
    (6, 0, 7, 5, 11, 9, 9),
    (4, 6, 0, 7, 7, 8, 12),
    (6, 8, 6, 0, 6, 7, 10),
    (6, 2, 6, 7, 0, 7, 12),
    (4, 4, 5, 6, 6, 0, 6),
    (2, 4, 1, 3, 1, 7, 0),
)
# From Baltimore's, with standard errors, as R's package BradleyTerry2 prints them
PUBLISHED = {
    "Milwaukee": (1.5814, 0.3433),
    "Detroit": (1.4364, 0.3396),
    "Toronto": (1.2945, 0.3367),
    "New York": (1.2476, 0.3359),
    "Boston": (1.1077, 0.3339),
    "Cleveland": (0.6839, 0.3319),
}


def test_strengths_and_errors_of_a_baseball_season_are_the_published_ones() -> None:
    wins = {
        (one, other): float(WON[row][column])
        for row, one in enumerate(TEAMS)
        for column, other in enumerate(TEAMS)
        if row != column
    }
    names, values, covariances = fit(wins, prior=0.0)
    last = names.index("Baltimore")
    for team, published in PUBLISHED.items():
        place = names.index(team)
        variance = (
            covariances[place, place] + covariances[last, last] - 2 * covariances[place, last]
        )
        found = (values[place] - values[last], sqrt(variance))
        assert found == pytest.approx(published, abs=5e-5)


def test_the_intervals_of_two_hundred_votes_cover_known_strengths() -> None:
    known = {"a": 0.9, "b": 0.2, "c": -0.3, "d": -0.8}
    covered = 0
    for seed in range(100):
        found = fit(votes(known, 200, Random(seed))).strengths()
        covered += sum(found[name].low <= known[name] <= found[name].high for name in known)
    assert covered >= 0.93 * 400


def test_intervals_are_as_wide_as_the_votes_leave_differences_uncertain() -> None:
    found = fit({("a", "b"): 60.0, ("b", "a"): 40.0}).strengths()["a"]
    # Of two whose mean is 0, a strength is half the logarithm of the odds
    error = 1.96 / sqrt(100 * 0.6 * 0.4) / 2
    assert found.high - found.value == pytest.approx(error, rel=0.02)
    assert found.value - found.low == pytest.approx(error, rel=0.02)


def test_one_that_was_compared_with_no_other_group_has_a_wide_interval() -> None:
    apart = {("a", "b"): 50.0, ("b", "a"): 50.0, ("c", "d"): 50.0, ("d", "c"): 50.0}
    found = fit(apart).strengths()["a"]
    assert found.high - found.low > 4


def votes(known: dict[str, float], count: int, random: Random) -> Counter[tuple[str, str]]:
    wins: Counter[tuple[str, str]] = Counter()
    pairs = list(combinations(known, 2))
    for _ in range(count):
        one, other = random.choice(pairs)
        is_better = random.random() < 1 / (1 + exp(known[other] - known[one]))
        wins[(one, other) if is_better else (other, one)] += 1
    return wins


def test_one_that_has_always_won_is_strong_within_bounds() -> None:
    found = fit({("a", "b"): 3}).strengths()
    assert found["a"].value > 0 > found["b"].value
    assert found["a"].high < 10
