"""Conversations as received."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from msgspec import field

from core.ingest.intake import (
    Count,
    Id,
    JsonObject,
    LongText,
    Milliseconds,
    Moment,
    Name,
    Nested,
    Parts,
    Row,
    Word,
    wrong_dollars,
    wrong_time,
)


class Origin(StrEnum):
    """How a conversation got here."""

    API = "api"
    OTLP = "otlp"
    IMPORT = "import"
    ASSISTANT = "assistant"


class ConversationState(StrEnum):
    """Who has the word."""

    ACTIVE = "active"
    WAITING_HUMAN = "waiting_human"
    HUMAN = "human"
    CLOSED = "closed"


class MessageSpeaker(StrEnum):
    """Who says it."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class NewMessage(Nested):
    """One message, by the columns' own names. Its place is by `created_at`, then as it was sent, or as `position` says."""

    texts: ClassVar = ("content", "tool_calls", "error", "metadata", "extra")

    id: Id
    role: MessageSpeaker
    created_at: Moment
    content: LongText | None = None
    position: Count | None = None
    model: Name | None = None
    tool_calls: Parts | None = None
    tokens: Count | None = None
    cost_usd: Decimal | None = None
    latency_ms: Milliseconds | None = None
    first_token_ms: Milliseconds | None = None
    error: LongText | None = None
    metadata: JsonObject | None = None


class NewConversation(Row):
    """A conversation, or what is new of it: its messages are known by their ids, and its fields as of `updated_at`.

    Without `updated_at`, they are as new as the newest message.
    """

    texts: ClassVar = ("title", "context", "messages", "extra")
    nested: ClassVar = {"messages": NewMessage}

    id: Id
    messages: list[NewMessage] = field(default_factory=list)
    user_id: Id | None = None
    session_type: Name | None = None
    title: Word | None = None
    status: ConversationState | None = None
    context: JsonObject | None = None
    updated_at: Moment | None = None

    def wrong(self, latest: datetime) -> str | None:
        """Return what is wrong with a time or a price."""
        times = {"created_at": self.created_at, "updated_at": self.updated_at}
        times |= {f"messages[{number}].created_at": message.created_at for number, message in enumerate(self.messages)}
        wrong = (wrong_time(name, at, latest) for name, at in times.items())
        costs = (wrong_dollars(f"messages[{number}].cost_usd", each.cost_usd) for number, each in enumerate(self.messages))
        return next(filter(None, (*wrong, *costs)), None)
