"""The tables are the same in whichever order events arrive, and whenever they are derived; and the
funnel equals the brute-force result.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from random import Random
from statistics import quantiles

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.activity.funnel_views import FunnelView
from core.activity.ingest import pending_events
from core.activity.queries.funnels import funnel_counts
from core.activity.queries.funnels.funnel import STEPS, Funnel, Step
from core.activity.schemas import NewEvent
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor
from core.presentation.periods import Period, Watched
from tests.factories import activity
from tests.factories.activity import START, Reached
from tests.factories.funnels import SAVED, read
from tests.factories.identity import person

KINDS = (*STEPS, "onboarding.register_error", "page.opened")
PERIOD = Period(START, START + timedelta(days=1))
SOME = (
    "onboarding.register_start,chat.session_start",
    "onboarding.register_start|onboarding.register_complete,onboarding.login_success?,chat.session_start",
    "onboarding.register_complete,onboarding.login_success?,chat.session_start?,onboarding.portfolio_complete",
    "onboarding.login_success,chat.session_start|onboarding.register_error,onboarding.portfolio_complete?",
)
FUNNELS = (
    SAVED,
    read(None, 3),
    read(None, 60, any_order=True),
    *(read(steps) for steps in SOME),
    *(read(steps, 7, any_order=True) for steps in SOME),
)
offsets = st.one_of(
    st.integers(0, 12).map(lambda count: timedelta(seconds=count)),
    st.integers(0, 70).map(lambda count: timedelta(days=count, seconds=count)),
)


@st.composite
def histories(draw: st.DrawFn) -> list[NewEvent]:
    """Return events of three users and three shared sessions, some without a user, some in another
    app.
    """
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(KINDS),
                offsets,
                st.sampled_from([None, "ann", "bea", "cid"]),
                st.sampled_from([None, "s1", "s2", "s3"]),
                st.sampled_from([None, None, None, "mobile"]),
                st.booleans(),
                st.sampled_from([None, "1.0", "2.0"]),
            ),
            min_size=1,
            max_size=40,
        )
    )
    often = draw(st.integers(0, 60))  # more of one kind than a list keeps
    rows += [
        ("chat.session_start", timedelta(seconds=number * 7), "ann", None, None, False, "2.0")
        for number in range(often)
    ]
    return [
        NewEvent(
            id=f"e{number}",
            event_type=kind,
            created_at=START + after,
            user_id=user,
            session_id=session,
            app=app,
            error_code="oops" if failed else None,
            release=release,
        )
        for number, (kind, after, user, session, app, failed, release) in enumerate(rows)
    ]


def cut(events: Sequence[NewEvent], chance: Random) -> list[list[NewEvent]]:
    """Shuffle events, repeat some, and split them into batches."""
    sent = [*events, *chance.sample(list(events), len(events) // 3)]
    chance.shuffle(sent)
    batches = []
    while sent:
        size = chance.randint(1, 15)
        batches.append(sent[:size])
        sent = sent[size:]
    return batches


@pytest.fixture
def actor(database: Postgres) -> Actor:
    """Return an analyst."""
    return person().actor


LENIENT = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PATIENT = settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def check_order(events: list[NewEvent], seed: int, writers: int) -> None:
    activity.clear()
    activity.store(events)
    activity.fold()
    once = activity.derived()
    activity.clear()
    activity.store_at_once(cut(events, Random(seed)), writers=writers)
    activity.fold()
    assert activity.derived() == once


def check_deferred(events: list[NewEvent], chance: Random) -> None:
    activity.clear()
    activity.store(events)
    activity.fold()
    once = activity.derived()
    activity.clear()
    for batch in cut(events, chance):
        activity.store(batch, defers=chance.random() < 0.8)
        if chance.random() < 0.3:
            pending_events.derive_some(chance.randint(1, 20))
    pending_events.derive_all()
    activity.fold()
    assert activity.derived() == once


def check_figures(events: list[NewEvent], funnels: Iterable[Funnel], actor: Actor) -> None:
    activity.clear()
    activity.store(events)
    everywhere = activity.journeys(events)
    mobile = activity.journeys([each for each in events if each.app == "mobile"])
    released = activity.journeys([each for each in events if each.release == "2.0"])
    for funnel in funnels:
        with transaction() as session:
            view = funnel_counts.read_funnel(session, PERIOD, Watched(), funnel, actor=actor)
            assert funnel != SAVED or funnel_counts.conversions_of(
                view
            ) == funnel_counts.count_conversions(session, PERIOD, Watched(), actor=actor)
        compare(
            view, [activity.reached(done, funnel) for done in everywhere.values()], funnel.steps
        )
        with transaction() as session:
            view = funnel_counts.read_funnel(
                session, PERIOD, Watched(app="mobile"), funnel, actor=actor
            )
            assert funnel != SAVED or funnel_counts.conversions_of(
                view
            ) == funnel_counts.count_conversions(
                session, PERIOD, Watched(app="mobile"), actor=actor
            )
        compare(
            view,
            [activity.reached(done, funnel) for done in mobile.values()],
            funnel.steps,
        )
        with transaction() as session:
            view = funnel_counts.read_funnel(
                session, PERIOD, Watched(release="2.0"), funnel, actor=actor
            )
        compare(
            view,
            [activity.reached(done, funnel) for done in released.values()],
            funnel.steps,
        )


def compare(view: FunnelView, times: list[Reached], steps: Sequence[Step]) -> None:
    begun = [one for one in times if one[0] is not None and PERIOD.start <= one[0] < PERIOD.end]
    assert [step.users for step in view.steps] == [
        sum(one[number] is not None for one in begun) for number in range(len(steps))
    ]
    for number in range(1, len(steps)):
        gaps = activity.seconds(begun, steps, number)
        step = view.steps[number]
        if not gaps:
            assert step.median_seconds_from_previous is None
            continue
        tenths = quantiles(gaps, n=10, method="inclusive") if len(gaps) > 1 else gaps * 9
        assert step.median_seconds_from_previous == pytest.approx(tenths[4])
        assert step.p90_seconds_from_previous == pytest.approx(tenths[8])


@given(events=histories(), seed=st.integers(0, 2**32), writers=st.integers(1, 4))
@LENIENT
def test_the_order_of_arrival_changes_nothing(
    database: Postgres, events: list[NewEvent], seed: int, writers: int
) -> None:
    check_order(events, seed, writers)


@given(events=histories(), seed=st.integers(0, 2**32))
@LENIENT
def test_what_the_worker_derives_later_is_what_an_import_has_at_once(
    database: Postgres, events: list[NewEvent], seed: int
) -> None:
    check_deferred(events, Random(seed))


@given(events=histories(), funnels=st.permutations(FUNNELS))
@LENIENT
def test_the_funnel_is_what_brute_force_says(
    actor: Actor, events: list[NewEvent], funnels: list[Funnel]
) -> None:
    check_figures(events, funnels[:3], actor)


@pytest.mark.prove
@given(events=histories(), seed=st.integers(0, 2**32), writers=st.integers(1, 4))
@PATIENT
def test_the_order_of_arrival_changes_nothing_at_length(
    database: Postgres, events: list[NewEvent], seed: int, writers: int
) -> None:
    check_order(events, seed, writers)


@pytest.mark.prove
@given(events=histories())
@PATIENT
def test_the_funnel_is_what_brute_force_says_at_length(
    actor: Actor, events: list[NewEvent]
) -> None:
    check_figures(events, FUNNELS, actor)
