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
    """The verdict of a reviewer."""

    CORRECTION = "correction"
    IMPROVEMENT = "improvement"
    FLAG = "flag"
    APPROVED = "approved"


class AnnotationSeverity(StrEnum):
    """How severe the problem is."""

    MINOR = "minor"
    MODERATE = "moderate"
    CRITICAL = "critical"


class AnnotationStatus(StrEnum):
    """The progress of an annotation."""

    PENDING = "pending"
    REVIEWED = "reviewed"
    APPLIED = "applied"


class AnnotationOrder(StrEnum):
    """Orders of annotations; a minus is descending."""

    NEWEST_FIRST = "-created"
    OLDEST_FIRST = "created"
    MOST_SEVERE = "-severity"
    LEAST_SEVERE = "severity"
    APPLIED_FIRST = "-status"
    PENDING_FIRST = "status"
    AUTHOR = "author"
    AUTHOR_BACKWARDS = "-author"


class ItemState(StrEnum):
    """Whether an item waits for reviewers, for adjudication, or is done."""

    WAITING = "waiting"
    ADJUDICATION = "adjudication"
    DONE = "done"


class ItemOutcome(StrEnum):
    """How a reviewer left an item: completed or skipped."""

    DONE = "done"
    SKIPPED = "skipped"
    APPROVED = "approved"


class QueueReason(StrEnum):
    RATED_LOW = "rated_low"
    SCORE = "score"
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
# The length of a tag counts after spaces are joined; this bounds the work until then
Tag = Annotated[str, Field(max_length=1000), AfterValidator(_tag)]
Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS), AfterValidator(_once)]


class ReviewVerdict(BaseModel):
    """A reviewer's verdict on the message of a leased item."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"annotation_type": "approved"}}
    )

    annotation_type: AnnotationType
    content: Words = ""
    suggested_response: Words | None = None
    severity: AnnotationSeverity | None = None
    tags: Tags = []


class AdjudicationDecision(BaseModel):
    """The result of an adjudication; fields that are left out come from the chosen annotation."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"content": "Both are right; the date is what matters."}},
    )

    annotation_type: AnnotationType | None = None
    content: Words | None = None
    suggested_response: Words | None = None
    severity: AnnotationSeverity | None = None
    tags: Tags | None = None


class NewAnnotation(ReviewVerdict):
    """A verdict on a message, by Attune's ID or the sender's."""

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


class AnnotationChangeBody(AdjudicationDecision):
    """The fields to change; fields that are left out stay."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"severity": "minor", "tags": ["tone"]}}
    )

    status: AnnotationStatus | None = None
    applied_version: str | None = Field(
        default=None,
        max_length=260,
        pattern=r"^[^\x00-\x1f@]+@[1-9][0-9]*$",
        description="`name@7`: the prompt version by which it is applied.",
    )


class AnnotationView(View):
    """An annotation with the snapshot of its message."""

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
    experiment_arm: str
    user_id: str | None
    message_role: MessageSpeaker
    message_at: datetime
    reviewed_by: UUID | None
    reviewed_by_name: str | None
    reviewed_at: datetime | None
    applied_by: UUID | None
    applied_by_name: str | None
    applied_at: datetime | None
    applied_version: str | None
    created_at: datetime
    updated_at: datetime


class ChangeView(View):
    """A change of an annotation: account, time, and fields before and after.

    Without `after`, it is the deletion.
    """

    at: datetime
    by: UUID
    by_name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True)
class AnnotationFilter:
    status: AnnotationStatus | None = None
    type: AnnotationType | None = None
    severity: AnnotationSeverity | None = None
    tag: str | None = None
    author: UUID | None = None
    message_id: UUID | None = None
    conversation_id: UUID | None = None
    environment: str | None = None
    prompt_version: str | None = None
    experiment_arm: str | None = None
    applied_version: str | None = None  # `name@7`, or `name` for all its versions
    start: datetime | None = None
    end: datetime | None = None


class QueueItemView(View):
    """A queue item: its reasons, and its lease."""

    id: UUID
    message_id: UUID
    conversation_id: UUID
    reasons: list[QueueReason]
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
    experiment_arm: str
    user_id: str | None
    message_role: MessageSpeaker
    message_at: datetime
    created_at: datetime
    done_at: datetime | None
    decided_by: UUID | None


class ReviewRequest(BaseModel):
    """A message to add to the queue, by Attune's ID or the sender's."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"message_id": "m-17"}})

    message_id: str = Field(min_length=1, max_length=128)
    reviews_wanted: int = Field(default=1, ge=1, le=5)


class BulkAction(StrEnum):
    APPROVE = "approve"
    SKIP = "skip"


class BulkBody(BaseModel):
    """Selected queue items, and the action."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {"action": "approve", "ids": ["0190a6e0-0000-7000-8000-000000000000"]}
        },
    )

    action: BulkAction
    ids: list[UUID] = Field(min_length=1, max_length=200)


class BulkDone(View):
    """Changed items, and those skipped because they are leased to others or done."""

    done: list[UUID]
    left: list[UUID]
