"""Comparisons, made and answered through the product's services."""

from collections.abc import Sequence
from itertools import zip_longest
from uuid import UUID

import core.comparisons.jobs as comparison_jobs  # registers what handles votes
from core.comparisons.schemas import ComparisonView, NewComparison, NewVote
from core.comparisons.service import comparisons, turns, votes
from core.database.db import Database, transaction
from core.executions import runner as runners
from core.identity.schemas import Actor
from core.jobs import outbox
from core.playground import queries
from tests.factories.executions import ended

TWO = ("fake:echo", "fake:plain")


def begun(
    actor: Actor, *models: str, blind: bool = False, prompts: Sequence[str | None] = ()
) -> ComparisonView:
    """Begin a comparison of models, the first ones with system prompts."""
    columns = [
        {"model": model, "custom_prompt": prompt}
        for model, prompt in zip_longest(models or TWO, prompts)
    ]
    new = NewComparison.model_validate({"columns": columns, "blind": blind})
    with transaction() as session:
        return comparisons.begin(session, new, actor=actor)


def asked(actor: Actor, comparison: ComparisonView, message: str = "hello") -> ComparisonView:
    """Send a message to all columns, and wait for the answers."""
    with transaction() as session:
        sent = turns.send(session, comparison.id, message, actor=actor)
    for column in sent.columns:
        finish(column.session_id)
    return sent


def finish(session_id: UUID) -> None:
    """Wait for the newest answer of a session."""
    with transaction() as session:
        last = queries.list_messages(session, session_id)[-1]
    buffer = runners.current().find(UUID(last.job_id or ""))
    assert buffer is not None
    ended(buffer)


def voted(
    actor: Actor, comparison: ComparisonView, outcome: int | str, turn: int = 1, reason: str = ""
) -> ComparisonView:
    """Vote on a turn, and write its pairs."""
    new_vote = NewVote.model_validate({"turn": turn, "outcome": outcome, "reason": reason})
    with transaction() as session:
        view = votes.vote(session, comparison.id, new_vote, actor=actor)
    assert comparison_jobs
    outbox.relay(Database.CORE)
    return view
