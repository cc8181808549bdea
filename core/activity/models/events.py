"""Tables of events, releases and apps, and the rollups of events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, PrimaryKeyConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.rollups import Grain
from core.database.tables import CoreTable, one_of

FAILED = "error_code is not null or event_type like '%\\_error'"


class Event(CoreTable):
    """An event. Partitioned by day (core/database/partitions.py)."""

    __tablename__ = "user_activity_events"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "user_id", "created_at", postgresql_where=text("user_id is not null")),
        Index(None, "session_id", "created_at", postgresql_where=text("session_id is not null")),
        Index(
            "ix_user_activity_events_failed",
            "environment",
            "created_at",
            # All that errors are counted by, so that no row has to be read
            postgresql_include=[
                "event_type",
                "error_code",
                "user_id",
                "session_id",
                "app",
                "release",
            ],
            postgresql_where=text(FAILED),
        ),
        Index(
            "ix_user_activity_events_import",
            "import_id",
            "created_at",
            "id",
            postgresql_where=text("import_id is not null"),
        ),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(primary_key=True)
    external_id: Mapped[str | None]
    user_id: Mapped[UUID | None]
    session_id: Mapped[str | None]
    event_type: Mapped[str]
    event_category: Mapped[str]
    event_data: Mapped[dict[str, Any] | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    ip_address: Mapped[str | None]
    user_agent: Mapped[str | None]
    environment: Mapped[str]
    app: Mapped[str]
    release: Mapped[str]
    import_id: Mapped[UUID | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PendingEvent(CoreTable):
    """A stored event from which users, their days, parts and subjects are yet to be derived; or an
    AI request, of no event type, from which users and their days are.
    """

    __tablename__ = "pending_events"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    stored_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime]
    user_id: Mapped[UUID | None]
    user_name: Mapped[str | None]
    session_id: Mapped[str | None]
    event_type: Mapped[str]
    environment: Mapped[str]
    app: Mapped[str]
    release: Mapped[str] = mapped_column(server_default="")


class Release(CoreTable):
    """When a release of an app was first seen, per import; all zeros stands for no import."""

    __tablename__ = "releases"

    environment: Mapped[str] = mapped_column(primary_key=True)
    app: Mapped[str] = mapped_column(primary_key=True)
    release: Mapped[str] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    first_seen_at: Mapped[datetime]


class DimensionValue(CoreTable):
    """When a prompt version or an experiment's arm was first seen, per import (zeros: none)."""

    __tablename__ = "dimension_values"

    environment: Mapped[str] = mapped_column(primary_key=True)
    app: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)  # a filter's name
    value: Mapped[str] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    first_seen_at: Mapped[datetime]


class EventApp(CoreTable):
    """That an app has sent events."""

    __tablename__ = "event_apps"

    environment: Mapped[str] = mapped_column(primary_key=True)
    app: Mapped[str] = mapped_column(primary_key=True)


class EventCounts:
    """Number of events in an interval, and of those with an error code."""

    at: Mapped[datetime]
    environment: Mapped[str]
    app: Mapped[str]
    event_type: Mapped[str]
    release: Mapped[str]  # empty also where it was not counted before raw rows were deleted
    events: Mapped[int] = mapped_column(BigInteger)
    errors: Mapped[int] = mapped_column(BigInteger)


class EventRollup(EventCounts, CoreTable):
    """Events per half hour or day (of the reporting time zone), type and release."""

    __tablename__ = "event_rollups"
    __table_args__ = (
        one_of("grain", Grain),
        PrimaryKeyConstraint("grain", "at", "environment", "app", "event_type", "release"),
        # Folding updates the same rows again and again: free space keeps them in their page
        {"postgresql_with": {"fillfactor": 50}},
    )

    grain: Mapped[str]


class EventDelta(EventCounts, CoreTable):
    """A batch's change of the half hours; a job folds it in, readers add it until then."""

    __tablename__ = "event_deltas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
