"""Documents, memories and feedback as received."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from msgspec import Meta, field

from core.ingest.rows import Id, JsonObject, LongText, Moment, Name, Row, Word

BEST = 5


class DocumentState(StrEnum):
    """Whether the assistant may use the document."""

    DRAFT = "draft"
    PUBLISHED = "published"


class MemoryKind(StrEnum):
    """The kind of a memory."""

    PREFERENCE = "preference"
    RULE = "rule"
    FACT = "fact"


class RatingScale(StrEnum):
    """The scale of a rating: thumbs is -1 or +1, five is 1 to 5."""

    THUMBS = "thumbs"
    FIVE = "five"


class NewDocument(Row):
    """A complete document; of two states, the one with the newer `updated_at` applies."""

    texts: ClassVar = ("title", "content", "tags", "source", "metadata", "extra")

    id: Id
    content: LongText
    title: Word = ""
    scope: Word = ""
    tags: Annotated[list[Name], Meta(max_length=100)] = field(default_factory=list)
    source: Word | None = None
    status: DocumentState = DocumentState.PUBLISHED
    metadata: JsonObject | None = None
    updated_at: Moment | None = None

    def wrong(self, latest: datetime) -> str | None:
        """Return why a time is invalid, or None."""
        return self.wrong_times(latest, "created_at", "updated_at")


class NewMemory(Row):
    """A complete memory; of two states, the one with the newer `updated_at` applies."""

    texts: ClassVar = ("content", "metadata", "extra")

    id: Id
    content: LongText
    user_id: Id | None = None
    scope: Word = ""
    kind: MemoryKind = MemoryKind.FACT
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    source_message_id: Id | None = None
    conversation_id: Id | None = None
    metadata: JsonObject | None = None
    updated_at: Moment | None = None

    def wrong(self, latest: datetime) -> str | None:
        """Return why a time is invalid, or None."""
        return self.wrong_times(latest, "created_at", "updated_at")


class NewFeedback(Row):
    """A rating of a message or conversation; without a scale, -1 and 1 are thumbs."""

    texts: ClassVar = ("edited_text", "comment", "extra")

    rating: int
    scale: RatingScale | None = None
    message_id: Id | None = None
    conversation_id: Id | None = None
    user_id: Id | None = None
    edited_text: LongText | None = None
    comment: LongText | None = None

    def wrong(self, latest: datetime) -> str | None:
        """Return why the rating or a time is invalid, or None."""
        scale = self.meant_scale()
        if scale is RatingScale.THUMBS and self.rating not in (-1, 1):
            return "rating: must be -1 or 1 for thumbs"
        if scale is RatingScale.FIVE and not 1 <= self.rating <= BEST:
            return "rating: must be 1 to 5, or -1 for thumbs-down"
        return super().wrong(latest)

    def meant_scale(self) -> RatingScale:
        """Return the scale, which the rating may imply."""
        return self.scale or (RatingScale.THUMBS if self.rating in (-1, 1) else RatingScale.FIVE)
