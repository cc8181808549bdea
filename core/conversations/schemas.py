"""Conversations as received."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import ClassVar

from msgspec import field

from core.ingest.prompts import (
    NESTED,
    REFERENCES,
    ExperimentReference,
    PromptReference,
    Reference,
    Version,
    flatten,
)
from core.ingest.rows import (
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
    check_names,
    names_of,
    wrong_dollars,
    wrong_time,
)


class ConversationOrigin(StrEnum):
    """Through which channel a conversation arrived."""

    API = "api"
    OTLP = "otlp"
    IMPORT = "import"
    ASSISTANT = "assistant"


class ConversationState(StrEnum):
    """Whether the user, the assistant or a person writes next."""

    ACTIVE = "active"
    WAITING_HUMAN = "waiting_human"
    HUMAN = "human"
    CLOSED = "closed"


class MessageSpeaker(StrEnum):
    """The role of a message's author."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


NAMES_OF_MESSAGE = attrgetter("model", *REFERENCES)


class NewMessage(Nested):
    """One message. Messages are ordered by `created_at`, then as sent, or by `position`."""

    texts: ClassVar = ("content", "tool_calls", "error", "metadata", "extra")
    nested: ClassVar = NESTED

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
    prompt: PromptReference | str | None = None
    prompt_name: Reference | None = None
    prompt_version: Version | None = None
    prompt_label: Reference | None = None
    experiment: ExperimentReference | str | None = None
    experiment_key: Reference | None = None
    experiment_arm: Reference | None = None
    metadata: JsonObject | None = None

    def __post_init__(self) -> None:
        """Flatten references."""
        flatten(self)


class NewConversation(Row):
    """A conversation, or an update of it: messages are identified by their ids, fields are as of
    `updated_at`.

    Without `updated_at`, the time of the newest message applies.
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

    def __post_init__(self) -> None:
        """Refuse names that no index could hold."""
        super().__post_init__()
        own = names_of(type(self))(self)
        for message in self.messages:
            check_names((*own, *NAMES_OF_MESSAGE(message)))

    def wrong(self, latest: datetime) -> str | None:
        """Return why a time, a price or the environment is invalid, or None."""
        times = {"created_at": self.created_at, "updated_at": self.updated_at}
        times |= {
            f"messages[{number}].created_at": message.created_at
            for number, message in enumerate(self.messages)
        }
        wrong = (wrong_time(name, at, latest) for name, at in times.items())
        costs = (
            wrong_dollars(f"messages[{number}].cost_usd", each.cost_usd)
            for number, each in enumerate(self.messages)
        )
        return self.wrong_environment() or next(filter(None, (*wrong, *costs)), None)
