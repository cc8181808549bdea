"""Sessions without a user: listed with their progress, and their events, until an event names the
user.
"""

from datetime import timedelta

import pytest

from core.activity.errors import AnonymousSessionMissing
from core.activity.queries import anonymous, journeys, user_lists
from core.activity.queries.funnels.funnel import STEPS
from core.activity.queries.user_filter import UserFilter
from core.activity.queries.user_lists import UserOrder
from core.activity.schemas import NewEvent
from core.activity.views import AnonymousSummary, OnboardingStatus
from core.database import settings
from core.database.db import transaction
from core.database.paging import Page, Window
from core.database.settings import ReleasePlaces
from core.embedded.postgres import Postgres
from core.errors import Forbidden
from core.identity.schemas import Actor, Role
from core.platform import clock
from core.presentation.periods import Watched
from tests.factories.activity import event, spaced, store
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
NOW = clock.now().replace(microsecond=0)
WATCHED = Watched()


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ANALYST).actor


def visited(
    session_id: str, kinds: tuple[str, ...], *, days_ago: float = 0.1, **fields: object
) -> list[NewEvent]:
    start = NOW - timedelta(days=days_ago)
    return [
        event(kind, start + number * timedelta(minutes=1), session_id=session_id, **fields)
        for number, kind in enumerate(kinds)
    ]


def listed(
    actor: Actor,
    wanted: UserFilter | None = None,
    watched: Watched = WATCHED,
    window: Window | None = None,
) -> Page[AnonymousSummary]:
    with transaction() as session:
        return anonymous.list_anonymous(
            session, wanted or UserFilter(), watched, window=window or Window(), actor=actor
        )


def test_those_who_began_last_come_first_and_those_who_never_began_at_the_end(actor: Actor) -> None:
    store(visited("early", STEPS[:2], days_ago=2))
    store(visited("late", STEPS[:1], days_ago=1))
    store(visited("never", ("onboarding.login_error", "page.view")))
    store(visited("elsewhere", ("page.view",)))
    found = listed(actor)
    assert [(each.session_id, each.step, each.events) for each in found.items] == [
        ("late", 1, 1),
        ("early", 2, 2),
        ("never", 0, 2),
        ("elsewhere", 0, 1),
    ]
    assert found.total_count == 4
    assert [each.session_id for each in listed(actor, window=Window(1, 1)).items] == ["early"]
    assert [each.session_id for each in listed(actor, window=Window(1, 2)).items] == ["never"]


def test_of_a_user_none_is_listed(actor: Actor) -> None:
    store(visited("visit", STEPS[:1]))
    found = listed(actor, watched=Watched(user_id="ann"))
    assert (found.items, found.total_count) == ([], 0)


@pytest.mark.parametrize("has_places", [True, False])
def test_of_a_release_the_sessions_with_an_event_of_it_are_listed(
    actor: Actor, has_places: bool
) -> None:
    store(visited("old", STEPS[:2], days_ago=2, release="1.0"))
    store(visited("new", STEPS[:1], days_ago=1, release="2.0"))
    store(visited("idle", ("page.view",), release="2.0"))
    if not has_places:
        with transaction() as session:
            settings.write(session, ReleasePlaces(since=NOW + timedelta(days=1)), by=None)
    found = listed(actor, watched=Watched(release="2.0"))
    assert ([each.session_id for each in found.items], found.total_count) == (["new", "idle"], 2)


def test_a_session_that_gets_a_name_is_listed_no_longer(actor: Actor) -> None:
    store(visited("s1", STEPS[:2]))
    assert listed(actor).total_count == 1
    store([event(STEPS[2], NOW, session_id="s1", user_id="ann")])
    assert listed(actor).items == []
    with transaction() as session, pytest.raises(AnonymousSessionMissing):
        journeys.read_anonymous(session, "s1", WATCHED, limit=10, actor=actor)


def test_it_is_filtered_by_id_step_status_place(actor: Actor) -> None:
    store(visited("a_1", STEPS[:2]))
    store(visited("ab1", STEPS, days_ago=50))
    store(visited("b", STEPS[:1], days_ago=50))
    store(visited("c", STEPS[:1], days_ago=10, app="phone"))
    store(visited("d", STEPS[:1], environment="staging"))

    def names(**given: object) -> list[str]:
        return [each.session_id for each in listed(actor, UserFilter(**given)).items]

    assert names() == ["a_1", "c", "b", "ab1"] or names() == ["a_1", "c", "ab1", "b"]
    assert names(q="a_") == ["a_1"]
    assert names(q="1") == ["a_1", "ab1"]
    assert names(step=2) == ["a_1"]
    assert names(status=OnboardingStatus.COMPLETED) == ["ab1"]
    assert names(status=OnboardingStatus.DROPPED) == ["b"]
    assert names(status=OnboardingStatus.STUCK) == ["c"]
    assert names(status=OnboardingStatus.IN_PROGRESS) == ["a_1"]
    assert listed(actor, UserFilter(status=OnboardingStatus.STUCK)).total_count == 1
    assert [each.session_id for each in listed(actor, watched=Watched(app="phone")).items] == ["c"]
    assert [each.session_id for each in listed(actor, watched=Watched("staging")).items] == ["d"]
    assert listed(actor, watched=Watched("nowhere")).items == []


def test_its_journey_says_what_happened_and_why_it_is_counted_so(actor: Actor) -> None:
    store(
        visited(
            "s1", (*STEPS[:2], "onboarding.login_error"), days_ago=40, error_code="wrong_password"
        )
    )
    with transaction() as session:
        found = journeys.read_anonymous(session, "s1", WATCHED, limit=2, actor=actor)
    assert (found.session.session_id, found.session.status, found.session.errors) == (
        "s1",
        OnboardingStatus.DROPPED,
        3,
    )
    assert [(each.step, each.is_anonymous) for each in found.items] == [(1, True), (2, True)]
    assert found.why.startswith("Dropped: step 2 (onboarding.register_complete) was reached on ")
    assert found.total_count == 3
    assert found.next_cursor is not None


def test_nobody_is_found_by_an_id_that_never_was(actor: Actor) -> None:
    with transaction() as session, pytest.raises(AnonymousSessionMissing):
        journeys.read_anonymous(session, "nobody", WATCHED, limit=10, actor=actor)


def test_reviewers_see_none(actor: Actor) -> None:
    reviewer = person(Role.REVIEWER).actor
    with pytest.raises(Forbidden):
        listed(reviewer)
    with transaction() as session, pytest.raises(Forbidden):
        journeys.read_anonymous(session, "s", WATCHED, limit=1, actor=reviewer)


def test_users_stand_in_the_order_that_is_asked_for(actor: Actor) -> None:
    store(spaced(STEPS[:2], user="bea", start=NOW - timedelta(days=3)))
    store(spaced(STEPS[:1], user="ann", start=NOW - timedelta(days=2)))
    store([event("chat.session_start", NOW, user_id="bea")])

    def names(order: UserOrder, **given: object) -> list[str]:
        with transaction() as session:
            wanted = UserFilter(**given)
            found = user_lists.list_users(
                session, wanted, WATCHED, order, window=Window(), actor=actor
            )
        return [each.external_id for each in found.items]

    assert names(UserOrder.LAST_SEEN_FIRST) == ["bea", "ann"]
    assert names(UserOrder.LAST_SEEN) == ["ann", "bea"]
    assert names(UserOrder.NEWEST_FIRST) == ["ann", "bea"]
    assert names(UserOrder.OLDEST_FIRST) == ["bea", "ann"]
    assert names(UserOrder.ID) == ["ann", "bea"]
    assert names(UserOrder.ID_BACKWARDS, status=OnboardingStatus.IN_PROGRESS) == ["bea", "ann"]
