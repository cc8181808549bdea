"""Distinct users of any range of days are computed as one sum over days and previous days, in any
order of arrival or removal.
"""

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import combinations_with_replacement

import pytest
from sqlalchemy import text

from core.activity.queries.active_users import (
    ActiveUsers,
    active_by_day,
    count_active_users,
    new_by_day,
)
from core.activity.schemas import NewEvent
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.ingest.rows import key_of
from core.presentation.periods import DAY, Period, Watched
from tests.factories import activity

FIRST = date(2026, 11, 2)
DAYS = [FIRST + number * DAY for number in range(7)]
WATCHED = (
    Watched(),
    Watched(app="web"),
    Watched(app="phone"),
    Watched(user_id="u1"),
    Watched(app="web", user_id="u1"),
)
Visit = tuple[date, str, str]  # day, app, user


def visits(seed: int) -> list[Visit]:
    """Return visits of a few users on some days, in any order."""
    chance = random.Random(seed)
    every = [
        (day, app, f"u{number}") for day in DAYS for app in ("web", "phone") for number in range(4)
    ]
    return chance.sample(every, 30)


def send(given: Iterable[Visit]) -> None:
    activity.store([visited(*visit) for visit in given])


def visited(day: date, app: str, user: str) -> NewEvent:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return activity.event("page.view", at, id=f"{day} {app} {user}", app=app, user_id=user)


def expected(given: Iterable[Visit], first: date, last: date, watched: Watched) -> ActiveUsers:
    """Return the expected count, counted one by one."""
    seen = [
        (day, user)
        for day, app, user in given
        if watched.app in (None, app) and (watched.user_id is None or user == watched.user_id)
    ]
    active = {user for day, user in seen if first <= day <= last}
    return ActiveUsers(len(active), len(active - {user for day, user in seen if day < first}))


def check(given: list[Visit]) -> None:
    """Compare every range of days with a count by hand."""
    with transaction() as session:
        for watched in WATCHED:
            for first, last in combinations_with_replacement(DAYS, 2):
                start = datetime(first.year, first.month, first.day, tzinfo=UTC)
                period = Period(start, start + (last - first + DAY))
                assert count_active_users(session, period, watched) == expected(
                    given, first, last, watched
                ), (period, watched)
        for day, users in active_by_day(session, DAYS, Watched()).items():
            assert users == expected(given, day, day, Watched()).active
        assert sum(new_by_day(session, DAYS, Watched()).values()) == len(
            {user for _, _, user in given}
        )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("batch", [1, 7, 30])
def test_every_range_of_days_has_the_users_that_a_count_by_hand_finds(
    database: Postgres, seed: int, batch: int
) -> None:
    given = visits(seed)
    for begin in range(0, len(given), batch):
        send(given[begin : begin + batch])
        if begin % 2:
            activity.fold()
    check(given)


def test_days_that_are_taken_away_leave_the_counts_of_what_remains(database: Postgres) -> None:
    given = visits(9)
    send(given)
    gone = {given[number] for number in range(0, 30, 2)}
    with transaction() as session:
        session.execute(text("lock table user_days in share row exclusive mode"))
        for day, app, user in gone:
            session.execute(
                text("delete from user_days where (day, app, user_id) = (:day, :app, :user)"),
                {"day": day, "app": app, "user": key_of("user", user)},
            )
    activity.fold()
    check([visit for visit in given if visit not in gone])


def test_writers_at_the_same_time_count_each_user_once(database: Postgres) -> None:
    given = visits(4)
    activity.store_at_once([[visited(*visit)] for visit in given], writers=8)
    check(given)


def test_users_of_a_period_are_counted_without_reading_a_user_or_a_day_of_one(
    database: Postgres,
) -> None:
    given = visits(5)
    send(given)
    with transaction() as session:
        session.execute(text("truncate user_days, user_spans"))
        start = datetime(2026, 11, 3, tzinfo=UTC)
        found = count_active_users(session, Period(start, start + timedelta(days=3)), Watched())
    assert found == expected(given, FIRST + DAY, FIRST + 3 * DAY, Watched())


def test_folding_leaves_no_row_of_nobody(database: Postgres) -> None:
    send([(DAYS[0], "web", "u1"), (DAYS[2], "web", "u1")])
    activity.fold()
    send([(DAYS[1], "web", "u1")])
    activity.fold()
    with transaction() as session:
        rows = session.execute(
            text(
                "select day, previous_day::text, users from user_day_counts where app = '*' "
                "order by day"
            )
        ).all()
    assert [tuple(row) for row in rows] == [
        (DAYS[0], "-infinity", 1),
        (DAYS[1], str(DAYS[0]), 1),
        (DAYS[2], str(DAYS[1]), 1),
    ]
