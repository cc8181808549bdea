"""Funnels with a window or in any order, of a segment, in comparison, by day and by time: edge
cases by hand.
"""

from datetime import date, timedelta

import pytest

from core.activity import rates
from core.activity.errors import FunnelRefused
from core.activity.funnel_views import FunnelView
from core.activity.ingest import users
from core.activity.queries.funnels import (
    conversion_trend,
    funnel_comparison,
    funnel_counts,
    segments,
    time_to_drop_off,
)
from core.activity.queries.funnels.funnel import STEPS, Funnel
from core.activity.queries.funnels.segments import Segment
from core.activity.schemas import NewEvent, NewUser
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor
from core.ingest.rows import RowSource
from core.platform import clock
from core.presentation.comparison import ChangeVerdict
from core.presentation.periods import Period, Watched, midnight
from tests.factories import history
from tests.factories.activity import START, event, spaced, store
from tests.factories.funnels import ONBOARDING, SAVED, read
from tests.factories.identity import person

DAYS = Period(START - timedelta(days=1), START + timedelta(days=2))


@pytest.fixture
def actor(database: Postgres) -> Actor:
    """Return an analyst."""
    return person().actor


def funnel(
    actor: Actor, wanted: Funnel = SAVED, segment: Segment | None = None, period: Period = DAYS
) -> FunnelView:
    with transaction() as session:
        return funnel_counts.read_funnel(session, period, Watched(), wanted, segment, actor=actor)


def reached(actor: Actor, wanted: Funnel = SAVED, segment: Segment | None = None) -> list[int]:
    return [step.users for step in funnel(actor, wanted, segment).steps]


def describe(*given: NewUser) -> None:
    with transaction() as session:
        users.store(session, list(given), RowSource("production", "UTC"))


def test_a_window_ends_to_the_microsecond(actor: Actor) -> None:
    day, tick = timedelta(days=2), timedelta(microseconds=1)
    store([event(STEPS[0], user_id="in"), event(STEPS[1], START + day, user_id="in")])
    store([event(STEPS[0], user_id="out"), event(STEPS[1], START + day + tick, user_id="out")])
    assert reached(actor, read(None, 2))[:2] == [2, 1]
    assert reached(actor)[:2] == [2, 2]
    assert funnel(actor, read(None, 2)).window_days == 2


def test_in_any_order_a_step_counts_before_the_first_one_but_the_funnel_never_widens(
    actor: Actor,
) -> None:
    store(spaced([STEPS[1], STEPS[2], STEPS[0]], user="backwards"))
    store(spaced([STEPS[0], STEPS[2]], user="gap"))
    store(
        [
            event(STEPS[1], START - timedelta(days=31), user_id="long"),
            event(STEPS[0], user_id="long"),
        ]
    )
    assert reached(actor) == [3, 0, 0, 0, 0]
    assert reached(actor, read(None, any_order=True)) == [3, 1, 1, 0, 0]
    view = funnel(actor, read(None, any_order=True))
    assert view.any_order
    assert view.steps[1].median_seconds_from_previous == 0  # done before the first: no time passed


@pytest.mark.parametrize("days", [0, 366])
def test_a_window_that_is_none_is_refused(days: int) -> None:
    with pytest.raises(FunnelRefused):
        read(None, days)


def test_a_segment_is_of_users_with_a_trait_or_of_a_release(actor: Actor) -> None:
    describe(
        NewUser(id="ann", traits={"source": "ads", "plan": 2}),
        NewUser(id="bea", traits={"source": "friends"}),
    )
    store(spaced(STEPS, user="ann"))
    store([*spaced(STEPS[:1], user="bea"), event(STEPS[1], START, user_id="cid", release="2.0")])
    store([event(STEPS[0], session_id="nameless"), event(STEPS[0], user_id="cid", release="2.0")])
    assert reached(actor)[0] == 4
    assert reached(actor, SAVED, Segment.read("source=ads")) == [1] * 5
    assert reached(actor, read(None, 7), Segment.read("trait.plan=2")) == [1] * 5
    assert reached(actor, SAVED, Segment.read("trait.plan=3")) == [0] * 5
    assert reached(actor, SAVED, Segment.read("release=2.0")) == [1, 1, 0, 0, 0]
    with transaction() as session:
        assert [
            each.segment for each in segments.list_segments(session, Watched(), actor=actor)
        ] == [
            "source=ads",
            "source=friends",
            "trait.plan=2",
            "release=2.0",
        ]


def test_every_segment_on_offer_can_be_chosen(actor: Actor) -> None:
    describe(NewUser(id="ann", traits={"plan": "", "": "pro", "source": "ads"}))
    with transaction() as session:
        offered = segments.list_segments(session, Watched(), actor=actor)
    assert [str(Segment.read(each.segment)) for each in offered] == ["source=ads"]


@pytest.mark.parametrize("given", ["", "plan=2", "trait.=x", "trait.plan", "release="])
def test_what_names_no_segment_is_refused(given: str) -> None:
    with pytest.raises(FunnelRefused):
        Segment.read(given)


def test_two_segments_differ_by_more_than_chance_or_not(actor: Actor) -> None:
    describe(
        *(
            NewUser(id=f"{name}{number}", traits={"source": name})
            for name in ("ads", "search")
            for number in range(40)
        )
    )
    store(
        each
        for number in range(40)
        for each in spaced(STEPS[: 2 if number < 30 else 5], user=f"ads{number}")
    )
    store(
        each
        for number in range(40)
        for each in spaced(STEPS[: 2 if number < 8 else 5], user=f"search{number}")
    )
    with transaction() as session:
        found = funnel_comparison.compare_funnels(
            session,
            DAYS,
            Watched(),
            SAVED,
            Segment.read("source=ads"),
            "source=search",
            actor=actor,
        )
    last = found.steps[-1].from_start
    assert last.difference == pytest.approx(-0.55)
    assert last.verdict is ChangeVerdict.WORSE
    assert found.steps[1].from_start.verdict is ChangeVerdict.NOISE
    assert found.says.startswith("Conversion lower: -55.0 pts (")
    assert "login success" in found.says
    assert (found.name, found.other_name) == ("First source: ads", "First source: search")


def test_too_few_have_no_verdict(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    history.at(START + timedelta(days=9), monkeypatch)  # dates of other years name them
    store(each for number in range(9) for each in spaced(STEPS[:2], user=f"u{number}"))
    with transaction() as session:
        found = funnel_comparison.compare_funnels(
            session, DAYS, Watched(), against="2026-10-01..2026-10-08", actor=actor
        )
        with pytest.raises(FunnelRefused):
            funnel_comparison.compare_funnels(
                session, DAYS, Watched(), against="2026-10-08..2026-10-01", actor=actor
            )
    assert found.says == "Not enough users: each side needs at least 10."
    assert found.other_name == "1 Oct to 7 Oct"
    step = found.one.steps[1]
    assert (
        rates.rate_in_words(step.conversion_from_start, step.interval, step.users)
        == "9 of 9, not enough for a rate"
    )
    assert rates.rate_in_words(None, None, 0) == "n/a"


@pytest.mark.parametrize(("ago", "days"), [(2, 1), (26, 25), (60, 30)])
def test_of_two_periods_a_step_counts_as_far_as_all_have_had_time(
    actor: Actor, ago: int, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    week = 7 * timedelta(days=1)
    monkeypatch.setattr(
        clock, "now", lambda: START + (ago - 1) * timedelta(days=1) + timedelta(hours=12)
    )
    for start in (START - 10 * timedelta(days=1), START - 3 * timedelta(days=1)):
        for number in range(20):
            # The slow ones are through after a week
            gap = timedelta(hours=1) if number < 10 else timedelta(hours=40)
            store(spaced(STEPS, user=f"{start:%d}-{number}", start=start, gap=gap))
    period = Period(START - week, START)
    with transaction() as session:
        found = funnel_comparison.compare_funnels(session, period, Watched(), actor=actor)
    assert (found.one.window_days, found.other.window_days) == (days, days)
    assert found.one.steps[-1].users == found.other.steps[-1].users == (10 if days < 7 else 20)
    assert found.steps[-1].from_start.verdict is ChangeVerdict.NOISE


def test_of_a_period_that_goes_on_only_who_has_had_a_day_is_judged(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = timedelta(days=1)
    today = START.replace(hour=0, minute=0, second=0, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: today + 12 * timedelta(hours=1))
    for number in range(40):
        store(spaced(STEPS, user=f"old{number}", start=today - 10 * day))
        store(spaced(STEPS[: 5 if number < 4 else 2], user=f"new{number}", start=today - 3 * day))
        store(spaced(STEPS[:1], user=f"today{number}", start=today))
    week, only_today = Period(today - 6 * day, today + day), Period(today, today + day)
    with transaction() as session:
        found = funnel_comparison.compare_funnels(session, week, Watched(), actor=actor)
        early = funnel_comparison.compare_funnels(
            session, only_today, Watched(), against="2026-10-01..2026-10-02", actor=actor
        )
    last = found.steps[-1].from_start
    assert (found.one.end, found.one.window_days, found.one.steps[0].users) == (today - day, 1, 40)
    assert last.difference == pytest.approx(-0.9)
    assert last.verdict is ChangeVerdict.WORSE
    assert early.steps[-1].from_start.verdict is ChangeVerdict.EARLY
    assert early.says.startswith("Too early to compare")


def test_segments_that_began_on_other_days_are_compared_within_the_same_time(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = timedelta(days=1)
    today = START.replace(hour=0, minute=0, second=0, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: today + day / 2)
    for source, ago in (("old", 6), ("new", 2)):
        names = [f"{source}{number}" for number in range(20)]
        describe(*(NewUser(id=name, traits={"source": source}) for name in names))
        # All convert on their fourth day, which the new ones have yet to see
        for name in names:
            rows = spaced(STEPS, user=name, start=today - ago * day, gap=day * 3 / 4)
            store(row for row in rows if row.created_at and row.created_at < clock.now())
    week = Period(today - 6 * day, today + day)
    with transaction() as session:
        found = funnel_comparison.compare_funnels(
            session, week, Watched(), SAVED, Segment.read("source=new"), "source=old", actor=actor
        )
    assert found.steps[-1].from_start.verdict is ChangeVerdict.NOISE
    assert found.one.window_days == found.other.window_days == 1


@pytest.mark.parametrize("days", [1, 4, 29])
def test_a_shorter_window_reads_from_what_is_kept_what_the_marks_say(
    actor: Actor, days: int
) -> None:
    for number in range(12):
        gap = timedelta(hours=5 * number, microseconds=number % 2)
        store(spaced(STEPS[: 1 + number % 5], user=f"u{number}", gap=gap))
    wanted = Funnel(ONBOARDING, window=timedelta(days=days))
    kept = funnel(actor, wanted)
    of_marks = funnel(actor, Funnel(ONBOARDING, window=timedelta(days=days), any_order=True))
    with transaction() as session:
        course = conversion_trend.read_conversion_trend(
            session, DAYS, Watched(), wanted, actor=actor
        )
    assert [step.users for step in kept.steps] == [step.users for step in of_marks.steps]
    assert (course.users, course.completed) == (kept.steps[0].users, kept.steps[-1].users)


def test_cohorts_and_times_add_up_to_the_funnel(actor: Actor) -> None:
    store(
        each for number in range(12) for each in spaced(STEPS[: 1 + number % 5], user=f"u{number}")
    )
    store(spaced(STEPS, user="early", start=START - timedelta(days=1), gap=timedelta(hours=1)))
    store(
        [
            *_in_app(spaced(STEPS, user="both")[:3], "web"),
            *_in_app(spaced(STEPS, user="both")[3:], "phone"),
        ]
    )
    for wanted in (SAVED, read(None, 5), read(None, 30, any_order=True)):
        view = funnel(actor, wanted)
        with transaction() as session:
            course = conversion_trend.read_conversion_trend(
                session, DAYS, Watched(), wanted, actor=actor
            )
            stayed = time_to_drop_off.read_time_to_drop_off(
                session, DAYS, Watched(), wanted, actor=actor
            )
        assert (
            (course.users, course.completed)
            == (view.steps[0].users, view.steps[-1].users)
            == (14, 4)
        )
        assert sum(day.users for day in course.days) == course.users
        assert sum(bar.users for bar in course.histogram) == course.completed
        assert course.median_seconds == 240
        assert stayed.users == course.users - course.completed
        assert sum(bar.users for bar in stayed.histogram) == stayed.users


def test_a_cohort_is_complete_when_the_window_of_all_has_passed(actor: Actor) -> None:
    today = clock.now().date()
    days = Period(
        midnight(today - timedelta(days=3), "UTC"), midnight(today + timedelta(days=1), "UTC")
    )
    with transaction() as session:
        course = conversion_trend.read_conversion_trend(
            session, days, Watched(), read(None, 2), actor=actor
        )
    assert [day.is_complete for day in course.days] == [True, False, False, False]
    assert course.days[0].rate is None
    assert [day.date for day in course.days] == [
        today - timedelta(days=3 - number) for number in range(4)
    ]


def test_days_are_those_of_the_reporting_time_zone(actor: Actor) -> None:
    store([event(STEPS[0], START.replace(hour=23, minute=30), user_id="late")])
    for zone, day in (("UTC", date(2026, 11, 2)), ("Europe/Berlin", date(2026, 11, 3))):
        period = Period(midnight(date(2026, 11, 1), zone), midnight(date(2026, 11, 5), zone), zone)
        with transaction() as session:
            course = conversion_trend.read_conversion_trend(session, period, Watched(), actor=actor)
        assert [each.date for each in course.days if each.users] == [day]


def test_very_many_days_stand_together(actor: Actor) -> None:
    with transaction() as session:
        course = conversion_trend.read_conversion_trend(
            session, Period(START - timedelta(days=1000), START), Watched(), actor=actor
        )
    assert (course.days_each, len(course.days)) == (3, 334)


def _in_app(events: list[NewEvent], app: str) -> list[NewEvent]:
    for each in events:
        each.app = app
    return events
