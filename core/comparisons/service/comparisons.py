"""Begin comparisons, keep a column of one, and remove one."""

from secrets import SystemRandom
from uuid import UUID

from sqlalchemy.orm import Session

from core.comparisons import queries
from core.comparisons.errors import ColumnMissing, ComparisonKept
from core.comparisons.models import Comparison
from core.comparisons.schemas import ComparisonView, NewComparison
from core.comparisons.service.columns import begin_column
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.platform.ids import new_id
from core.playground import message_rows
from core.playground import queries as playground
from core.playground.errors import PlaygroundSessionMissing
from core.playground.service import sessions


def begin(session: Session, new: NewComparison, *, actor: Actor) -> ComparisonView:
    """Store a comparison with an empty session for each column, in random order if it is blind.

    Raises what beginning a column raises.
    """
    require(actor, Permission.RUN_MODELS)
    wanted = list(new.columns)
    if new.blind:
        # Before their sessions begin, whose IDs say in which order they did
        SystemRandom().shuffle(wanted)
    columns = [begin_column(session, column, actor=actor) for column in wanted]
    row = Comparison(id=new_id(), owner=actor.id, blind=new.blind, columns=columns)
    session.add(row)
    session.flush()
    return queries.get_comparison(session, row.id, owner=actor.id)


def keep(session: Session, comparison_id: UUID, column: int, *, actor: Actor) -> UUID:
    """Make a column an ordinary session, which ends the comparison; return the session's ID.

    Raises ComparisonMissing, ColumnMissing, ComparisonKept or PlaygroundSessionMissing.
    """
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, comparison_id, owner=actor.id, lock=True)
    if row.kept is not None:
        raise ComparisonKept
    if column > len(row.columns):
        raise ColumnMissing
    session_id = UUID(row.columns[column - 1]["session_id"])
    kept = playground.get_row(session, session_id, owner=actor.id, lock=True, in_comparison=True)
    kept.in_comparison, row.kept, row.updated_at = False, column, clock.now()
    message_rows.touch(session, kept)
    return session_id


def remove(session: Session, comparison_id: UUID, *, actor: Actor) -> None:
    """Remove a comparison with its votes and sessions, except for the one that was kept.

    Raises ComparisonMissing, or AnswerPending when a message was sent at the same time.
    """
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, comparison_id, owner=actor.id, lock=True)
    for number, column in enumerate(row.columns, 1):
        if number != row.kept:
            _remove_session(session, UUID(column["session_id"]), actor)
    session.delete(row)


def _remove_session(session: Session, session_id: UUID, actor: Actor) -> None:
    try:
        sessions.erase_column(session, session_id, actor=actor)
    except PlaygroundSessionMissing:
        return  # retention has removed it
