"""Conversations as they come in and as they are shown."""

from enum import StrEnum


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
