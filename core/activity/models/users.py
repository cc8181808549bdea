"""Tables of users, and of the days on which they were active."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Computed, Identity, Index, PrimaryKeyConstraint, column, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, prefix_index

SLOT = "date_bin('10 minutes', last_seen_at, timestamptz '2000-01-01 00:00:00+00')"
NAMES = (
    "lower(external_id || chr(10) || coalesce(email, ''::text) || chr(10) || "
    "coalesce(display_name, ''::text))"
)
EMPTY = text("'{}'::jsonb")
NEVER = text("'-infinity'::date")


class User(Created, CoreTable):
    """A user of the product, from rows that name it. Key: uuid5 of the sender's id.

    Each batch changes `last_seen_at` of the users in it; so that no index changes each time, the
    index is of ten minutes. `search` is looked through for a part of a name: one column that is in
    small letters already, rather than three.
    """

    __tablename__ = "users"
    __table_args__ = (
        Index(None, "last_seen_slot"),
        Index(None, "first_seen_at"),
        prefix_index("ix_users_id_prefix", column("external_id")),
        prefix_index("ix_users_email_prefix", column("email")),
        prefix_index("ix_users_name_prefix", column("display_name")),
        {"postgresql_with": {"fillfactor": 70}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # Unique as the key is. A second unique index would make two that meet the same user at once
    # fail.
    external_id: Mapped[str] = mapped_column(index=True)
    email: Mapped[str | None]
    display_name: Mapped[str | None]
    traits: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    # How new each field is (core/database/field_versions.py)
    told: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    last_seen_slot: Mapped[datetime] = mapped_column(Computed(SLOT, persisted=True))
    search: Mapped[str] = mapped_column(Computed(NAMES, persisted=True))


class UserDay(CoreTable):
    """A day of the reporting time zone on which a user was active."""

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
    """Since when and until when a user was there, of each app and (`*`) of all. Triggers of
    `user_days` keep it.

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
    # What last_day was when the trigger last met the row
    previous_day: Mapped[date] = mapped_column(server_default=NEVER)


class UserDayCounts:
    """How many users were active on a day, by the day on which they had been active before;
    `-infinity` is never.

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
    """Changes of the counts: triggers of `user_days` add them, a job folds, readers add both."""

    __tablename__ = "user_day_count_deltas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)


class UserWeekCounts:
    """How many users were active in a week, by their first one: cohorts. Both are Mondays."""

    environment: Mapped[str]
    app: Mapped[str]
    first_week: Mapped[date]
    week: Mapped[date]
    users: Mapped[int] = mapped_column(BigInteger)


class UserWeekCount(UserWeekCounts, CoreTable):
    """Users by first week and week, of each app and (`*`) of all."""

    __tablename__ = "user_week_counts"
    __table_args__ = (PrimaryKeyConstraint("environment", "app", "first_week", "week"),)


class UserWeekCountDelta(UserWeekCounts, CoreTable):
    """Changes of the counts, kept as those of days are."""

    __tablename__ = "user_week_count_deltas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
