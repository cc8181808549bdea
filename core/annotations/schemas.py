"""Annotations and queue items: inputs and views."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.conversations.schemas import MessageSpeaker
from core.database.tables import storable
from core.identity.schemas import View

LONGEST_TEXT = 200_000
LONGEST_TAG = 64
MOST_TAGS = 20


class AnnotationType(StrEnum):
    """What a reviewer says of a message."""

    CORRECTION = "correction"
    IMPROVEMENT = "improvement"
    FLAG = "flag"
    APPROVED = "approved"


class AnnotationSeverity(StrEnum):
    """How bad it is."""

    MINOR = "minor"
    MODERATE = "moderate"
    CRITICAL = "critical"


class AnnotationStatus(StrEnum):
    """How far it has come."""

    PENDING = "pending"
    REVIEWED = "reviewed"
    APPLIED = "applied"


class ItemState(StrEnum):
    """Whether an item of the queue waits for reviewers, for somebody who decides, or for nobody."""

    WAITING = "waiting"
    ADJUDICATION = "adjudication"
    DONE = "done"


class ItemOutcome(StrEnum):
    """How a reviewer has left an item of the queue."""

    DONE = "done"
    SKIPPED = "skipped"
    APPROVED = "approved"


class Reason(StrEnum):
    """Why a message is in the queue."""

    RATED_LOW = "rated_low"
    EDITED = "edited"
    ERROR = "error"
    SLOW = "slow"
    ESCALATED = "escalated"
    ASKED_FOR = "asked_for"
    SAMPLE = "sample"


def _tag(given: str) -> str:
    tag = " ".join(storable(given).lower().split())
    if not 1 <= len(tag) <= LONGEST_TAG:
        raise ValueError(f"Tags must have 1 to {LONGEST_TAG} characters.")
    return tag


def _once(given: list[str]) -> list[str]:
    return list(dict.fromkeys(given))


Words = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(storable)]
Tag = Annotated[str, Field(max_length=1000), AfterValidator(_tag)]
Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS), AfterValidator(_once)]


class ReviewVerdict(BaseModel):
    """What a reviewer says of the message of an item that he has."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"annotation_type": "approved"}})

    annotation_type: AnnotationType
    content: Words = ""
    suggested_response: Words | None = None
    severity: AnnotationSeverity | None = None
    tags: Tags = []


class Decision(BaseModel):
    """What holds between reviewers who disagree; what is left out is as the chosen annotation says."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"content": "Both are right; the date is what matters."}}
    )

    annotation_type: AnnotationType | None = None
    content: Words | None = None
    suggested_response: Words | None = None
    severity: AnnotationSeverity | None = None
    tags: Tags | None = None


class NewAnnotation(ReviewVerdict):
    """What somebody says of a message, by our id of it or the sender's."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "message_id": "m-17",
                "annotation_type": "correction",
                "content": "The deadline is the 30th, not the 31st.",
                "suggested_response": "You have until the 30th.",
                "severity": "moderate",
                "tags": ["accuracy"],
            }
        },
    )

    message_id: str = Field(min_length=1, max_length=128)
    status: AnnotationStatus = AnnotationStatus.PENDING


class AnnotationChangeBody(Decision):
    """What to change of an annotation; what is left out stays."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"severity": "minor", "tags": ["tone"]}})

    status: AnnotationStatus | None = None


class AnnotationView(View):
    """An annotation, with what its message was."""

    id: UUID
    message_id: UUID
    conversation_id: UUID
    admin_user_id: UUID
    author_name: str
    annotation_type: AnnotationType
    content: str
    suggested_response: str | None
    severity: AnnotationSeverity | None
    tags: list[str]
    status: AnnotationStatus
    round: int
    review_item_id: UUID | None
    environment: str
    app: str
    model: str
    provider: str
    prompt_version: str
    user_id: str | None
    message_role: MessageSpeaker
    message_at: datetime
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    applied_by: UUID | None
    applied_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ChangeView(View):
    """One change of an annotation: who, when, and the fields before and after. Without `after`, it was deleted."""

    at: datetime
    by: UUID
    by_name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True)
class AnnotationFilter:
    """Which annotations are wanted."""

    status: AnnotationStatus | None = None
    type: AnnotationType | None = None
    severity: AnnotationSeverity | None = None
    tag: str | None = None
    author: UUID | None = None
    message_id: UUID | None = None
    conversation_id: UUID | None = None
    environment: str | None = None
    start: datetime | None = None
    end: datetime | None = None


class QueueItemView(View):
    """An item of the queue: why it is there, who has it, and until when."""

    id: UUID
    message_id: UUID
    conversation_id: UUID
    reasons: list[Reason]
    priority: int
    state: ItemState
    claimed_by: UUID | None
    claimed_until: datetime | None
    reviews_wanted: int
    reviews_done: int
    environment: str
    app: str
    model: str
    provider: str
    prompt_version: str
    user_id: str | None
    message_role: MessageSpeaker
    message_at: datetime
    created_at: datetime
    done_at: datetime | None


class AskedFor(BaseModel):
    """A message that somebody wants to have reviewed, by our id or the sender's."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"message_id": "m-17"}})

    message_id: str = Field(min_length=1, max_length=128)
    reviews_wanted: int = Field(default=1, ge=1, le=5)


class BulkAction(StrEnum):
    """What is done with a selection."""

    APPROVE = "approve"
    SKIP = "skip"


class BulkBody(BaseModel):
    """A selection of the queue, and what to do with it."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"action": "approve", "ids": ["0190a6e0-0000-7000-8000-000000000000"]}}
    )

    action: BulkAction
    ids: list[UUID] = Field(min_length=1, max_length=200)


class BulkDone(View):
    """What was done, and what was left because others have it, or have done it."""

    done: list[UUID]
    left: list[UUID]
