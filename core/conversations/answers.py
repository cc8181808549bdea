"""Views of conversations, listed and searched."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.conversations.opinions import ConversationOpinion
from core.conversations.schemas import ConversationState, MessageSpeaker
from core.identity.schemas import View
from core.presentation.money import Usd


@dataclass(frozen=True)
class ConversationFilter:
    """Which conversations are wanted. `q` are words that a message of it has, as one types them into a search engine."""

    q: str | None = None
    model: str | None = None
    rating: ConversationOpinion | None = None
    status: ConversationState | None = None
    annotated: bool | None = None


class TextPart(View):
    """A piece of a text; a hit is a word that was searched for."""

    text: str
    is_hit: bool


class Hit(View):
    """The first message of a conversation that was found, in short, and how many there are in all."""

    message_id: UUID
    position: int
    role: MessageSpeaker
    parts: list[TextPart]
    messages: int


class ConversationSummary(View):
    """A conversation in one line; its cost is only there for those who see costs.

    `opening` is the beginning of what the user said first.
    """

    id: UUID
    external_id: str
    user_id: UUID | None
    user_external_id: str | None
    user_name: str | None
    title: str | None
    opening: str | None
    session_type: str | None
    status: ConversationState
    source: str
    models: list[str]
    message_count: int
    total_tokens: int
    total_cost_usd: Usd | None
    user_rating: int | None
    rating_scale: str | None
    opinion: ConversationOpinion
    user_feedback: str | None
    escalated_at: datetime | None
    escalation_reason: str | None
    annotation_count: int
    last_annotated_at: datetime | None
    environment: str
    app: str
    release: str
    created_at: datetime
    last_message_at: datetime
    hit: Hit | None = None


class ConversationView(ConversationSummary):
    """A conversation by itself, with the context that its sender gave it."""

    context: dict[str, Any]
