"""Answers of services to messages of production, which the monitored product has sent before."""

from sqlalchemy.orm import Session

from core.conversations.ingest import conversations
from core.conversations.queries.unanswered import find_unanswered
from core.conversations.schemas import MessageSpeaker, NewConversation, NewMessage
from core.database import settings
from core.database.tables import storable
from core.executions.schemas import ExecutionError
from core.ingest.rows import RowSource
from core.platform import clock
from core.services.schemas import Callback


def complete(session: Session, callback: Callback, error: ExecutionError | None) -> None:
    """Store the outcome of a job at the message of its ID, else of `message_id`.

    A message that has an answer or an error, and an ambiguous ID, are left as they are.
    """
    names = (callback.job_id, callback.callback_params.message_id)
    found = next(
        filter(None, (find_unanswered(session, str(name)) for name in names if name is not None)),
        None,
    )
    if found is None:
        return
    message = NewMessage(
        id=found.external_id,
        role=MessageSpeaker.ASSISTANT,
        created_at=found.created_at,
        position=found.sequence,
        content=storable(callback.answer or ""),
        error=error.detail if error else None,
        # What the product has measured itself stays
        latency_ms=clock.ms_since(found.created_at) if found.latency_ms is None else None,
    )
    zone = settings.read(session, settings.Workspace).reporting_time_zone
    source = RowSource(environment=found.environment, zone=zone, origin=found.source)
    conversations.store(
        session, [NewConversation(id=found.conversation, messages=[message])], source
    )
