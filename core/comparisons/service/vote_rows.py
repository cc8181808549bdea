"""Read votes on turns of comparisons and on replays, for the leaderboard."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.bots.queries.bots import list_visible_ids as list_visible_bots
from core.comparisons.models import Comparison, ComparisonTurn
from core.comparisons.schemas import VoteOutcome
from core.identity.schemas import Actor
from core.playground.models import PlaygroundReplay, PlaygroundSession
from core.playground.replay_schemas import ReplayOutcome
from core.playground.session_names import DEFAULT_PROMPT
from core.prompts.queries.prompts import list_visible_ids as list_visible_prompts

WINNERS = {ReplayOutcome.NEW: 1, ReplayOutcome.ORIGINAL: 2, ReplayOutcome.TIE: None}


class Vote(NamedTuple):
    """What answered in each place, and the better place, None for a tie.

    Each answer has its `place`, `model` and `prompt`, null when it is not known, and `source_id`
    when the prompt is a stored one or a bot.
    """

    winner: int | None
    answers: list[Mapping[str, Any]]
    voter: UUID
    is_replay: bool = False


def list_votes(session: Session, *, owner: UUID | None, blind: bool) -> Iterator[Vote]:
    """Yield the votes on turns, of one account or of all, that say which answer is better."""
    rows = session.execute(
        select(ComparisonTurn.winner, ComparisonTurn.models, Comparison.columns, Comparison.owner)
        .join(Comparison, Comparison.id == ComparisonTurn.comparison_id)
        .where(
            ComparisonTurn.is_blind.is_(blind),
            ComparisonTurn.outcome.in_((VoteOutcome.BETTER, VoteOutcome.TIE)),
            *([Comparison.owner == owner] if owner else []),
        )
    )
    for winner, models, columns, voter in rows.all():
        yield Vote(winner, [_answer(each, columns) for each in models or ()], voter)


def _answer(answered: Mapping[str, Any], columns: list[Mapping[str, Any]]) -> dict[str, Any]:
    place = answered["column"]
    column = columns[place - 1] if place <= len(columns) else {}
    source_id = column.get("prompt_id") or column.get("bot_id")
    names = {name: answered[name] for name in ("model", "prompt")}
    return {"place": place, "source_id": source_id, **names}


def list_replay_votes(session: Session, *, owner: UUID | None) -> Iterator[Vote]:
    """Yield the votes on replays, of one account or of all, that say which answer is better."""
    rows = session.execute(
        select(PlaygroundReplay.outcome, PlaygroundReplay.models, PlaygroundSession.owner)
        .join(PlaygroundSession, PlaygroundSession.id == PlaygroundReplay.session_id)
        .where(
            PlaygroundReplay.outcome.in_(WINNERS),
            PlaygroundReplay.models.is_not(None),
            *([PlaygroundSession.owner == owner] if owner else []),
        )
    )
    for outcome, answers, voter in rows.all():
        yield Vote(WINNERS[ReplayOutcome(outcome)], answers or [], voter, is_replay=True)


def with_visible_prompts(
    session: Session, votes: Iterable[Vote], *, actor: Actor
) -> Iterator[Vote]:
    """Yield the votes without the names of prompts of others that the actor does not see."""
    ids = {
        str(id_)
        for listed in (list_visible_prompts, list_visible_bots)
        for id_ in listed(session, actor=actor)
    }
    for vote in votes:
        if vote.voter == actor.id:
            yield vote
        else:
            yield vote._replace(answers=[_visible(it, ids, vote) for it in vote.answers])


def _visible(answer: Mapping[str, Any], ids: set[str], vote: Vote) -> Mapping[str, Any]:
    # The original answer of a replay has its prompt's name from production, where all see it
    is_of_production = vote.is_replay and answer["place"] == WINNERS[ReplayOutcome.ORIGINAL]
    is_known = answer["prompt"] == DEFAULT_PROMPT or answer.get("source_id") in ids
    return answer if is_of_production or is_known else {**answer, "prompt": None}
