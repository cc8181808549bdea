"""Send a message to all columns of a comparison, and stop their answers."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.comparisons import queries
from core.comparisons.errors import ComparisonKept
from core.comparisons.models import Comparison, ComparisonTurn
from core.comparisons.schemas import ComparisonView
from core.errors import Failure
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.playground import encrypted_texts
from core.playground import queries as playground
from core.playground.errors import AnswerPending, NoMessage
from core.playground.schemas import NewPlaygroundMessage
from core.playground.service import answers


def send(session: Session, comparison_id: UUID, message: str, *, actor: Actor) -> ComparisonView:
    """Send a message to every column; one that cannot begin says so, and stops no other.

    Raises NoMessage, ComparisonMissing, ComparisonKept, AnswerPending, or what every column raised
    when none began.
    """
    require(actor, Permission.RUN_MODELS)
    if not message.strip():
        raise NoMessage
    row = queries.get_row(session, comparison_id, owner=actor.id, lock=True)
    if row.kept is not None:
        raise ComparisonKept
    sessions = [UUID(column["session_id"]) for column in row.columns]
    if any(playground.find_pending(session, each) for each in sessions):
        raise AnswerPending
    _add_turn(session, row, _begin_all(session, sessions, message, actor))
    return queries.get_comparison(session, comparison_id, owner=actor.id)


def _begin_all(
    session: Session, sessions: list[UUID], message: str, actor: Actor
) -> list[dict[str, Any]]:
    begun, failure = list[dict[str, Any]](), None
    for number, session_id in enumerate(sessions, 1):
        try:
            # A column that cannot begin leaves nothing of its message behind
            with session.begin_nested():
                job_id = _begin(session, session_id, message, actor)
            begun.append({"column": number, "job_id": job_id})
        except Failure as problem:
            failure = problem
            begun.append({"column": number, "problem": problem.detail})
    if failure is not None and not any("job_id" in each for each in begun):
        raise failure
    return begun


def _begin(session: Session, session_id: UUID, message: str, actor: Actor) -> str:
    row = playground.get_row(session, session_id, owner=actor.id, lock=True, in_comparison=True)
    settings = encrypted_texts.draft_of(row).model_dump()
    new_message = NewPlaygroundMessage(message=message, session_id=session_id, **settings)
    return answers.send_in(session, row, new_message, actor=actor).job_id


def _add_turn(session: Session, row: Comparison, begun: list[dict[str, Any]]) -> None:
    number = len(queries.turns_of(session, row.id)) + 1
    session.add(ComparisonTurn(comparison_id=row.id, number=number, answers=begun))
    row.updated_at = clock.now()
    session.flush()


def stop(session: Session, comparison_id: UUID, *, actor: Actor) -> None:
    """Stop the pending answers of every column, keeping their texts; raise ComparisonMissing."""
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, comparison_id, owner=actor.id)
    for number, column in enumerate(row.columns, 1):
        if number != row.kept:
            answers.stop(session, UUID(column["session_id"]), actor=actor, in_comparison=True)
