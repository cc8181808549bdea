"""Views of documents, memories and feedback."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from core.conversations.opinions import ConversationOpinion
from core.conversations.views import TextPart
from core.identity.schemas import View
from core.knowledge.documents.schemas import Change
from core.knowledge.schemas import DocumentState, MemoryKind, RatingScale


@dataclass(frozen=True)
class DocumentFilter:
    """Filters of documents; `q` is a search text."""

    q: str | None = None
    scope: str | None = None
    status: DocumentState | None = None
    tag: str | None = None


class DocumentOrder(StrEnum):
    """Orders of documents; a minus is descending."""

    LATEST_FIRST = "-updated"
    OLDEST_FIRST = "updated"
    TITLE = "title"
    TITLE_BACKWARDS = "-title"
    SCOPE = "scope"
    SCOPE_BACKWARDS = "-scope"
    LONGEST_FIRST = "-characters"
    SHORTEST_FIRST = "characters"


class DocumentSummary(View):
    """A document in a list, with its beginning, or with the matches of a search."""

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
    """A change by a person: the changed fields, before and after."""

    id: UUID
    at: datetime
    by_name: str
    what: Change
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class DocumentView(View):
    """A complete document with its changes, newest first: of long texts only some, and
    `history_count` of them in all.
    """

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
    history_count: int


class MadeOf(View):
    """A document that was created from an annotation."""

    id: UUID
    title: str
    status: DocumentState


class NamedCount(View):
    """A name with a count."""

    name: str
    count: int


class ScopeFigures(View):
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
    """Filters of memories; `user_id` is Attune's ID or the sender's."""

    q: str | None = None
    user_id: str | None = None
    kind: MemoryKind | None = None
    scope: str | None = None


class MemoryView(View):
    """A memory of the assistant; `parts` is its text with matches of a search marked."""

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
    """All memories, by kind and by scope, and the number of users."""

    memories: int
    users: int
    updated_at: datetime | None
    kinds: list[NamedCount]
    scopes: list[NamedCount]


@dataclass(frozen=True)
class FeedbackFilter:
    """Filters of feedback; `q` is part of a comment or edit, `has` a required field."""

    rating: ConversationOpinion | None = None
    q: str | None = None
    has: Literal["comment", "edited_text"] | None = None


class FeedbackView(View):
    """Feedback on a message or a conversation; a conversation that has not arrived has no name."""

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
    """Numbers of positive (+1, or 4-5 of 5) and all ratings, with Wilson's 95% interval; without
    bounds under ten ratings.
    """

    rated: int
    positive: int
    neutral: int
    negative: int
    ratio: float | None
    low: float | None
    high: float | None


class RatingsOfDay(Ratings):
    """Ratings of one day of the reporting time zone."""

    at: datetime


class RatingsOfModel(Ratings):
    """Ratings of one model's answers; without a name, of answers whose model is unknown."""

    model: str


class RatingsOfValue(Ratings):
    """Ratings of the answers of one prompt version, as name@version, or of one release; without a
    value, of answers for which it is unknown.
    """

    value: str


class FeedbackBefore(Ratings):
    """Ratings of the previous period, and how many had a comment."""

    with_comment: int
    with_edit: int


class FeedbackStats(FeedbackBefore):
    """Feedback of a period: in total, by day, by what made the answers, and of as much of the
    previous period.

    `models_of` is the number of latest ratings that the models, prompt versions and releases are
    based on; without one of a message, that of its conversation counts. `is_previous_whole` is
    false where retention has deleted ratings of the previous period, which is then not compared.
    """

    days: list[RatingsOfDay]
    models: list[RatingsOfModel]
    prompt_versions: list[RatingsOfValue]
    releases: list[RatingsOfValue]
    models_of: int
    previous: FeedbackBefore
    is_previous_whole: bool
