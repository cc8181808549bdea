"""The leaderboard of two hundred votes by a script that knows how strong each model is."""

from itertools import combinations
from math import exp
from random import Random

import pytest

from core.comparisons.models import Comparison, ComparisonTurn
from core.comparisons.schemas import Contestant, Standing, VoteOutcome
from core.comparisons.service.leaderboard import Duel, read_leaderboard, standings
from core.database.db import transaction
from core.identity.schemas import Actor
from core.platform.ids import new_id
from tests.factories.identity import person

STRENGTHS = {"strong": 0.9, "fair": 0.2, "weak": -0.3, "poor": -0.8}
VOTES = 200


def chance(strength: float) -> float:
    return 1 / (1 + exp(-strength))


def covers(standing: Standing) -> bool:
    assert standing.chance_low is not None
    assert standing.chance_high is not None
    return standing.chance_low <= chance(STRENGTHS[standing.name]) <= standing.chance_high


def duels(random: Random) -> list[Duel]:
    pairs = list(combinations(STRENGTHS, 2))
    found = []
    for one, other in random.choices(pairs, k=VOTES):
        is_better = random.random() < chance(STRENGTHS[one] - STRENGTHS[other])
        found.append(Duel(*((one, other) if is_better else (other, one)), is_tie=False))
    return found


def test_intervals_of_the_leaderboard_cover_known_strengths() -> None:
    covered = [
        covers(it) for seed in range(100) for it in standings([[it] for it in duels(Random(seed))])
    ]
    assert len(covered) == 400
    assert sum(covered) >= 0.93 * 400


@pytest.mark.usefixtures("database")
def test_two_hundred_stored_votes_are_ranked_blind_ones_apart_from_open_ones() -> None:
    actor = person().actor
    found = duels(Random(7))
    store(actor, found, blind=True)
    store(actor, [Duel(duel.worse, duel.better, is_tie=False) for duel in found], blind=False)
    with transaction() as session:
        blind, open_ = (
            read_leaderboard(session, Contestant.MODEL, blind=each, actor=actor)
            for each in (True, False)
        )
    assert [it.name for it in blind] == list(STRENGTHS)
    assert [it.name for it in open_] == list(STRENGTHS)[::-1]
    assert sum(it.wins for it in blind) == sum(it.losses for it in open_) == VOTES
    for it in blind:
        assert covers(it)


@pytest.mark.parametrize(("votes", "has_interval"), [(9, False), (10, True)])
def test_under_ten_votes_there_is_no_interval(votes: int, *, has_interval: bool) -> None:
    found = standings([[Duel("strong", "weak", is_tie=False)]] * votes)
    assert [(it.chance_low is not None) for it in found] == [has_interval] * 2


def test_four_votes_between_four_models_are_too_few_for_intervals() -> None:
    beaten = [Duel("strong", name, is_tie=False) for name in ("fair", "weak", "poor")]
    found = standings([beaten] * 4)
    assert next((it.name, it.wins, it.chance_low) for it in found) == ("strong", 12, None)


def store(actor: Actor, found: list[Duel], *, blind: bool) -> None:
    """Store each duel as a vote on a turn of a comparison of two columns."""
    with transaction() as session:
        comparison = Comparison(id=new_id(), owner=actor.id, blind=blind, columns=[])
        session.add(comparison)
        session.flush()
        for number, duel in enumerate(found, 1):
            models = [
                {"column": place, "model": name, "prompt": "Default prompt"}
                for place, name in enumerate((duel.worse, duel.better), 1)
            ]
            session.add(
                ComparisonTurn(
                    comparison_id=comparison.id,
                    number=number,
                    answers=[],
                    models=models,
                    outcome=VoteOutcome.BETTER,
                    winner=2,
                    is_blind=blind,
                )
            )
