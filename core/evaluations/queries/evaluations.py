"""Read evaluations: for an account its own and those of API keys, for a key its own."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, not_, or_, select
from sqlalchemy.orm import Session

from core.evaluations.errors import EvaluationMissing
from core.evaluations.models import EvaluationTest
from core.evaluations.schemas import EvaluationStatus
from core.identity.schemas import Actor
from core.platform import clock

# Longer than the worker's limit in claims.py, so that the job that is deferred may take it
LOST_AFTER = timedelta(seconds=25)
GOING_ON = (EvaluationStatus.PENDING, EvaluationStatus.RUNNING)


def get_row(
    session: Session, evaluation_id: UUID, *, actor: Actor, lock: bool = False
) -> EvaluationTest:
    """Return an evaluation that the actor sees; raise EvaluationMissing."""
    query = select(EvaluationTest).where(EvaluationTest.id == evaluation_id, seen_by(actor))
    # A row that was read before the lock may have changed while it was waited for
    locked = query.with_for_update().execution_options(populate_existing=True)
    row = session.scalar(locked if lock else query)
    if row is None:
        raise EvaluationMissing
    return row


def list_rows(
    session: Session, *, actor: Actor, limit: int, offset: int = 0
) -> list[EvaluationTest]:
    """Return evaluations that the actor sees, the newest first."""
    rows = select(EvaluationTest).where(seen_by(actor))
    newest = rows.order_by(EvaluationTest.created_at.desc(), EvaluationTest.id.desc())
    return list(session.scalars(newest.limit(limit).offset(offset)))


def count_rows(session: Session, *, actor: Actor) -> int:
    """Return how many evaluations the actor sees."""
    return session.scalar(select(func.count(EvaluationTest.id)).where(seen_by(actor))) or 0


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor sees an evaluation."""
    if actor.is_program:
        return EvaluationTest.key_id == actor.id
    return or_(EvaluationTest.owner == actor.id, EvaluationTest.owner.is_(None))


def list_lost(session: Session) -> list[EvaluationTest]:
    """Return unfinished evaluations whose worker has given no sign of life, without those that only
    wait for answers of an app.
    """
    results = EvaluationTest.cases * EvaluationTest.targets * EvaluationTest.runs
    only_waits = (
        EvaluationTest.status == EvaluationStatus.RUNNING,
        EvaluationTest.waiting > 0,
        EvaluationTest.done + EvaluationTest.waiting == results,
    )
    is_lost = (
        EvaluationTest.status.in_(GOING_ON),
        EvaluationTest.alive_at < clock.now() - LOST_AFTER,
        not_(and_(*only_waits)),
    )
    return list(session.scalars(select(EvaluationTest).where(*is_lost)))
