"""Things said in the playground, through the product's own services."""

from uuid import UUID

from core.database.db import transaction
from core.executions import runner as runners
from core.identity.schemas import Actor
from core.playground import service
from core.playground.schemas import NewPlaygroundMessage, PlaygroundMessageView, Sent
from tests.factories.executions import ended


def said(actor: Actor, message: str = "hello", *, model: str = "fake:echo", **more: object) -> Sent:
    """Say something."""
    given = NewPlaygroundMessage.model_validate({"message": message, "model": model, **more})
    with transaction() as session:
        return service.send(session, given, actor=actor)


def answered(actor: Actor, message: str = "hello", *, model: str = "fake:echo", **more: object) -> Sent:
    """Say something and wait for the answer."""
    sent = said(actor, message, model=model, **more)
    buffer = runners.current().find(UUID(sent.job_id))
    assert buffer is not None
    ended(buffer)
    return sent


def messages_of(actor: Actor, session_id: UUID) -> list[PlaygroundMessageView]:
    """Return what stands in a session."""
    with transaction() as session:
        return service.read(session, session_id, actor=actor)[1]
