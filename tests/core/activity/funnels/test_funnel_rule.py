"""A step counts at its earliest occurrence at or after the previous step, within the window of the
first.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from statistics import quantiles
from threading import Thread
from time import sleep

import pytest
from sqlalchemy import text

from core.activity.funnel_views import FunnelView
from core.activity.ingest.funnel import subjects
from core.activity.queries.funnels import conversion_trend, funnel_counts, funnel_sql
from core.activity.queries.funnels.funnel import STEPS, WINDOW, Funnel, FunnelRule, Step, parse
from core.activity.schemas import NewEvent
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor
from core.ingest.rows import key_of
from core.presentation.periods import Period, Watched
from tests.factories import activity
from tests.factories.activity import START, event, minutes, spaced, store
from tests.factories.funnels import ONBOARDING
from tests.factories.identity import person

DAY = Period(START, START + timedelta(days=1))


@pytest.fixture
def actor(database: Postgres) -> Actor:
    """Return an analyst."""
    return person().actor


def read(actor: Actor, steps: Iterable[Step] = ONBOARDING, period: Period = DAY) -> FunnelView:
    with transaction() as session:
        return funnel_counts.read_funnel(
            session, period, Watched(), Funnel(tuple(steps)), actor=actor
        )


def users(actor: Actor, steps: Iterable[Step] = ONBOARDING, period: Period = DAY) -> list[int]:
    return [step.users for step in read(actor, steps, period).steps]


def test_an_occurrence_before_the_step_before_does_not_count_but_a_later_one_does(
    actor: Actor,
) -> None:
    store(spaced([STEPS[1], STEPS[0], STEPS[1], STEPS[2]], user="ann"))
    store(spaced([STEPS[1], STEPS[0], STEPS[2]], user="bea"))
    assert users(actor) == [2, 1, 1, 0, 0]


def test_steps_of_the_same_moment_count_in_any_order(actor: Actor) -> None:
    store(event(kind, user_id="ann") for kind in reversed(STEPS))
    assert users(actor) == [1] * 5


def test_the_window_ends_thirty_days_after_the_first_step_to_the_microsecond(actor: Actor) -> None:
    store([event(STEPS[0], user_id="in"), event(STEPS[1], START + WINDOW, user_id="in")])
    store(
        [
            event(STEPS[0], user_id="out"),
            event(STEPS[1], START + WINDOW + timedelta(microseconds=1), user_id="out"),
        ]
    )
    assert users(actor) == [2, 1, 0, 0, 0]


def test_a_period_is_half_open_to_the_microsecond(actor: Actor) -> None:
    store(
        [
            event(STEPS[0], START - timedelta(microseconds=1), user_id="before"),
            event(STEPS[0], user_id="first"),
        ]
    )
    store(
        [
            event(STEPS[0], DAY.end - timedelta(microseconds=1), user_id="last"),
            event(STEPS[0], DAY.end, user_id="after"),
        ]
    )
    assert users(actor)[0] == 2
    assert read(actor).previous.users[0] == 1


def test_a_user_who_begins_again_belongs_to_the_period_of_the_first_time(actor: Actor) -> None:
    store([event(STEPS[0], START - timedelta(days=3), user_id="ann"), *spaced(STEPS, user="ann")])
    assert users(actor) == [0] * 5
    assert users(actor, period=Period(START - timedelta(days=4), START)) == [1] * 5


def test_an_optional_step_done_late_does_not_make_a_dropped_user(actor: Actor) -> None:
    steps = parse(f"{STEPS[0]},{STEPS[1]}?,{STEPS[2]}")
    store(spaced([STEPS[0], STEPS[2], STEPS[1]], user="late"))
    store(spaced([STEPS[0], STEPS[1], STEPS[2]], user="good"))
    store(spaced([STEPS[0], STEPS[1]], user="gone"))
    assert users(actor, steps) == [3, 2, 2]


def test_what_an_anonymous_session_did_belongs_to_its_earliest_user(actor: Actor) -> None:
    store(
        [
            event(STEPS[0], session_id="s"),
            event("page.opened", minutes(5), session_id="s", user_id="ann"),
        ]
    )
    store(
        [
            event("page.opened", minutes(6), session_id="s", user_id="bea"),
            event(STEPS[1], minutes(9), session_id="s"),
        ]
    )
    store([event(STEPS[2], minutes(10), session_id="s", user_id="bea")])
    assert users(actor) == [1, 1, 0, 0, 0]
    assert {row[2] for row in activity.derived()["subjects"]} == {
        f"u:{key_of('user', name)}" for name in ("ann", "bea")
    }


def test_a_name_that_arrives_late_but_is_earlier_takes_the_session_over(actor: Actor) -> None:
    store(
        [
            event(STEPS[0], session_id="s"),
            event("page.opened", minutes(5), session_id="s", user_id="bea"),
        ]
    )
    store([event("page.opened", minutes(4), session_id="s", user_id="ann")])
    started = {row[2]: row[6] is not None for row in activity.derived()["subjects"]}
    assert started == {f"u:{key_of('user', 'ann')}": True, f"u:{key_of('user', 'bea')}": False}


def test_what_a_list_of_marks_has_dropped_is_looked_up_in_the_raw_rows(actor: Actor) -> None:
    hours = [
        event(STEPS[4], START + timedelta(hours=number), user_id="ann") for number in range(60)
    ]
    store(
        [
            *hours,
            *(
                event(kind, START + timedelta(hours=30), user_id="ann", id=kind)
                for kind in STEPS[:4]
            ),
        ]
    )
    later = Period(START, START + timedelta(days=3))
    assert users(actor, period=later) == [1] * 5
    steps = parse(f"{STEPS[0]},{STEPS[4]}")
    for view in (read(actor, period=later), read(actor, steps, later)):
        assert view.steps[-1].median_seconds_from_previous == 0
        assert not view.is_sampled


@pytest.mark.parametrize("steps", [None, f"{STEPS[0]},{STEPS[1]}"], ids=["saved", "other"])
def test_times_between_steps_of_very_many_are_those_of_all(
    actor: Actor, monkeypatch: pytest.MonkeyPatch, steps: str | None
) -> None:
    # A sample of 10,000 was up to 2.4% off
    took = [number**2 % 911 for number in range(400)]
    store(
        event(kind, START + timedelta(seconds=number + gap * place), user_id=f"u{number}")
        for number, gap in enumerate(took)
        for place, kind in enumerate(STEPS[:2])
    )
    monkeypatch.setattr(funnel_sql, "ENOUGH", 50)
    monkeypatch.setattr(funnel_sql, "ROUGHLY", text("select 100000"))
    view = read(actor, parse(steps) if steps else ONBOARDING)
    step = view.steps[1]
    tenths = quantiles(took, n=10, method="inclusive")
    assert step.users == 400
    assert (step.median_seconds_from_previous, step.p90_seconds_from_previous) == pytest.approx(
        (tenths[4], tenths[8]), abs=1e-6
    )
    assert not view.is_sampled


def test_times_to_the_last_step_of_very_many_are_those_of_all(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = [number**2 % 911 for number in range(200)]
    store(
        event(kind, START + timedelta(seconds=number + gap * place), user_id=f"u{number}")
        for number, gap in enumerate(took)
        for place, kind in enumerate(STEPS)
    )
    monkeypatch.setattr(funnel_sql, "ENOUGH", 50)
    monkeypatch.setattr(funnel_sql, "ROUGHLY", text("select 100000"))
    with transaction() as session:
        found = conversion_trend.read_conversion_trend(
            session, Period(START, START + timedelta(days=1)), Watched(), actor=actor
        )
    tenths = quantiles([4 * gap for gap in took], n=10, method="inclusive")
    assert found.completed == 200
    assert (found.median_seconds, found.p90_seconds) == pytest.approx(
        (tenths[4], tenths[8]), abs=1e-6
    )


def test_a_subject_that_one_takes_away_while_another_writes_it_is_still_there(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = [
        event(STEPS[0], session_id="s"),
        event("page.opened", minutes(5), session_id="s", user_id="bea"),
    ]
    takes, writes = (
        event("page.opened", minutes(4), session_id="s", user_id="ann"),
        event(STEPS[0], user_id="bea"),
    )
    store(late)
    made = subjects.statements_of
    pause = b"select from pg_sleep(0.6) as slept where slept is null"

    def hesitating(rule: FunnelRule) -> subjects.SubjectStatements:
        anew, without_parts = made(rule).less  # locked, and not yet taken away
        return replace(made(rule), less=(anew, pause, without_parts))

    monkeypatch.setattr(subjects, "statements_of", hesitating)
    one, other = Thread(target=store, args=([takes],)), Thread(target=store, args=([writes],))
    one.start()
    sleep(0.3)
    other.start()
    one.join(20)
    other.join(20)
    at_once = activity.derived()
    activity.clear()
    store([*late, takes, writes])
    assert at_once["subjects"] == activity.derived()["subjects"]


def test_folding_while_events_arrive_loses_none_and_counts_none_twice(database: Postgres) -> None:
    batches: list[list[NewEvent]] = [
        [event("a.b", minutes(number), user_id=f"u{number}")] for number in range(40)
    ]

    def fold_often() -> None:
        for _ in range(20):
            activity.fold()

    folding = Thread(target=fold_often)
    folding.start()
    activity.store_at_once(batches, writers=4)
    folding.join()
    activity.fold()
    rows = activity.derived()["rollups"]
    assert {
        grain: sum(row[6] for row in rows if row[0] == grain) for grain in ("half_hour", "day")
    } == {
        "half_hour": 40,
        "day": 40,
    }
