"""A funnel is proposed from what users do most, where nobody has begun the workspace's."""

from datetime import datetime, timedelta

import pytest

from core.activity.queries.funnels.funnel import STEPS
from core.activity.queries.funnels.funnel_proposal import proposal_period, propose_funnel
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor
from core.ingest.rows import EARLIEST
from core.platform import clock
from core.presentation.periods import DAY, Period, Watched
from tests.factories import activity
from tests.factories.identity import person

COMMON = ["account.created", "trial.started", "report.published"]


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person().actor


def proposed(actor: Actor, until: datetime | None = None) -> list[str]:
    period = proposal_period(Period(EARLIEST, until or clock.now()))
    with transaction() as session:
        found = propose_funnel(session, period, Watched(), actor=actor)
    return [step.name for step in found.steps] if found is not None else []


def test_the_most_common_sequence_is_proposed(actor: Actor) -> None:
    begun = clock.now() - timedelta(days=2)
    for number in range(20):
        kinds = [*COMMON[: 2 + number % 2], "page.viewed"] if number % 5 else ["page.viewed"]
        activity.store(activity.spaced(kinds, user=f"u{number}", start=begun))
    assert proposed(actor)[:2] == COMMON[:2]
    assert set(COMMON) <= set(proposed(actor))


def test_steps_are_labelled_with_the_capitals_of_their_event_types(actor: Actor) -> None:
    start = clock.now() - timedelta(hours=1)
    activity.store(activity.spaced(["signUp_done", "KYC.passed"], user="ann", start=start))
    with transaction() as session:
        found = propose_funnel(
            session, proposal_period(Period(start, clock.now())), Watched(), actor=actor
        )
    assert found is not None
    assert [step.label for step in found.steps] == ["SignUp done", "KYC passed"]


def test_errors_and_what_is_long_ago_are_no_steps(actor: Actor) -> None:
    old, now = clock.now() - timedelta(days=40), clock.now() - timedelta(hours=1)
    activity.store(activity.spaced(COMMON, user="ann", start=old))
    activity.store(activity.spaced(["a.b", "a.c_error", "a.d"], user="bea", start=now))
    assert proposed(actor) == ["a.b", "a.d"]


def test_returning_users_do_not_say_how_users_begin(actor: Actor) -> None:
    now = clock.now()
    for number in range(9):
        start = now - timedelta(days=50 if number else 2)
        activity.store(activity.spaced(COMMON, user=f"u{number}", start=start))
        activity.store(
            activity.spaced(["page.viewed", "page.left"], user=f"u{number}", start=now - DAY)
        )
    assert proposed(actor)[:3] == COMMON


def test_without_new_users_those_who_return_are_looked_at(actor: Actor) -> None:
    now = clock.now()
    activity.store(activity.spaced(COMMON, user="ann", start=now - timedelta(days=50)))
    activity.store(activity.spaced(["page.viewed", "page.left"], user="ann", start=now - DAY))
    assert proposed(actor) == ["page.viewed", "page.left"]


def test_a_period_of_the_past_has_a_proposal_of_its_own(actor: Actor) -> None:
    ended = clock.now() - timedelta(days=400)
    activity.store(activity.spaced(COMMON, user="ann", start=ended - DAY))
    activity.store(activity.spaced(["page.viewed", "page.left"], user="bea", start=ended + DAY))
    assert proposed(actor) == []
    assert proposed(actor, ended) == COMMON


def test_nothing_is_proposed_without_a_sequence(actor: Actor) -> None:
    assert proposed(actor) == []
    activity.store(activity.spaced(["a.b"], user="ann", start=clock.now() - timedelta(hours=1)))
    assert proposed(actor) == []


def test_nothing_is_proposed_where_somebody_has_begun(actor: Actor) -> None:
    begun = clock.now() - timedelta(hours=1)
    activity.store(activity.spaced(COMMON, user="ann", start=begun))
    activity.store(activity.spaced(STEPS[:1], user="bea", start=begun))
    assert proposed(actor) == []
