"""Rate answers of playground sessions, and write notes on them."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.executions.models import Execution
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.playground import encrypted_texts, message_rows, queries
from core.playground.errors import NotAnAnswer, PlaygroundMessageMissing
from core.playground.models import PlaygroundMessage
from core.playground.schemas import AnswerRating, PlaygroundMessageView, Speaker


def rate(
    session: Session, session_id: UUID, message_id: UUID, rating: AnswerRating, *, actor: Actor
) -> PlaygroundMessageView:
    """Store the given rating and note of an answer.

    Raises PlaygroundSessionMissing, PlaygroundMessageMissing or NotAnAnswer.
    """
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, session_id, owner=actor.id, lock=True)
    message = session.get(PlaygroundMessage, message_id)
    if message is None or message.session_id != row.id:
        raise PlaygroundMessageMissing
    if message.role != Speaker.ASSISTANT:
        raise NotAnAnswer
    if "rating" in rating.model_fields_set:
        message.rating = rating.rating
    if "note" in rating.model_fields_set:
        message.note = encrypted_texts.seal_note(rating.note, message.id)
    # Other tabs draw it anew; the message's own revision stays, or sockets would repeat the answer.
    message_rows.touch(session, row)
    return queries.message_view(message, _execution_of(session, message))


def _execution_of(session: Session, message: PlaygroundMessage) -> Execution | None:
    return session.get(Execution, message.execution_id) if message.execution_id else None
