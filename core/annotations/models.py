"""Tables of annotations, their history and drafts, and the review queue, in the database `ai`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.annotations.schemas import (
    AnnotationSeverity,
    AnnotationStatus,
    AnnotationType,
    ItemOutcome,
    ItemState,
)
from core.database.tables import AiTable, Created, Keyed, one_of

NOTHING = text("'{}'")


class Snapshot:
    """Message columns copied at annotation time: filters need no other database."""

    environment: Mapped[str]
    app: Mapped[str] = mapped_column(server_default="")
    model: Mapped[str] = mapped_column(server_default="")
    provider: Mapped[str] = mapped_column(server_default="")
    prompt_version: Mapped[str] = mapped_column(server_default="")  # as prompt_title() writes it
    experiment_arm: Mapped[str] = mapped_column(server_default="")
    user_id: Mapped[str | None]  # the sender's ID
    message_role: Mapped[str]
    message_at: Mapped[datetime]


class Annotation(Keyed, Snapshot, Created, AiTable):
    """An account's verdict on a message."""

    __tablename__ = "ai_admin_annotations"
    __table_args__ = (
        one_of("annotation_type", AnnotationType),
        one_of("severity", AnnotationSeverity),
        one_of("status", AnnotationStatus),
        Index(None, "message_id"),
        Index(None, "conversation_id"),
        Index(None, "status"),
        Index(None, "annotation_type"),
        Index(None, "created_at", "id"),
        Index(
            "ix_ai_admin_annotations_import",
            "import_id",
            postgresql_where=text("import_id is not null"),
        ),
        Index("ix_ai_admin_annotations_tags", "tags", postgresql_using="gin"),
        Index(
            "ix_ai_admin_annotations_applied_version",
            "applied_version",
            postgresql_where=text("applied_version is not null"),
        ),
    )

    # Messages and accounts are in the database `core`, so foreign keys are not possible
    message_id: Mapped[UUID]
    conversation_id: Mapped[UUID]
    admin_user_id: Mapped[UUID]
    author_name: Mapped[str]
    annotation_type: Mapped[str]
    content: Mapped[str] = mapped_column(server_default="")
    suggested_response: Mapped[str | None]
    severity: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=NOTHING)
    status: Mapped[str] = mapped_column(server_default=AnnotationStatus.PENDING)
    # 1 is the first review, 2 each further one, 3 the adjudication
    round: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    review_item_id: Mapped[UUID | None]
    reviewed_by: Mapped[UUID | None]
    reviewed_by_name: Mapped[str | None]
    reviewed_at: Mapped[datetime | None]
    applied_by: Mapped[UUID | None]
    applied_by_name: Mapped[str | None]
    applied_at: Mapped[datetime | None]
    applied_version: Mapped[str | None]  # `name@7`: the prompt version that it led to
    import_id: Mapped[UUID | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AnnotationChange(Keyed, AiTable):
    """An annotation before and after a change; it stays when the annotation is deleted."""

    __tablename__ = "ai_annotation_changes"
    __table_args__ = (Index(None, "annotation_id", "at"),)

    annotation_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    by: Mapped[UUID]
    by_name: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class AnnotationDraft(AiTable):
    """An unfinished annotation."""

    __tablename__ = "ai_annotation_drafts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    fields: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ReviewItem(Keyed, Snapshot, Created, AiTable):
    """A message to review, and the reasons."""

    __tablename__ = "review_items"
    __table_args__ = (
        one_of("state", ItemState),
        # Rules check a message more than once, and must not add a second item
        Index(None, "message_id", unique=True),
        Index(
            "ix_review_items_waiting",
            text("priority desc"),
            "message_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_review_items_claimed", "claimed_by", postgresql_where=text("claimed_by is not null")
        ),
        # For the age of the backlog, which is asked for without the order of assignment
        Index("ix_review_items_oldest", "created_at", postgresql_where=text("state = 'waiting'")),
        Index(
            "ix_review_items_adjudication",
            "created_at",
            "id",
            postgresql_where=text("state = 'adjudication'"),
        ),
        Index(
            "ix_review_items_import", "import_id", postgresql_where=text("import_id is not null")
        ),
    )

    message_id: Mapped[UUID]
    conversation_id: Mapped[UUID]
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=NOTHING)
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    claimed_by: Mapped[UUID | None]
    claimed_until: Mapped[datetime | None]
    reviews_wanted: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    reviews_done: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    state: Mapped[str] = mapped_column(server_default=ItemState.WAITING)
    done_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]  # the adjudicator; without an annotation, neither applies
    import_id: Mapped[UUID | None]


class ReviewPass(AiTable):
    """An account has completed or skipped an item, and does not get it again."""

    __tablename__ = "review_passes"
    __table_args__ = (one_of("outcome", ItemOutcome), Index(None, "account_id", "at"))

    item_id: Mapped[UUID] = mapped_column(
        ForeignKey("review_items.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class PreferencePair(Keyed, Created, AiTable):
    """Two answers to the same messages, one preferred; it keeps its own copies of the texts.

    `origin_id` is the turn or the replay that was voted on, `rejected_place` the column of the
    worse answer, `conversation_id` the comparison or the replayed conversation, whose pairs are in
    one split; prompts are titles of versions.
    """

    __tablename__ = "preference_pairs"
    __table_args__ = (
        UniqueConstraint("origin_id", "rejected_place"),
        Index(None, "created_at", "id"),
    )

    origin: Mapped[str]
    origin_id: Mapped[UUID]
    conversation_id: Mapped[UUID]
    rejected_place: Mapped[int] = mapped_column(SmallInteger)
    prompt: Mapped[list[dict[str, Any]]]
    chosen: Mapped[str]
    rejected: Mapped[str]
    chosen_model: Mapped[str]
    rejected_model: Mapped[str]
    chosen_prompt: Mapped[str]
    rejected_prompt: Mapped[str]
    reason: Mapped[str | None]
    voter: Mapped[UUID]
    is_blind: Mapped[bool]
