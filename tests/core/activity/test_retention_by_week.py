"""Retention by first week, against pandas on the raw rows, in any order of arrival and removal."""

import random
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from sqlalchemy import text

from core.activity.queries.engagement import retention
from core.activity.queries.engagement.retention import TooManyWeeks
from core.activity.schemas import NewEvent
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from core.ingest.rows import key_of
from core.platform import clock
from core.presentation.periods import DAY, Period, Watched, midnight
from tests.factories import activity
from tests.factories.identity import person

ZONE = "America/St_Johns"  # half an hour off the hour, and its clocks change on 1 November
FIRST, TODAY = date(2026, 9, 30), date(2026, 11, 18)
NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)
WATCHED = (
    *(Watched(), Watched(app="kiosk"), Watched(user_id="u4"), Watched(release="2.0")),
    *(Watched(app="kiosk", release="2.0"), Watched(release="2.0", user_id="u4")),
)
Cells = dict[tuple[date, date], int]  # users by first week and week


@pytest.fixture(autouse=True)
def november(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def bookings(seed: int) -> list[NewEvent]:
    """Return events of users before and in the period, on the borders of weeks, some twice."""
    chance, found = random.Random(seed), []
    for number in range(260):
        monday = midnight(date(2026, 9, 7) + chance.randrange(11) * 7 * DAY, ZONE)
        at = monday + chance.choice(
            [timedelta(0), timedelta(microseconds=-1), chance.randrange(7) * DAY]
        )
        user, app = f"u{chance.randrange(40)}", chance.choice(["site", "kiosk"])
        named = {"user_id": user, "app": app, "release": chance.choice([None, "1.0", "2.0"])}
        found += [
            activity.event("seat.booked", at, id=f"{number} {again}", **named)
            for again in range(chance.choice([1, 2]))
        ]
    chance.shuffle(found)
    return [each for each in found if each.created_at is not None and each.created_at < NOW]


def expected(events: Collection[NewEvent], watched: Watched) -> Cells:
    """Return the cells of the triangle as pandas counts them."""
    rows = pd.DataFrame(
        [(each.created_at, each.user_id, each.app, each.release) for each in events],
        columns=["at", "user", "app", "release"],
    )
    rows = rows[rows["release"] == watched.release] if watched.release else rows
    rows = rows[rows["app"] == watched.app] if watched.app else rows
    rows = rows[rows["user"] == watched.user_id] if watched.user_id else rows
    local = pd.to_datetime(rows["at"], utc=True).dt.tz_convert(ZoneInfo(ZONE)).dt.tz_localize(None)
    rows = rows.assign(week=local.dt.to_period("W-SUN").dt.start_time.dt.date)
    rows = rows.assign(first=rows.groupby("user")["week"].transform("min"))
    cells: Cells = rows.groupby(["first", "week"])["user"].nunique().to_dict()  # type: ignore[assignment]  # pandas: any key
    return {key: users for key, users in cells.items() if key[0] >= date(2026, 9, 28)}


def check(events: Collection[NewEvent]) -> None:
    period = Period(midnight(FIRST, ZONE), midnight(TODAY + DAY, ZONE), ZONE)
    for watched in WATCHED:
        with transaction() as session:
            view = retention.read_retention(
                session, period, watched, actor=person(Role.ANALYST).actor
            )
        wanted = expected(events, watched)
        cells = {
            (row.first_week, row.starts_on): row.users
            for cohort in view.cohorts
            for row in cohort.weeks
            if row.users
        }
        assert cells == wanted, watched
        assert [cohort.first_week for cohort in view.cohorts] == [
            date(2026, 9, 28) + number * 7 * DAY for number in range(8)
        ]
        for cohort in view.cohorts:
            assert cohort.users == wanted.get((cohort.first_week, cohort.first_week), 0)
            for row in cohort.weeks:
                share = row.users / cohort.users if cohort.users else None
                assert row.rate == pytest.approx(share)
                assert row.is_complete == (row.starts_on < date(2026, 11, 16))
        for average in view.average:
            done = [
                cohort.weeks[average.week]
                for cohort in view.cohorts
                if average.week < len(cohort.weeks)
                and cohort.weeks[average.week].starts_on < date(2026, 11, 16)
            ]
            assert average.users == sum(row.users for row in done)
            assert average.cohort_users == sum(row.cohort_users for row in done)


@pytest.mark.parametrize(("seed", "batch"), [(0, 1), (1, 40), (2, 400)])
def test_cohorts_equal_those_of_pandas(database: Postgres, seed: int, batch: int) -> None:
    events = bookings(seed)[: 60 if batch == 1 else None]
    for begin in range(0, len(events), batch):
        activity.store(events[begin : begin + batch], zone=ZONE)
        if begin % 3 == 0:
            activity.fold()
    check(events)
    activity.fold()
    check(events)


def test_days_that_are_taken_away_leave_the_cohorts_of_what_remains(database: Postgres) -> None:
    events = bookings(5)
    activity.store(events, zone=ZONE)
    gone = {each.user_id for each in events[::9]}
    with transaction() as session:
        session.execute(text("lock table user_days in share row exclusive mode"))
        for user in gone:
            days = "delete from user_days where user_id = :user and day < '2026-10-20'"
            session.execute(text(days), {"user": key_of("user", str(user))})
    border = midnight(date(2026, 10, 20), ZONE)
    left = [
        each
        for each in events
        if each.user_id not in gone or (each.created_at is not None and each.created_at >= border)
    ]
    check(left)
    activity.fold()
    check(left)
    with transaction() as session:
        assert not session.scalar(text("select count(*) from user_week_counts where users <= 0"))


def test_writers_at_the_same_time_count_each_user_once(database: Postgres) -> None:
    events = bookings(6)[:120]
    activity.store_at_once([events[begin::12] for begin in range(12)], writers=6)
    with transaction() as session:
        found = session.execute(
            text(
                "select first_week, sum(users) from user_week_count_deltas where app = '*' "
                "and environment = 'production' and first_week = week group by 1"
            )
        )
        sizes = {first: int(users) for first, users in found}
        users = session.scalar(text("select count(distinct user_id) from user_days"))
    assert sum(sizes.values()) == users


def test_retention_is_read_without_a_user_or_a_day_of_one(database: Postgres) -> None:
    events = bookings(7)
    activity.store(events, zone=ZONE)
    period = Period(midnight(FIRST, ZONE), midnight(TODAY + DAY, ZONE), ZONE)
    actor = person(Role.ANALYST).actor
    with transaction() as session:
        whole = retention.read_retention(session, period, Watched(), actor=actor)
        session.execute(text("truncate user_days, user_spans, users, user_activity_events"))
        assert retention.read_retention(session, period, Watched(), actor=actor) == whole


def test_what_counts_do_not_have_is_refused(database: Postgres) -> None:
    actor, start = person(Role.ANALYST).actor, NOW - 500 * DAY
    with transaction() as session, pytest.raises(TooManyWeeks):
        retention.read_retention(session, Period(start, NOW), Watched(), actor=actor)
