"""Tables of users, events, and what is derived from them for the funnel; ingest.py keeps the derived ones."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Computed, Identity, Index, PrimaryKeyConstraint, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.rollups import Grain
from core.database.tables import CoreTable, Created, one_of

MARKS = ARRAY(BigInteger())
FAILED = "error_code is not null or event_type like '%\\_error'"
SLOT = "date_bin('10 minutes', last_seen_at, timestamptz '2000-01-01 00:00:00+00')"
REACHED_LATER = ["reached_2", "reached_3", "reached_4", "reached_5", "sample"]
NAMES = "lower(external_id || chr(10) || coalesce(email, ''::text) || chr(10) || coalesce(display_name, ''::text))"
EMPTY = text("'{}'::jsonb")
NEVER = text("'-infinity'::date")


class User(Created, CoreTable):
    """A user of the product: made and updated from what names him. Key: uuid5 of the sender's id.

    Whoever is seen again has `last_seen_at` changed with each batch; so that no index must be, the index is of ten minutes.
    `search` is looked through for a part of a name: one column that is in small letters already, rather than three.
    """

    __tablename__ = "users"
    __table_args__ = (Index(None, "last_seen_slot"), Index(None, "first_seen_at"), {"postgresql_with": {"fillfactor": 70}})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # Unique as the key is. A second unique index would make two that meet the same user at once fail.
    external_id: Mapped[str] = mapped_column(index=True)
    email: Mapped[str | None]
    display_name: Mapped[str | None]
    traits: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    told: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)  # how new each field is (core/database/newest_values.py)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    last_seen_slot: Mapped[datetime] = mapped_column(Computed(SLOT, persisted=True))
    search: Mapped[str] = mapped_column(Computed(NAMES, persisted=True))


class UserDay(CoreTable):
    """That a user was there on a day of the reporting time zone: distinct users are not additive."""

    __tablename__ = "user_days"
    __table_args__ = (
        Index(None, "user_id"),
        Index("ix_user_days_import", "import_id", postgresql_where=text("import_id is not null")),
    )

    day: Mapped[date] = mapped_column(primary_key=True)
    environment: Mapped[str] = mapped_column(primary_key=True)
    app: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID | None]  # of what only imports have seen, one of them


class UserSpan(CoreTable):
    """Since when and until when a user was there, of each app and (`*`) of all. Triggers of `user_days` keep it.

    One index for all: each day of a user may change it.
    """

    __tablename__ = "user_spans"
    __table_args__ = (
        Index(None, "environment", "app", "first_day", postgresql_include=["last_day", "user_id"]),
        {"postgresql_with": {"fillfactor": 70}},
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    environment: Mapped[str] = mapped_column(primary_key=True)
    app: Mapped[str] = mapped_column(primary_key=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    previous_day: Mapped[date] = mapped_column(server_default=NEVER)  # what last_day was when the trigger last met the row


class UserDayCounts:
    """How many users were active on a day, by the day on which they had been active before; `-infinity` is never.

    The distinct users of a range of days are those whose previous day lies before the range.
    """

    environment: Mapped[str]
    app: Mapped[str]
    day: Mapped[date]
    previous_day: Mapped[date]
    users: Mapped[int] = mapped_column(BigInteger)


class UserDayCount(UserDayCounts, CoreTable):
    """Users by day and previous day, of each app and (`*`) of all."""

    __tablename__ = "user_day_counts"
    __table_args__ = (PrimaryKeyConstraint("environment", "app", "day", "previous_day"),)


class UserDayCountDelta(UserDayCounts, CoreTable):
    """What a change of `user_days` adds to the counts: its triggers write it, a job folds it in, readers add both."""

    __tablename__ = "user_day_count_deltas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)


class Event(CoreTable):
    """One thing that happened. Partitioned by day; core/database/partitions.py makes and drops the parts."""

    __tablename__ = "user_activity_events"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "user_id", "created_at", postgresql_where=text("user_id is not null")),
        Index(None, "session_id", "created_at", postgresql_where=text("session_id is not null")),
        Index(
            "ix_user_activity_events_failed",
            "environment",
            "created_at",
            postgresql_include=["event_type", "error_code", "user_id", "session_id", "app", "release"],
            postgresql_where=text(FAILED),
        ),
        Index("ix_user_activity_events_import", "import_id", "created_at", "id", postgresql_where=text("import_id is not null")),
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


class Release(CoreTable):
    """When a release of an app was seen first: what one import brought apart from what others, or none (all zeros), did."""

    __tablename__ = "releases"

    environment: Mapped[str] = mapped_column(primary_key=True)
    app: Mapped[str] = mapped_column(primary_key=True)
    release: Mapped[str] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    first_seen_at: Mapped[datetime]


class FunnelEvent(CoreTable):
    """An event type that funnels may use, and the code that stands for it in marks."""

    __tablename__ = "funnel_events"

    event_type: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[int] = mapped_column(SmallInteger, unique=True)


class FunnelPart(CoreTable):
    """What one session did without a name (`s:`), or one user under his name (`u:`).

    A mark is the code of the event's type in the upper byte and microseconds since 1970 below, so that sorted marks of a type
    stand together; of each type the earliest and the latest sixteen are kept. A session's owner is the user of its earliest event
    that names one.
    """

    __tablename__ = "funnel_parts"
    __table_args__ = (
        Index(None, "owner", "environment", "app"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    part: Mapped[str] = mapped_column(primary_key=True)  # first: without statistics the planner would take a workspace for a row
    environment: Mapped[str] = mapped_column(primary_key=True)
    app: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    former_owner: Mapped[str | None]
    linked_at: Mapped[datetime | None]
    linked_to: Mapped[str | None]
    marks: Mapped[list[int]] = mapped_column(MARKS)
    is_cut: Mapped[bool]


class Subject(CoreTable):
    """One who goes through the funnel: all his parts together, and when he reached each step of the saved one.

    Of each app; and of all apps of an environment (`*`), where he is in several. `is_whole`: all that is known of him there.
    `is_unsure`: a mark that was dropped may have changed what was reached, so that readers look into the raw rows.
    `sample` is a hash of the subject, below 1024: medians of very many are taken of some.
    """

    __tablename__ = "subjects"
    __table_args__ = (
        Index(
            "ix_subjects_reached",
            "environment",
            "app",
            "reached_1",
            postgresql_include=REACHED_LATER,
            postgresql_where=text("not is_unsure and is_whole"),
        ),
        Index(
            "ix_subjects_reached_apart",
            "environment",
            "app",
            "reached_1",
            postgresql_include=REACHED_LATER,
            postgresql_where=text("not is_unsure and not is_whole"),
        ),
        Index(
            "ix_subjects_anonymous",
            "environment",
            "app",
            "reached_1",
            "subject",
            postgresql_where=text("subject like 's:%'"),
        ),
        Index("ix_subjects_whole", "subject", "environment", unique=True, postgresql_where=text("is_whole")),
        Index("ix_subjects_unsure", "environment", postgresql_where=text("is_unsure")),
        Index("ix_subjects_cut", "environment", postgresql_where=text("is_cut")),
        {"postgresql_with": {"fillfactor": 70}},
    )

    subject: Mapped[str] = mapped_column(primary_key=True)
    environment: Mapped[str] = mapped_column(primary_key=True)
    app: Mapped[str] = mapped_column(primary_key=True)
    marks: Mapped[list[int]] = mapped_column(MARKS)
    is_cut: Mapped[bool]
    reached_1: Mapped[datetime | None]
    reached_2: Mapped[datetime | None]
    reached_3: Mapped[datetime | None]
    reached_4: Mapped[datetime | None]
    reached_5: Mapped[datetime | None]
    is_unsure: Mapped[bool] = mapped_column(server_default=text("false"))
    is_whole: Mapped[bool] = mapped_column(server_default=text("true"))
    sample: Mapped[int] = mapped_column(SmallInteger, Computed("(hashtext(subject) & 1023)::smallint", persisted=True))


class EventApp(CoreTable):
    """That an app has sent events."""

    __tablename__ = "event_apps"

    environment: Mapped[str] = mapped_column(primary_key=True)
    app: Mapped[str] = mapped_column(primary_key=True)


class EventCounts:
    """How many events there were in a time, and how many of them carry an error."""

    at: Mapped[datetime]
    environment: Mapped[str]
    app: Mapped[str]
    event_type: Mapped[str]
    events: Mapped[int] = mapped_column(BigInteger)
    errors: Mapped[int] = mapped_column(BigInteger)


class EventRollup(EventCounts, CoreTable):
    """Events per half hour or day (of the reporting time zone) and type."""

    __tablename__ = "event_rollups"
    __table_args__ = (
        one_of("grain", Grain),
        PrimaryKeyConstraint("grain", "at", "environment", "app", "event_type"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    grain: Mapped[str]


class EventDelta(EventCounts, CoreTable):
    """What one batch adds to the half hours; a job folds it in, and readers add it until then."""

    __tablename__ = "event_deltas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
