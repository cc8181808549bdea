"""Views of conversations, listed and searched."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement

from core.conversations.opinions import ConversationOpinion
from core.conversations.schemas import ConversationState, MessageSpeaker
from core.identity.schemas import View
from core.presentation.money import Usd


class ConversationCondition(Protocol):
    """A condition on conversations by what another feature stores; hashable."""

    def holds(self, conversation_id: ColumnElement[UUID]) -> ColumnElement[bool]:
        """Return the condition on a conversation's key."""


@dataclass(frozen=True)
class ConversationFilter:
    """Filters of conversations; `q` is a search over message texts."""

    q: str | None = None
    model: str | None = None
    rating: ConversationOpinion | None = None
    status: ConversationState | None = None
    annotated: bool | None = None
    prompt_version: str | None = None
    experiment_arm: str | None = None
    score: ConversationCondition | None = None


class ConversationOrder(StrEnum):
    """Orders of conversations; a minus is descending."""

    LATEST_FIRST = "-last_message"
    OLDEST_FIRST = "last_message"
    MOST_MESSAGES = "-messages"
    FEWEST_MESSAGES = "messages"


class TextPart(View):
    """A part of a text; a hit is a match of the search."""

    text: str
    is_hit: bool


class ConversationHit(View):
    """A conversation's first matching message, shortened, and the number of matches."""

    message_id: UUID
    position: int
    role: MessageSpeaker
    parts: list[TextPart]
    messages: int


class ConversationSummary(View):
    """A conversation in a list.

    Tokens and cost are those of its messages, otherwise the sum of its AI requests, otherwise null
    (unpriced). `unpriced_requests` are not in that sum. Costs are null for actors without
    permission to see them. `opening` is the beginning of the user's first message. Lists shorten a
    long `user_feedback` and name it in `truncated`.
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
    prompt_versions: list[str]
    experiment_arms: list[str]
    message_count: int
    total_tokens: int | None
    total_cost_usd: Usd | None
    unpriced_requests: int | None
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
    hit: ConversationHit | None = None
    truncated: tuple[str, ...] = ()


class ConversationView(ConversationSummary):
    """A conversation with the context that its sender gave it."""

    context: dict[str, Any]
