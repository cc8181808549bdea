"""Active users by day, week and month, and stickiness, against pandas on the raw rows."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from core.activity.engagement_views import ActivityInterval
from core.activity.queries.engagement import active_users_trend
from core.activity.schemas import NewEvent
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from core.platform import clock
from core.presentation.periods import DAY, Period, Watched, midnight
from tests.factories import activity
from tests.factories.identity import person

ZONE = "Asia/Kolkata"  # half an hour off the hour: days begin at 18:30 UTC
KINDS = ("recipe.opened", "recipe.cooked", "basket.sent")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WATCHED = (
    *(Watched(), Watched(app="ios"), Watched(user_id="u3"), Watched(app="web", user_id="u3")),
    *(Watched(release="2.0"), Watched(app="ios", release="2.0")),
    Watched(release="2.0", user_id="u3"),
)


@pytest.fixture(autouse=True)
def november(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def cooked(seed: int) -> list[NewEvent]:
    """Return events of ten weeks, some of them at the borders of days and some twice."""
    chance = random.Random(seed)
    found = []
    for number in range(400):
        day = midnight(date(2026, 9, 14) + chance.randrange(67) * DAY, ZONE)
        at = day + chance.choice([timedelta(0), timedelta(microseconds=-1), timedelta(hours=7)])
        user, app = f"u{chance.randrange(25)}", chance.choice(["web", "ios"])
        kind, release = chance.choice(KINDS), chance.choice([None, "1.0", "2.0"])
        found += [
            activity.event(kind, at, id=f"{number} {again}", user_id=user, app=app, release=release)
            for again in range(chance.choice([1, 1, 2]))
        ]
    return [each for each in found if each.created_at is not None and each.created_at < NOW]


def days_of(events: list[NewEvent], watched: Watched) -> pd.DataFrame:
    """Return each user's days."""
    rows = pd.DataFrame(
        [(each.created_at, each.user_id, each.app, each.release) for each in events]
    )
    rows.columns = ["created_at", "user_id", "app", "release"]
    rows = rows[rows["release"] == watched.release] if watched.release else rows
    rows = rows[rows["app"] == watched.app] if watched.app else rows
    rows = rows[rows["user_id"] == watched.user_id] if watched.user_id else rows
    rows["day"] = (
        rows["created_at"].dt.tz_convert(ZoneInfo(ZONE)).dt.tz_localize(None).dt.floor("D")
    )
    return rows[["user_id", "day"]].drop_duplicates()


def users_of(days: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> int:
    return int(days.loc[days["day"].between(first, last), "user_id"].nunique())


def expected(
    days: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp
) -> tuple[int, int, float, int, int, float | None]:
    last = min(last, pd.Timestamp("2026-11-20"))
    begun = days.groupby("user_id")["day"].min()
    daily = days[days["day"].between(first, last)].shape[0] / ((last - first).days + 1)
    weekly, monthly = (users_of(days, last - pd.Timedelta(days=n), last) for n in (6, 29))
    new = int(begun.between(first, last).sum())
    stickiness = daily / monthly if monthly else None
    return users_of(days, first, last), new, daily, weekly, monthly, stickiness


FREQUENCIES = {
    ActivityInterval.DAY: "D",
    ActivityInterval.WEEK: "W-SUN",
    ActivityInterval.MONTH: "M",
}


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.prove)])
def test_active_users_and_stickiness_equal_those_of_pandas(database: Postgres, seed: int) -> None:
    events = cooked(seed)
    for begin in range(0, len(events), 150):
        activity.store(events[begin : begin + 150], zone=ZONE)
        activity.fold()
    start = midnight(date(2026, 10, 1), ZONE)
    period = Period(start, midnight(date(2026, 11, 21), ZONE), ZONE)
    actor = person(Role.ANALYST).actor
    for watched in WATCHED:
        days = days_of(events, watched)
        for interval, frequency in FREQUENCIES.items():
            with transaction() as session:
                view = active_users_trend.read_active_users(
                    session, period, watched, interval, actor=actor
                )
            wanted = pd.period_range("2026-10-01", "2026-11-20", freq=frequency)
            assert [(row.starts_on, row.ends_on) for row in view.items] == [
                (each.start_time.date(), each.end_time.date()) for each in wanted
            ]
            for row, each in zip(view.items, wanted, strict=True):
                found = expected(days, each.start_time.floor("D"), each.end_time.floor("D"))
                assert (
                    row.users,
                    row.new_users,
                    row.daily_users,
                    row.weekly_users,
                    row.monthly_users,
                    row.stickiness,
                ) == pytest.approx(found), (watched, row)
                assert row.is_complete == (row.ends_on < date(2026, 11, 20))


def test_a_workspace_without_events_has_days_without_users(database: Postgres) -> None:
    period = Period(NOW - 3 * DAY, NOW, ZONE)
    with transaction() as session:
        view = active_users_trend.read_active_users(
            session, period, Watched(), actor=person(Role.ANALYST).actor
        )
    assert [(row.users, row.stickiness) for row in view.items] == [(0, None)] * 4
