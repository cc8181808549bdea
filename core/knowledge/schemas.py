"""Documents, memories and feedback as they come in and as they are shown."""

from enum import StrEnum


class DocumentState(StrEnum):
    """Whether the assistant may use it."""

    DRAFT = "draft"
    PUBLISHED = "published"


class MemoryKind(StrEnum):
    """What sort of thing is remembered."""

    PREFERENCE = "preference"
    RULE = "rule"
    FACT = "fact"


class Scale(StrEnum):
    """What a rating means: thumbs are -1 or +1, five is 1 to 5."""

    THUMBS = "thumbs"
    FIVE = "five"
