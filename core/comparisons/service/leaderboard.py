"""The leaderboard of models and prompts, from an account's votes or those of the team."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations
from math import exp
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from core.comparisons.bradley_terry import fit
from core.comparisons.schemas import Contestant, Standing, VoteScope
from core.comparisons.service import vote_rows
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

FEWEST = 10  # votes: with fewer, an interval would be misleading


class Duel(NamedTuple):
    """Two different contestants of a vote, the better one first unless it is a tie."""

    better: str
    worse: str
    is_tie: bool


def read_leaderboard(
    session: Session,
    by: Contestant,
    *,
    blind: bool,
    actor: Actor,
    scope: VoteScope = VoteScope.OWN,
) -> list[Standing]:
    """Return the standings from blind votes, or from the others and those on replays, the best
    first. Of the team's votes, those on prompts and bots that the actor does not see are left out.
    """
    require(actor, Permission.RUN_MODELS)
    owner = actor.id if scope is VoteScope.OWN else None
    votes = list(vote_rows.list_votes(session, owner=owner, blind=blind))
    # Who votes on a replay knows which answer is the original
    if not blind:
        votes += vote_rows.list_replay_votes(session, owner=owner)
    if scope is VoteScope.TEAM and by is Contestant.PROMPT:
        votes = list(vote_rows.with_visible_prompts(session, votes, actor=actor))
    return standings([list(_duels(vote.winner, vote.answers, by)) for vote in votes])


def _duels(
    winner: int | None, answers: Sequence[Mapping[str, Any]], by: Contestant
) -> Iterator[Duel]:
    """Yield the duels of a vote: of the winner with each other, or of all when they tie."""
    for one, other in combinations(answers, 2):
        names = (one[by], other[by])
        if None in names or names[0] == names[1]:
            continue
        if winner is None:
            yield Duel(*names, is_tie=True)
        elif winner in (one["place"], other["place"]):
            yield Duel(*(names if winner == one["place"] else names[::-1]), is_tie=False)


def standings(votes: Sequence[Sequence[Duel]]) -> list[Standing]:
    """Return the standings after the duels of votes, the best first; a tie counts as half a win of
    each.
    """
    wins: Counter[tuple[str, str]] = Counter()
    won, lost, tied, voted = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for duels in votes:
        voted.update({name for duel in duels for name in (duel.better, duel.worse)})
    for better, worse, is_tie in chain.from_iterable(votes):
        # In halves of a win, so that a tie is a whole number
        wins[better, worse] += 1 if is_tie else 2
        wins[worse, better] += 1 if is_tie else 0
        won[better] += not is_tie
        lost[worse] += not is_tie
        tied.update((better, worse) if is_tie else ())
    shares = {pair: count / 2 for pair, count in wins.items() if count}
    found = fit(shares).strengths() if shares else {}
    return [
        Standing(
            name=name,
            wins=won[name],
            losses=lost[name],
            ties=tied[name],
            chance=_chance(strength.value),
            chance_low=_chance(strength.low) if voted[name] >= FEWEST else None,
            chance_high=_chance(strength.high) if voted[name] >= FEWEST else None,
        )
        for name, strength in sorted(found.items(), key=lambda each: -each[1].value)
    ]


def _chance(strength: float) -> float:
    return 1 / (1 + exp(-strength))
