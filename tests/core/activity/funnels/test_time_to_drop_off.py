"""The time to drop-off is that of every user who did not convert, however many there are."""

import random
from datetime import timedelta
from statistics import median, quantiles
from timeit import repeat

import pytest

from core.activity.funnel_views import TimeToDropOff
from core.activity.queries.funnels import time_to_drop_off
from core.activity.queries.funnels.funnel import STEPS, Funnel, parse
from core.activity.schemas import NewEvent
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor
from core.presentation.periods import Period, Watched
from tests.factories.activity import START, event, store
from tests.factories.identity import person

DAY = Period(START, START + timedelta(days=1))
OTHER = Funnel(tuple(parse(f"{STEPS[0]},{STEPS[2]}")))


@pytest.fixture
def actor(database: Postgres) -> Actor:
    """Return an analyst."""
    return person().actor


def read(actor: Actor, funnel: Funnel | None = None) -> TimeToDropOff:
    with transaction() as session:
        return time_to_drop_off.read_time_to_drop_off(session, DAY, Watched(), funnel, actor=actor)


def visits(count: int, seed: int = 3) -> tuple[list[NewEvent], list[list[int]]]:
    """Return events of users, named or not, and the seconds after the first at which each reached
    the steps.
    """
    chance, events, reached = random.Random(seed), [], []
    for number in range(count):
        who = {"user_id": f"u{number}"} if chance.random() < 0.7 else {"session_id": f"s{number}"}
        times = [0]
        while len(times) < len(STEPS) and chance.random() < 0.8:
            times.append(times[-1] + chance.randint(1, 4000))
        begun = START + timedelta(seconds=number % 40_000, microseconds=number)
        events += [
            event(kind, begun + timedelta(seconds=at), **who)
            for kind, at in zip(STEPS, times, strict=False)
        ]
        reached.append(times)
    return events, reached


@pytest.mark.parametrize(("funnel", "steps"), [(None, 5), (OTHER, 3)], ids=["saved", "other"])
def test_it_is_what_adding_up_every_user_by_hand_says(
    actor: Actor, funnel: Funnel | None, steps: int
) -> None:
    events, reached = visits(600)
    store(events)
    stayed = [times[-1] for times in reached if len(times) < steps]
    view, tenths = read(actor, funnel), quantiles(stayed, n=10, method="inclusive")
    assert (view.users, view.is_sampled) == (len(stayed), False)
    assert (view.median_seconds, view.p90_seconds) == pytest.approx(
        (tenths[4], tenths[8]), abs=1e-6
    )
    for bar in view.histogram:
        assert bar.users == sum(bar.from_s <= each < bar.to_s for each in stayed)


def test_without_anybody_who_dropped_off_there_is_no_time(actor: Actor) -> None:
    store(event(kind, START + timedelta(minutes=n), user_id="a") for n, kind in enumerate(STEPS))
    view = read(actor)
    assert (view.users, view.median_seconds, view.histogram) == (0, None, [])


def test_one_user_is_median_and_ninth_tenth(actor: Actor) -> None:
    store(
        [event(STEPS[0], user_id="a"), event(STEPS[1], START + timedelta(seconds=9), user_id="a")]
    )
    view = read(actor)
    assert (view.users, view.median_seconds, view.p90_seconds) == (1, 9, 9)


def test_more_than_ten_thousand_users_are_all_counted(actor: Actor) -> None:
    events, reached = visits(16_000)
    store(events)
    dropped = sum(len(times) < len(STEPS) for times in reached)
    assert dropped < 10_000 < len(reached)
    found = read(actor)
    assert (found.users, found.is_sampled) == (dropped, False)


# A time limit: kept out of the short run, where other tests share the cores.
@pytest.mark.prove
def test_ten_thousand_users_are_read_in_a_third_of_a_second(actor: Actor) -> None:
    store(visits(16_000)[0])
    took = repeat(lambda: read(actor), number=1, repeat=5)
    assert median(took) < 0.3, took
