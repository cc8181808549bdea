"""Read evaluations."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.evaluations.errors import EvaluationMissing
from core.evaluations.models import EvaluationTest
from core.evaluations.schemas import EvaluationStatus
from core.platform import clock

LOST_AFTER = timedelta(seconds=25)
GOING_ON = (EvaluationStatus.PENDING, EvaluationStatus.RUNNING)


def get_row(
    session: Session, evaluation_id: UUID, *, owner: UUID, lock: bool = False
) -> EvaluationTest:
    """Return an evaluation of this owner; raise EvaluationMissing."""
    own = (EvaluationTest.id == evaluation_id, EvaluationTest.owner == owner)
    query = select(EvaluationTest).where(*own)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise EvaluationMissing
    return row


def list_rows(
    session: Session, *, owner: UUID, limit: int, offset: int = 0
) -> list[EvaluationTest]:
    """Return evaluations of this owner, the newest first."""
    rows = select(EvaluationTest).where(EvaluationTest.owner == owner)
    newest = rows.order_by(EvaluationTest.created_at.desc(), EvaluationTest.id.desc())
    return list(session.scalars(newest.limit(limit).offset(offset)))


def list_lost(session: Session) -> list[EvaluationTest]:
    """Return unfinished evaluations whose worker has given no sign of life."""
    is_lost = (
        EvaluationTest.status.in_(GOING_ON),
        EvaluationTest.alive_at < clock.now() - LOST_AFTER,
    )
    return list(session.scalars(select(EvaluationTest).where(*is_lost)))
