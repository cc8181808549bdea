"""The Overview: each figure with that of the previous period, and null where a filter does not
apply.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert

from core.activity.ingest import events as activity
from core.activity.queries.funnels.funnel import STEPS
from core.activity.schemas import NewEvent
from core.database import partitions, settings
from core.database.db import Database, transaction
from core.embedded.postgres import Postgres
from core.errors import Forbidden
from core.identity.schemas import Actor, Role
from core.ingest.rows import RowSource, key_of
from core.insights.queries import overview as queries
from core.insights.schemas import Overview, WatchScope
from core.knowledge.models import Feedback
from core.platform.ids import new_id
from core.presentation.periods import Period, Watched
from tests.factories import conversations
from tests.factories.ai_metrics import START, near, request, send
from tests.factories.batches import ran
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)
WEEK = Period(START, START + 7 * DAY)
BEFORE = START - 2 * DAY


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ANALYST).actor


def overview(actor: Actor, watched: Watched | None = None) -> Overview:
    with transaction() as core, transaction(Database.AI) as ai:
        return queries.overview(core, ai, WatchScope(WEEK, watched or Watched()), actor=actor)


def events(*given: NewEvent) -> None:
    partitions.create_for(
        "user_activity_events", [each.created_at for each in given if each.created_at is not None]
    )
    with transaction() as session:
        activity.store(session, list(given), RowSource(environment="production", zone="UTC"))


def rated(rating: int, scale: str = "thumbs", *, days: int = 1, **fields: object) -> None:
    row = {
        "id": new_id(),
        "rating": rating,
        "scale": scale,
        "environment": "production",
        "app": "",
        "created_at": START + days * DAY,
    }
    with transaction(Database.AI) as session:
        session.execute(insert(Feedback).values(**(row | fields)))


def test_users_are_those_who_were_there_and_new_ones_had_never_been(actor: Actor) -> None:
    events(
        NewEvent(event_type="x.y", user_id="old", created_at=BEFORE),
        NewEvent(event_type="x.y", user_id="gone", created_at=BEFORE),
        NewEvent(event_type="x.y", user_id="old", created_at=START),
        NewEvent(event_type="x.y", user_id="new", created_at=START + DAY, release="2"),
        NewEvent(event_type="x.y", user_id="new", created_at=START + 2 * DAY),
        NewEvent(event_type="x.y", user_id="elsewhere", created_at=START, environment="staging"),
    )
    send(request(START + 3 * DAY, user_id="asked only", app="web", release="2"))
    found = overview(actor).users
    assert (found.active, found.new, found.previous.active, found.previous.new) == (3, 2, 2, 2)
    assert (
        overview(actor, Watched(app="web")).users.active,
        overview(actor, Watched(user_id="old")).users.new,
    ) == (1, 0)
    by_release = overview(actor, Watched(release="2")).users
    assert (by_release.active, by_release.new, by_release.previous.active) == (2, 2, 0)


def test_who_talked_in_a_release_was_active_in_it(actor: Actor) -> None:
    said = [conversations.message(0, created_at=(START + 2 * DAY).isoformat())]
    began = (START + DAY).isoformat()
    told = conversations.conversation(created_at=began, release="2")
    conversations.stored({**told, "messages": said})
    by_release = overview(actor, Watched(release="2")).users
    assert (by_release.active, overview(actor, Watched(release="1")).users.active) == (1, 0)


def test_users_from_before_and_after_a_period_count_if_they_were_active_within_it(
    actor: Actor,
) -> None:
    days = {
        "around": (-1, 9),
        "all along": (-1, 3, 9),
        "before": (-1,),
        "within": (2, 4),
        "until": (-1, 6),
        "since": (0, 9),
        "after": (8,),
    }
    events(
        *(
            NewEvent(event_type="visit", user_id=name, created_at=START + day * DAY)
            for name in days
            for day in days[name]
        )
    )
    found = overview(actor).users
    assert (found.active, found.new, found.previous.active) == (4, 2, 4)


def test_onboarding_counts_who_began_and_came_through_later_too(actor: Actor) -> None:
    events(
        *(
            NewEvent(event_type=step, user_id="through", created_at=START + n * 3 * DAY)
            for n, step in enumerate(STEPS)
        )
    )
    events(NewEvent(event_type=STEPS[0], user_id="stuck", created_at=START + DAY))
    events(NewEvent(event_type=STEPS[0], user_id="before", created_at=BEFORE))
    found = overview(actor).onboarding
    assert found is not None
    assert (found.started, found.completed, found.conversion) == (2, 1, 0.5)
    assert (found.previous.started, found.previous.conversion) == (1, 0.0)
    of_one = overview(actor, Watched(user_id="through")).onboarding
    assert of_one is not None
    assert (of_one.started, of_one.conversion, of_one.previous.conversion) == (1, 1.0, None)


def test_onboarding_of_a_release_is_that_of_its_events_where_its_users_are_counted(
    actor: Actor,
) -> None:
    for release, steps in (("1", STEPS[:1]), ("2", STEPS)):
        events(
            *(
                NewEvent(event_type=step, user_id=f"u{release}", created_at=at, release=release)
                for step, at in zip(steps, (START + n * DAY for n in range(5)), strict=False)
            )
        )
    by_release = overview(actor, Watched(release="2")).onboarding
    assert by_release is not None
    assert (by_release.started, by_release.conversion) == (1, 1.0)
    with transaction() as session:
        settings.write(session, settings.ReleasePlaces(since=START + 7 * DAY), by=None)
    assert overview(actor, Watched(release="2")).onboarding is None


def test_feedback_is_positive_from_four_of_five_or_a_thumb_up(actor: Actor) -> None:
    for rating in (1, -1, -1):
        rated(rating)
    for rating in (5, 4, 3):
        rated(rating, "five")
    rated(1, days=-1)
    rated(-1, environment="staging")
    rated(1, user_id=key_of("user", "u"))
    found = overview(actor).feedback
    assert found is not None
    assert (found.rated, found.positive, found.ratio) == (7, 4, 4 / 7)
    assert (found.previous.rated, found.previous.ratio) == (1, 1.0)
    of_one = overview(actor, Watched(user_id="u")).feedback
    assert of_one is not None
    assert of_one.rated == 1


def test_requests_and_batch_runs_are_those_of_their_own_pages(actor: Actor) -> None:
    send(
        request(START, total_latency_ms=100, cost_usd=Decimal("0.5")),
        request(START, status="error", total_latency_ms=900, input_tokens=5, cost_usd=None),
        request(BEFORE),
    )
    ran(START)
    ran(START, "failed")
    found = overview(actor)
    assert (
        found.ai.total_requests,
        found.ai.error_rate,
        found.ai.cost_usd,
        found.ai.unpriced_requests,
    ) == (2, 0.5, Decimal("0.5"), 1)
    assert (found.ai.p95_latency_ms, found.ai.previous.total_requests) == (near(900), 1)
    assert (found.batch.runs, found.batch.success_rate, found.batch.previous.success_rate) == (
        2,
        0.5,
        None,
    )


def test_of_nothing_there_are_zeros_and_nulls_and_no_release_where_none_is_known(
    actor: Actor,
) -> None:
    found = overview(actor)
    assert found.onboarding is not None
    assert found.feedback is not None
    assert (
        found.users.active,
        found.onboarding.conversion,
        found.feedback.ratio,
        found.ai.error_rate,
    ) == (0, None, None, None)
    by_release = overview(actor, Watched(release="1"))
    assert by_release.onboarding is not None
    assert (by_release.onboarding.started, by_release.feedback, by_release.ai.total_requests) == (
        0,
        None,
        0,
    )


def test_it_is_for_those_who_watch() -> None:
    with pytest.raises(Forbidden):
        overview(person(Role.REVIEWER).actor)
