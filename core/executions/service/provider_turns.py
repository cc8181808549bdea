"""Turns of calls at providers with limits, first come, first served: rows that all processes share.

Every change locks the provider's row, and notifies the waiting calls of all processes.
"""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from core.database import bus
from core.database.sql_files import statement
from core.database.tables import table_of
from core.executions.models import ProviderTurn
from core.executions.service.executions import PROGRESS
from core.platform import clock
from core.providers.errors import QueueFull
from core.providers.queries import configured
from core.providers.schemas import CallLimits

QUEUE = "provider queue"
MAX_WAITING = 50  # calls, of one provider

turns = table_of(ProviderTurn)


class Turn(NamedTuple):
    """A turn, and its position in the queue: 1 is the next to call, and 0 may call."""

    id: int
    position: int

    def after(self, hint: dict[str, Any]) -> "Turn":
        """Return the turn as a hint says that it is; one that does not name it changes nothing."""
        if self.id in hint.get("started", ()):
            return Turn(self.id, 0)
        waiting = hint.get("waiting", ())
        return Turn(self.id, waiting.index(self.id) + 1) if self.id in waiting else self


def enter(session: Session, provider: str, execution_id: UUID) -> Turn:
    """Add a call to the provider's queue; raise QueueFull."""
    limits = configured.lock_limits(session, provider)
    new = insert(turns).values(provider=provider, execution_id=execution_id)
    turn_id = session.execute(new.returning(turns.c.id)).scalar_one()
    waiting = _advance(session, provider, limits)
    if len(waiting) > MAX_WAITING:  # the new row goes with the caller's transaction
        raise QueueFull
    if waiting:  # pages that another process serves show the position, too
        bus.publish(session, PROGRESS, id=execution_id)
    return Turn(turn_id, _position(turn_id, waiting))


def look(session: Session, provider: str, turn_id: int) -> Turn:
    """Start the calls whose turn it is, and return where this one is."""
    waiting = _advance(session, provider, configured.lock_limits(session, provider))
    return Turn(turn_id, _position(turn_id, waiting))


def leave(session: Session, provider: str, turn_id: int) -> None:
    """End a turn, started or not, and start the next."""
    limits = configured.lock_limits(session, provider)
    session.execute(update(turns).where(turns.c.id == turn_id).values(ended_at=clock.now()))
    _advance(session, provider, limits)


def _advance(session: Session, provider: str, limits: CallLimits) -> list[int]:
    """Start the calls whose turn it is, and return the turns that still wait, in order."""
    of_provider = {"provider": provider}
    session.execute(statement(__package__, "end_lost_turns"), of_provider)
    has_left = session.execute(statement(__package__, "remove_turns"), of_provider).scalar_one()
    given = of_provider | limits.model_dump()
    started = session.execute(statement(__package__, "start_turns"), given).scalars().all()
    rows = select(turns.c.id).where(turns.c.provider == provider, turns.c.started_at.is_(None))
    waiting = list(session.scalars(rows.order_by(turns.c.id)))
    if has_left or started:
        bus.publish(session, QUEUE, provider=provider, started=started, waiting=waiting)
    return waiting


def _position(turn_id: int, waiting: list[int]) -> int:
    return waiting.index(turn_id) + 1 if turn_id in waiting else 0
