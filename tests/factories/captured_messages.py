"""Spans with captured messages, as an application would export them, and what became of them."""

import json
from typing import Any

from sqlalchemy import select

from core.conversations.models import Conversation, Message
from core.database.db import transaction
from tests.factories.spans import CHAT, packed, span, take_in

Said = tuple[str, str]


def text(role: str, words: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": words}]}


def call(
    history: list[Said],
    answer: str | None,
    *,
    conversation: str | None = "c",
    user: str | None = None,
    **more: Any,  # noqa: ANN401  members of a span
) -> dict[str, Any]:
    told: dict[str, Any] = {"gen_ai.input.messages": json.dumps([text(*each) for each in history])}
    if answer is not None:
        told["gen_ai.output.messages"] = json.dumps([text("assistant", answer)])
    if conversation is not None:
        told["gen_ai.conversation.id"] = conversation
    if user is not None:
        told["user.id"] = user
    return span(
        CHAT | {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 2} | told, **more
    )


def take(*given: dict[str, Any], **more: Any) -> None:  # noqa: ANN401  the resource
    assert take_in(packed(*given, **more)).refused == {}


def said(conversation: str = "c") -> list[Said]:
    wanted = select(Message.role, Message.content).join(
        Conversation, Conversation.id == Message.conversation_id
    )
    with transaction() as session:
        ordered = wanted.where(Conversation.external_id == conversation).order_by(Message.position)
        return [(role, content) for role, content in session.execute(ordered)]
