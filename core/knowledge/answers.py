"""Views of documents, memories and feedback."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from core.conversations.answers import TextPart
from core.conversations.opinions import ConversationOpinion
from core.identity.schemas import View
from core.knowledge.documents.bodies import Change
from core.knowledge.schemas import DocumentState, MemoryKind, RatingScale


@dataclass(frozen=True)
class DocumentFilter:
    """Which documents are wanted. `q` are words, as one types them into a search engine."""

    q: str | None = None
    scope: str | None = None
    status: DocumentState | None = None
    tag: str | None = None


class DocumentSummary(View):
    """A document in a list: how it begins, or, when words were searched for, where they stand in it."""

    id: UUID
    external_id: str
    scope: str
    title: str
    opening: str
    characters: int
    tags: list[str]
    source: str | None
    status: DocumentState
    created_at: datetime
    updated_at: datetime
    parts: list[TextPart] | None = None


class DocumentChangeView(View):
    """What somebody changed: the fields that differ, as they were and as they became."""

    id: UUID
    at: datetime
    by_name: str
    what: Change
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class DocumentView(View):
    """A document, whole, with what people changed in it, the latest first."""

    id: UUID
    external_id: str
    scope: str
    title: str
    content: str
    tags: list[str]
    source: str | None
    status: DocumentState
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    history: list[DocumentChangeView]


class MadeOf(View):
    """A document that was made of an annotation."""

    id: UUID
    title: str
    status: DocumentState


class NamedCount(View):
    """How many there are of something."""

    name: str
    count: int


class ScopeFigures(View):
    """The documents of one scope."""

    scope: str
    documents: int
    drafts: int
    characters: int
    updated_at: datetime


class DocumentStats(View):
    """All documents, by scope and by their most frequent tags."""

    documents: int
    published: int
    drafts: int
    characters: int
    updated_at: datetime | None
    scopes: list[ScopeFigures]
    tags: list[NamedCount]


@dataclass(frozen=True)
class MemoryFilter:
    """Which memories are wanted. `user_id` is ours or the sender's."""

    q: str | None = None
    user_id: str | None = None
    kind: MemoryKind | None = None
    scope: str | None = None


class MemoryView(View):
    """Something that the assistant remembers; `parts` are its words with those that were searched for marked."""

    id: UUID
    external_id: str
    user_id: UUID | None
    user_external_id: str | None
    user_name: str | None
    scope: str
    kind: MemoryKind
    content: str
    confidence: float | None
    source_message_id: UUID | None
    created_at: datetime
    updated_at: datetime
    truncated: tuple[str, ...] = ()
    parts: list[TextPart] | None = None


class MemoryStats(View):
    """All memories, by kind and by scope, and of how many users."""

    memories: int
    users: int
    updated_at: datetime | None
    kinds: list[NamedCount]
    scopes: list[NamedCount]


@dataclass(frozen=True)
class FeedbackFilter:
    """Which feedback is wanted. `q` is a piece of a comment or of an edited answer; `has` what must be there."""

    rating: ConversationOpinion | None = None
    q: str | None = None
    has: Literal["comment", "edited_text"] | None = None


class FeedbackView(View):
    """What somebody thinks, of which message or conversation; a conversation that has not come in has no name."""

    id: UUID
    external_id: str | None
    conversation_id: UUID | None
    conversation_external_id: str | None
    conversation_title: str | None
    message_id: UUID | None
    user_id: UUID | None
    user_external_id: str | None
    user_name: str | None
    model: str | None
    rating: int
    scale: RatingScale
    opinion: ConversationOpinion
    comment: str | None
    edited_text: str | None
    environment: str
    app: str
    created_at: datetime
    truncated: tuple[str, ...] = ()


class Ratings(View):
    """How many were positive (+1, or at least 4 of 5); the ratio is of all that were rated, with Wilson's 95 % interval."""

    rated: int
    positive: int
    neutral: int
    negative: int
    ratio: float | None
    low: float | None
    high: float | None


class RatingsOfDay(Ratings):
    """The ratings of one day of the reporting time zone."""

    at: datetime


class RatingsOfModel(Ratings):
    """The ratings of one model's answers; without a name, of those whose model is not known."""

    model: str


class FeedbackBefore(Ratings):
    """The ratings of the period before, and how many had words."""

    with_comment: int
    with_edit: int


class FeedbackStats(FeedbackBefore):
    """Feedback of a period: all together, by day, by model, and that of as much of the period before.

    `models_of` is how many of the ratings, the latest, were looked at for their models.
    """

    days: list[RatingsOfDay]
    models: list[RatingsOfModel]
    models_of: int
    previous: FeedbackBefore
