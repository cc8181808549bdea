"""Conversations and knowledge as Review has them, and who reads and changes them."""

from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest

from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.knowledge.documents import ingest as documents
from core.knowledge.feedback import ingest as feedback
from core.knowledge.memories import ingest as memories
from core.knowledge.schemas import NewDocument, NewFeedback, NewMemory
from core.platform import clock
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.conversations import SOURCE
from tests.factories.identity import person

NOW = clock.now().replace(microsecond=0)
LIST = "/admin/ai/tuning/conversations"
DOCUMENTS, MEMORIES, FEEDBACK = (
    f"/admin/ai/knowledge/{kind}" for kind in ("documents", "memories", "feedback")
)
STORES: dict[str, Any] = {
    "documents": (documents, NewDocument),
    "memories": (memories, NewMemory),
    "feedback": (feedback, NewFeedback),
}


def store(kind: str, *rows: dict[str, Any]) -> None:
    """Store documents, memories or feedback."""
    module, row = STORES[kind]
    with transaction(Database.AI) as ai:
        module.store(
            ai, [msgspec.convert({"id": str(new_id()), **each}, row) for each in rows], SOURCE
        )


@pytest.fixture
def admin(client: Client) -> httpx2.Client:
    """Return Ada, who changes what others read."""
    return client(person(Role.ADMIN, email="ada@example.com"))


@pytest.fixture
def reviewer(client: Client) -> httpx2.Client:
    """Return Rita, who reviews."""
    return client(person(Role.REVIEWER, email="rita@example.com"))


def at(minutes: float) -> str:
    """Return the time so many minutes ago."""
    return (NOW - timedelta(minutes=minutes)).isoformat()


def said(number: int, content: str, minutes: float, **more: Any) -> dict[str, Any]:  # noqa: ANN401  whatever a program sends
    """Return a message: the user's if its number is even."""
    role = "assistant" if number % 2 else "user"
    return {"id": f"m{number}", "role": role, "content": content, "created_at": at(minutes), **more}


def talk(
    name: str,
    *contents: str,
    minutes: float = 10,
    model: str = "small",
    **more: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """Return a conversation whose answers cost a tenth of a cent."""
    messages = [
        said(
            number,
            content,
            minutes,
            **({"model": model, "cost_usd": "0.001"} if number % 2 else {}),
        )
        for number, content in enumerate(contents)
    ]
    return {"id": name, "user_id": f"user-of-{name}", "messages": messages, **more}
