"""KPIs of the Overview: compared for equal lengths of time, and unknown values are not
changes.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from core.activity.queries.funnels.funnel import STEPS
from core.activity.schemas import NewEvent
from core.ai_metrics.queries import kpis as requests
from core.ai_metrics.schemas import NewRequest
from core.ai_metrics.views import AiMetricsQuery
from core.database import settings
from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.insights.kpis import overview_kpis
from core.insights.schemas import WatchScope
from core.knowledge.feedback import ingest as feedback
from core.knowledge.schemas import NewFeedback
from core.platform import clock
from core.presentation.comparison import ChangeVerdict, Kpi
from core.presentation.periods import Period, Watched, last_days
from tests.core.insights.test_overview import events
from tests.factories.activity import spaced, store
from tests.factories.ai_metrics import START, request, send
from tests.factories.conversations import SOURCE
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = START + 9 * HOUR  # START is a midnight


@pytest.fixture(autouse=True)
def at_nine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def kpis(period: Period, watched: Watched | None = None) -> dict[str, Kpi]:
    scope = WatchScope(period, watched or Watched())
    with transaction() as core, transaction(Database.AI) as ai:
        return {
            each.name: each
            for each in overview_kpis(core, ai, scope, actor=person(Role.ANALYST).actor)
        }


def visits(at: datetime, count: int) -> None:
    """Create new users, one in each of these hours."""
    events(
        *(
            NewEvent(
                event_type="visit",
                user_id=f"{at:%d}-{number}",
                created_at=at + number * HOUR,
                release="2",
            )
            for number in range(count)
        )
    )


def test_a_part_of_today_is_not_held_against_the_whole_of_yesterday() -> None:
    visits(START - DAY, 20)
    visits(START, 8)
    for name in ("users", "new_users"):
        today = kpis(last_days(1, zone="UTC"))[name]
        assert (today.value, today.compared, today.before, today.verdict) == (
            8,
            None,
            None,
            ChangeVerdict.UNKNOWN,
        )


def test_days_that_are_over_are_held_against_as_many_before() -> None:
    for day in range(1, 14):
        visits(START - day * DAY, 20)
    visits(START, 8)
    for name in ("users", "new_users"):
        week = kpis(last_days(7, zone="UTC"))[name]
        assert (week.value, week.compared, week.before) == (128, 120, 120)


def test_users_of_a_release_that_has_no_days_are_compared_to_the_hour() -> None:
    visits(START - DAY, 20)
    visits(START, 8)
    period, watched = last_days(1, zone="UTC"), Watched(release="2")
    today = kpis(period, watched)["users"]
    assert (today.value, today.compared, today.before) == (8, None, None)
    with transaction() as session:
        settings.write(session, settings.ReleasePlaces(since=START), by=None)
    today = kpis(period, watched)["users"]
    assert (today.value, today.compared, today.before) == (8, None, 9)


def test_a_period_that_is_over_is_compared_whole_and_hours_of_a_day_are_not() -> None:
    visits(START - 2 * DAY, 10)
    visits(START - DAY, 20)
    yesterday = kpis(Period(START - DAY, START))["users"]
    assert (yesterday.value, yesterday.compared, yesterday.before) == (20, None, 10)
    hour = kpis(Period(START - 10 * HOUR, START - 9 * HOUR))["users"]
    assert (hour.compared, hour.before) == (None, None)


@pytest.mark.parametrize(("ago", "verdict"), [(29, ChangeVerdict.EARLY), (30, ChangeVerdict.WORSE)])
def test_conversion_is_judged_when_everybody_has_had_the_whole_window(
    ago: int, verdict: ChangeVerdict
) -> None:
    end = START - ago * DAY
    for number in range(40):
        store(spaced(STEPS, user=f"old{number}", start=end - 10 * DAY))
        store(spaced(STEPS[:2], user=f"new{number}", start=end - 3 * DAY))
    found = kpis(Period(end - 7 * DAY, end))["conversion"]
    assert (found.value, found.before, found.verdict) == (0, 1, verdict)


@pytest.mark.parametrize(("ago", "open_days"), [(23, 7), (29, 1), (30, 0)])
def test_days_of_the_course_are_open_while_their_users_can_still_convert(
    ago: int, open_days: int
) -> None:
    end = START - ago * DAY
    store(spaced(STEPS, user="one", start=end - 6 * DAY))
    assert kpis(Period(end - 7 * DAY, end))["conversion"].open_days == open_days


def asked(day: datetime, count: int) -> list[NewRequest]:
    return [
        request(day + HOUR * (number % 24), cost_usd=Decimal("0.01")) for number in range(count)
    ]


def test_a_day_is_not_judged_by_its_traffic_as_the_day_before_was_a_sunday() -> None:
    send(*asked(START - DAY, 24 * 5), *asked(START, 9 * 10))
    found = kpis(last_days(1, zone="UTC"))
    assert (found["cost"].value, found["cost"].before, found["cost"].verdict) == (
        0.9,
        0.45,
        ChangeVerdict.UNKNOWN,
    )


def test_a_week_is_judged_by_its_traffic() -> None:
    for day in range(1, 14):
        send(*asked(START - day * DAY, 10 if day > 6 else 20))
    cost = kpis(last_days(7, zone="UTC"))["cost"]
    assert cost.verdict is ChangeVerdict.WORSE
    assert cost.chance == pytest.approx(0, abs=1e-6)


def test_days_on_which_nobody_came_are_no_noise() -> None:
    for day in range(1, 14):
        if day not in (1, 2, 3):
            visits(START - day * DAY, 20)
    assert kpis(last_days(7, zone="UTC"))["users"].verdict is ChangeVerdict.UNKNOWN


@pytest.mark.parametrize(("sealed", "before"), [(None, 40), (14, 40), (8, None)])
def test_what_has_been_given_up_in_part_is_compared_with_nothing(
    sealed: int | None, before: float | None
) -> None:
    for day in (1, 2, 8, 9):
        send(
            *(
                request(START - day * DAY + HOUR * number, release="2", user_id="u")
                for number in range(20)
            )
        )
    if sealed is not None:
        with transaction() as session:
            settings.write(
                session, settings.Sealed(ai_request_metrics=START - sealed * DAY), by=None
            )
    found = ai_kpis(Watched(release="2", user_id="u"))["requests"]
    assert (found.value, found.before) == (40, before)
    users = kpis(last_days(7, zone="UTC"), Watched(release="2"))["users"]
    assert (users.value, users.before) == (1, 1)  # of days, all is there
    with transaction() as session:
        settings.write(session, settings.ReleasePlaces(since=START), by=None)
    users = kpis(last_days(7, zone="UTC"), Watched(release="2"))["users"]
    assert (users.value, users.before) == (1, before and 1)
    for kept in (Watched(), Watched(release="2")):
        assert ai_kpis(kept)["requests"].before == 40  # of rollups, all is there


@pytest.mark.parametrize(("sealed", "before"), [(None, 0.5), (14, 0.5), (8, None)])
def test_feedback_is_not_compared_with_ratings_that_are_partly_deleted(
    sealed: int | None, before: float | None
) -> None:
    # Of deleted ratings those of annotated answers are left, which are not like the others
    rows = [
        {"rating": rating, "user_id": f"u{number}", "created_at": START - day * DAY + HOUR}
        for day, ratings in ((2, [1] * 20), (8, [1] * 10), (9, [-1] * 10))
        for number, rating in enumerate(ratings)
    ]
    with transaction(Database.AI) as ai:
        feedback.store(ai, msgspec.convert(rows, list[NewFeedback]), SOURCE)
    if sealed is not None:
        with transaction() as session:
            settings.write(session, settings.Sealed(ai_feedback=START - sealed * DAY), by=None)
    found = kpis(last_days(7, zone="UTC"))["feedback"]
    assert (found.value, found.before) == (1, before)
    verdict = ChangeVerdict.UNKNOWN if before is None else ChangeVerdict.BETTER
    assert found.verdict is verdict


def ai_kpis(watched: Watched) -> dict[str, Kpi]:
    asked = AiMetricsQuery(last_days(7, zone="UTC"), watched)
    with transaction() as core:
        return {
            each.name: each
            for each in requests.ai_request_kpis(core, asked, actor=person(Role.ANALYST).actor)
        }
