"""Check the days on which users were active, and what is derived from these."""

from typing import Any

from sqlalchemy import (
    Date,
    FromClause,
    Select,
    Table,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.orm import Session

from core.activity.models.events import PendingEvent
from core.activity.models.users import (
    User,
    UserDay,
    UserDayCount,
    UserDayCountDelta,
    UserSpan,
    UserWeekCount,
    UserWeekCountDelta,
)
from core.activity.queries.releases import places_of_earlier_releases
from core.conversations.models import Conversation
from core.database.settings import Sealed
from core.database.tables import table_of
from core.system.service import reporting_time_zone as zones
from core.system.service.verification.compare import (
    COMPUTED,
    STORED,
    CheckedTable,
    columns_of,
    compare,
    select_from,
    table_in,
)

conversations = table_of(Conversation)
all_users, waiting = table_of(User), table_of(PendingEvent)
is_named = waiting.c.user_id.is_not(None)


def check_days(session: Session, sealed: Sealed, zone: str) -> CheckedTable:
    """Check the days with complete raw rows; of users with conversations, which may have begun
    otherwise before, further days count only before they were first seen.
    """
    keys, _ = columns_of(table_of(UserDay))
    earlier = places_of_earlier_releases(session)
    # Days outlive their conversations where these are kept for less time than events
    ends = [until for each in zones.SOURCES if (until := sealed.until(each)) is not None]
    first = zones.first_whole_day(session, max(ends, default=None), zone)

    def rows(table: Table) -> Select[Any]:
        found = select(*(table.c[key] for key in keys), true().label("is_there"))
        found = found.where(table.c.user_id.not_in(select(waiting.c.user_id).where(is_named)))
        found = found.where(table.c.environment.not_in(earlier)) if earlier is not None else found
        return found.where(table.c.day >= first) if first is not None else found

    stored, computed = (table_in(schema, table_of(UserDay)) for schema in (STORED, COMPUTED))
    is_computed = tuple_(*(stored.c[key] for key in keys)).in_(
        select(*(computed.c[key] for key in keys))
    )
    talks = select(conversations.c.user_id).where(conversations.c.user_id.is_not(None))
    seen = select(all_users.c.id).where(
        all_users.c.id == stored.c.user_id,
        stored.c.day < cast(func.timezone(zone, all_users.c.first_seen_at), Date),
    )
    known = or_(is_computed, stored.c.user_id.not_in(talks), seen.exists())
    return compare(session, "user_days", keys, rows(stored).where(known), rows(computed))


def check_spans(session: Session) -> CheckedTable:
    """Check users' first and last days against their days."""
    keys, names = columns_of(table_of(UserSpan), without=("previous_day",))
    stored, days = table_in(STORED, table_of(UserSpan)), _days_of_users()
    key = [days.c[name] for name in keys]
    spans = func.min(days.c.day).label("first_day"), func.max(days.c.day).label("last_day")
    return compare(
        session, "user_spans", keys, select_from(stored, names), select(*key, *spans).group_by(*key)
    )


def check_day_counts(session: Session) -> CheckedTable:
    """Check the number of users by day and previous active day against their days."""
    days = _days_of_users().c
    before = func.lag(days.day, 1, literal_column("'-infinity'::date")).over(
        partition_by=(days.user_id, days.environment, days.app), order_by=days.day
    )
    journeys = select(days.environment, days.app, days.day, before.label("previous_day"))
    return _check_counts(session, UserDayCount, UserDayCountDelta, journeys)


def check_week_counts(session: Session) -> CheckedTable:
    """Check the number of users by first week and week against their days."""
    days = _days_of_users().c
    week, user = func.week_of(days.day), (days.user_id, days.environment, days.app)
    first = func.min(week).over(partition_by=user).label("first_week")
    weeks = select(days.environment, days.app, first, week.label("week")).group_by(*user, week)
    return _check_counts(session, UserWeekCount, UserWeekCountDelta, weeks)


def _check_counts(
    session: Session,
    counts: type[UserDayCount | UserWeekCount],
    deltas: type[UserDayCountDelta | UserWeekCountDelta],
    counted: Select[Any],
) -> CheckedTable:
    keys, names = columns_of(table_of(counts))
    tables = (table_in(STORED, table_of(each)) for each in (counts, deltas))
    rows = union_all(*(select_from(each, names) for each in tables)).subquery("counts").c
    users, each = func.sum(rows.users), counted.subquery("counted").c
    key, own = [rows[name] for name in keys], [each[name] for name in keys]
    stored = select(*key, users.label("users")).group_by(*key).having(users != 0)
    computed = select(*own, func.count().label("users")).group_by(*own)
    return compare(session, table_of(counts).name, keys, stored, computed)


def _days_of_users() -> FromClause:
    """Return the days on which users were there, of each app and (`*`) of all."""
    days = table_in(STORED, table_of(UserDay)).c
    places = (
        select(days.user_id, days.environment, app.label("app"), days.day)
        for app in (days.app, literal("*"))
    )
    return union(*places).subquery("days")
