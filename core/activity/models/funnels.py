"""Tables derived from events for funnels; core/activity/ingest/funnel keeps them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Computed,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.activity.schemas import MOST_SAVED_STEPS
from core.database.tables import CoreTable

MARKS = ARRAY(BigInteger())
MOST_CODES = 100  # of event types
REACHED = tuple(f"reached_{number}" for number in range(1, MOST_SAVED_STEPS + 1))
# The indexes of reached_1 include these: the workspace's funnel is counted without reading rows
READ_WITH_REACHED = [*REACHED[1:], "sample", "of_release", "subject"]


class EventType(CoreTable):
    """An event type that was received."""

    __tablename__ = "event_types"

    event_type: Mapped[str] = mapped_column(primary_key=True)
    first_seen_at: Mapped[datetime]


class FunnelEvent(CoreTable):
    """An event type that has a code in marks.

    One that was received before it had a code (`coded_at`) is marked from `marked_since` on: a job
    moves that back to `kept_since`, where the raw rows begin. All three are null where every event
    has a mark.
    """

    __tablename__ = "funnel_events"

    event_type: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[int] = mapped_column(SmallInteger, unique=True)
    coded_at: Mapped[datetime | None]
    marked_since: Mapped[datetime | None]
    kept_since: Mapped[datetime | None]

    @property
    def is_behind(self) -> bool:
        """Whether earlier events are still without marks."""
        return (
            self.marked_since is not None
            and self.kept_since is not None
            and self.marked_since > self.kept_since
        )

    @property
    def progress(self) -> float:
        """Which part of the time with raw rows is marked."""
        if not (self.is_behind and self.coded_at and self.marked_since and self.kept_since):
            return 1.0
        whole = max(self.coded_at, self.marked_since) - self.kept_since
        return min(1 - (self.marked_since - self.kept_since) / whole, 0.99)


class SavedFunnel(CoreTable):
    """A funnel under a name; the workspace's is what users' statuses and the Overview follow."""

    __tablename__ = "funnels"
    __table_args__ = (
        Index(
            "ix_funnels_workspace",
            "is_workspace",
            unique=True,
            postgresql_where=text("is_workspace"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    is_workspace: Mapped[bool] = mapped_column(server_default=text("false"))
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class SavedFunnelVersion(CoreTable):
    """What a funnel was from some time on. `steps`: a list of {label, event_types, optional}.

    `subjects` holds what was reached of the one that is applied.
    """

    __tablename__ = "funnel_versions"
    __table_args__ = (
        Index(None, "funnel_id", "number", unique=True),
        Index(
            "ix_funnel_versions_applied",
            "is_applied",
            unique=True,
            postgresql_where=text("is_applied"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    funnel_id: Mapped[UUID] = mapped_column(ForeignKey("funnels.id", ondelete="CASCADE"))
    number: Mapped[int]
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    window_days: Mapped[int]
    any_order: Mapped[bool]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    applied_at: Mapped[datetime | None]
    is_applied: Mapped[bool] = mapped_column(server_default=text("false"))


class FunnelPart(CoreTable):
    """What one session did without a name (`s:`), or one user did with an ID (`u:`).

    A mark is the code of the event's type in the upper byte and microseconds since 1970 below, so
    that sorted marks of a type stand together; of each type the earliest and the latest sixteen are
    kept. A session's owner is the user of its earliest event that names one.
    """

    __tablename__ = "funnel_parts"
    __table_args__ = (
        # Owners of thousands of sessions are read at once: from this index, without the table
        PrimaryKeyConstraint("part", "environment", "app", postgresql_include=["owner"]),
        Index(None, "owner", "environment", "app"),
        # Each batch of a user updates the same row: free space keeps its versions in one page
        {"postgresql_with": {"fillfactor": 70}},
    )

    # First: without statistics the planner would take a workspace for a row
    part: Mapped[str]
    environment: Mapped[str]
    app: Mapped[str]
    owner: Mapped[str]
    former_owner: Mapped[str | None]
    linked_at: Mapped[datetime | None]
    linked_to: Mapped[str | None]
    marks: Mapped[list[int]] = mapped_column(MARKS)
    is_cut: Mapped[bool]


class Subject(CoreTable):
    """A user or anonymous session in the funnel: all its parts together, and when it reached each
    step of the workspace's.

    Of each app; and of all apps of an environment (`*`), when it is in several. `is_whole`: all
    that is known of it there. `is_unsure`: a mark that was dropped may have changed what was
    reached, so that readers look into the raw rows. `sample` is a hash of the subject, below 1024:
    medians of very many are taken of some.

    Partitioned by `of_release`: rows whose environment is the place of a release are two of three,
    and whoever reads all subjects of an environment would read them, too.
    """

    __tablename__ = "subjects"
    __table_args__ = (
        Index(
            "ix_subjects_reached",
            "environment",
            "app",
            "reached_1",
            postgresql_include=READ_WITH_REACHED,
            postgresql_where=text("not is_unsure and is_whole"),
        ),
        Index(
            "ix_subjects_reached_apart",
            "environment",
            "app",
            "reached_1",
            postgresql_include=READ_WITH_REACHED,
            postgresql_where=text("not is_unsure and not is_whole"),
        ),
        Index(
            "ix_subjects_anonymous",
            "environment",
            "app",
            "reached_1",
            "subject",
            postgresql_include=["of_release"],
            postgresql_where=text("subject like 's:%'"),
        ),
        Index(
            "ix_subjects_whole",
            "subject",
            "environment",
            "of_release",
            unique=True,
            postgresql_where=text("is_whole"),
        ),
        Index(
            "ix_subjects_sample",
            "environment",
            "app",
            "sample",
            # As many samples as paths read of a large workspace (INDEXED in path_rows.py)
            postgresql_where=text("sample < 16"),
        ),
        Index("ix_subjects_unsure", "environment", postgresql_where=text("is_unsure")),
        Index("ix_subjects_cut", "environment", postgresql_where=text("is_cut")),
        {"postgresql_partition_by": "LIST (of_release)"},
    )

    subject: Mapped[str] = mapped_column(primary_key=True)
    environment: Mapped[str] = mapped_column(primary_key=True)
    app: Mapped[str] = mapped_column(primary_key=True)
    of_release: Mapped[bool] = mapped_column(primary_key=True)
    marks: Mapped[list[int]] = mapped_column(MARKS)
    is_cut: Mapped[bool]
    reached_1: Mapped[datetime | None]
    reached_2: Mapped[datetime | None]
    reached_3: Mapped[datetime | None]
    reached_4: Mapped[datetime | None]
    reached_5: Mapped[datetime | None]
    reached_6: Mapped[datetime | None]
    reached_7: Mapped[datetime | None]
    reached_8: Mapped[datetime | None]
    is_unsure: Mapped[bool] = mapped_column(server_default=text("false"))
    is_whole: Mapped[bool] = mapped_column(server_default=text("true"))
    sample: Mapped[int] = mapped_column(
        SmallInteger, Computed("(hashtext(subject) & 1023)::smallint", persisted=True)
    )
