"""Playground messages, sent through the product's services."""

from uuid import UUID

from core.database.db import transaction
from core.executions import runner as runners
from core.executions.answer_buffers import AnswerBuffer
from core.identity.schemas import Actor
from core.playground import queries
from core.playground.branches import queries as shown
from core.playground.schemas import NewPlaygroundMessage, PlaygroundMessageView, SentMessage
from core.playground.service import answers
from tests.factories.executions import ended, speaking

DEFAULT_PROMPT = (
    "You are a helpful assistant. Answer clearly and briefly. "
    "If you do not know the answer, say so and say where it could be found."
)


def said(
    actor: Actor, message: str = "hello", *, model: str | None = "fake:echo", **more: object
) -> SentMessage:
    """Send a message; without a model, the active service answers."""
    given = NewPlaygroundMessage.model_validate({"message": message, "model": model, **more})
    with transaction() as session:
        return answers.send(session, given, actor=actor)


def answered(
    actor: Actor, message: str = "hello", *, model: str = "fake:echo", **more: object
) -> SentMessage:
    """Send a message and wait for the answer."""
    sent = said(actor, message, model=model, **more)
    buffer = runners.current().find(UUID(sent.job_id))
    assert buffer is not None
    ended(buffer)
    return sent


def being_answered(actor: Actor) -> tuple[SentMessage, AnswerBuffer]:
    """Send a message whose answer takes ten seconds, and wait until that has begun."""
    sent = said(actor, model="fake:steady")
    buffer = runners.current().find(UUID(sent.job_id))
    assert buffer is not None
    return sent, speaking(buffer)


def messages_of(actor: Actor, session_id: UUID) -> list[PlaygroundMessageView]:
    """Return the messages of a session that are shown."""
    with transaction() as session:
        queries.get_session(session, session_id, owner=actor.id)
        return shown.list_shown(session, session_id)
