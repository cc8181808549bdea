"""Filtered lists of users are the same whether the database starts from few matches or scans many
users.
"""

import random
from datetime import timedelta
from itertools import product

import msgspec
import pytest

from core.activity.ingest import users
from core.activity.queries import user_details, user_lists, user_query
from core.activity.queries.funnels.funnel import STEPS
from core.activity.queries.user_filter import UserFilter
from core.activity.queries.user_lists import UserOrder
from core.activity.schemas import NewEvent, NewUser
from core.activity.views import OnboardingStatus, UserSummary, UserView
from core.database.db import transaction
from core.database.paging import SortCursor, SortedPage, Window
from core.identity.schemas import Actor, Role
from core.ingest.rows import RowSource
from core.platform import clock
from core.presentation.periods import Watched
from tests.factories.activity import event, store
from tests.factories.identity import person

NOW = clock.now()
EVERYWHERE, WEB, STAGING = Watched(), Watched(app="web"), Watched("staging")


@pytest.fixture
def actor() -> Actor:
    return person(Role.ANALYST).actor


@pytest.fixture(params=[10_000, 3, 0])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The threshold below which matches are few."""
    monkeypatch.setattr(user_query, "FEW", request.param)
    return int(request.param)


@pytest.fixture(autouse=True)
def everybody(database: object) -> list[str]:
    """Users with all statuses, in two apps and two environments, and some without events."""
    chance = random.Random(11)
    names = [f"user-{number}" for number in range(60)]
    sent: dict[str, list[NewEvent]] = {"production": [], "staging": []}
    for name in names:
        start = NOW - timedelta(
            days=chance.choice([1, 2, 5, 20, 29, 33, 60]), hours=chance.randrange(20)
        )
        done = chance.choice([STEPS[:length] for length in range(6)])
        app, place = (
            chance.choice(["web", "phone"]),
            chance.choice(["production", "production", "staging"]),
        )
        sent[place] += [
            event(kind, start + timedelta(minutes=number), user_id=name, app=app)
            for number, kind in enumerate(done)
        ]
        if chance.random() < 0.5:
            at = start + timedelta(hours=1)
            sent[place].append(event("page.view", at, user_id=name, app="web"))
    for place, journeys in sent.items():
        store(journeys, environment=place)
    told = [
        {"id": "Only_Told", "email": "Told@Example.com"},
        {"id": "user-7", "display_name": "Ada Ünal"},
        {"id": "plain"},
    ]
    with transaction() as session:
        users.store(session, msgspec.convert(told, list[NewUser]), RowSource("production", "UTC"))
    return [*names, "Only_Told", "plain"]


@pytest.mark.parametrize("watched", [EVERYWHERE, WEB, STAGING])
@pytest.mark.usefixtures("few")
def test_a_status_and_a_step_find_whom_they_are_said_of(
    everybody: list[str], watched: Watched, actor: Actor
) -> None:
    with transaction() as session:
        listed = user_lists.list_users(
            session, UserFilter(), watched, window=Window(200), actor=actor
        )
        views = [
            user_details.get_user(session, each.external_id, watched, actor=actor)
            for each in listed.items
        ]
        for status in (None, *OnboardingStatus):
            for step in (None, *range(6)):
                wanted = UserFilter(status=status, step=step)
                found = user_lists.list_users(
                    session, wanted, watched, UserOrder.ID, window=Window(200), actor=actor
                )
                expected = sorted(each.external_id for each in views if is_wanted(each, wanted))
                assert [each.external_id for each in found.items] == expected, wanted
                assert found.total_count == len(expected), wanted
    assert {each.status for each in views} == set(OnboardingStatus) or watched != EVERYWHERE
    assert len(listed.items) <= len(everybody)


@pytest.mark.usefixtures("few")
def test_pages_of_what_is_filtered_are_parts_of_the_whole(actor: Actor) -> None:
    wanted = UserFilter(status=OnboardingStatus.STUCK)
    for order in UserOrder:
        with transaction() as session:
            whole = user_lists.list_users(
                session, wanted, EVERYWHERE, order, window=Window(200), actor=actor
            )
            pages = [
                user_lists.list_users(
                    session, wanted, EVERYWHERE, order, window=Window(4, offset), actor=actor
                )
                for offset in range(0, whole.total_count + 4, 4)
            ]
        assert [each for page in pages for each in page.items] == whole.items, order
        assert {page.total_count for page in pages} == {whole.total_count}, order


@pytest.mark.usefixtures("few")
def test_pages_by_cursor_are_parts_of_the_whole(actor: Actor) -> None:
    statuses = (None, OnboardingStatus.STUCK, OnboardingStatus.DROPPED)
    for status, order in product(statuses, UserOrder):
        expect_whole_by_cursor(status, order, actor)


def expect_whole_by_cursor(status: OnboardingStatus | None, order: UserOrder, actor: Actor) -> None:
    found, cursor, is_read = list[UserSummary](), None, False
    with transaction() as session:

        def read(window: Window, after: SortCursor | None = None) -> SortedPage[UserSummary]:
            wanted = UserFilter(status=status)
            return user_lists.list_users(
                session, wanted, EVERYWHERE, order, window=window, after=after, actor=actor
            )

        while cursor is not None or not is_read:
            after = user_lists.sort_of(order).read_cursor(cursor) if cursor else None
            page, is_read = read(Window(7), after), True
            found, cursor = found + page.items, page.next_cursor
        assert found == read(Window(200)).items, (status, order)
    assert len(found) == page.total_count, (status, order)


@pytest.mark.usefixtures("few", "everybody")
def test_one_after_the_other_by_id_they_are_the_same(actor: Actor) -> None:
    for status, watched in product((None, *OnboardingStatus), (EVERYWHERE, WEB, STAGING)):
        expect_the_same_by_id(status, watched, actor)


def expect_the_same_by_id(status: OnboardingStatus | None, watched: Watched, actor: Actor) -> None:
    wanted, after, found = UserFilter(status=status), None, []
    with transaction() as session:
        whole = user_lists.list_users(
            session, wanted, watched, window=Window(200), actor=actor
        ).items
        while some := user_lists.list_users_by_id(
            session, wanted, watched, limit=7, after=after, actor=actor
        ):
            found += some
            after = some[-1].id
    assert found == sorted(whole, key=lambda each: each.id), (status, watched)


@pytest.mark.usefixtures("few")
def test_a_part_of_an_id_an_address_or_a_name_finds_whom_it_is_of(actor: Actor) -> None:
    store([event("page.view", NOW, user_id="user-7", app="web")])
    for q, found in (
        ("only_told", ["Only_Told"]),
        ("TOLD@example", ["Only_Told"]),
        ("ada ü", ["user-7"]),
        ("UNAL", []),
        ("user_7", []),
        ("er-7", ["user-7"]),
        ("100%", []),
    ):
        with transaction() as session:
            page = user_lists.list_users(
                session, UserFilter(q=q), EVERYWHERE, window=Window(), actor=actor
            )
        assert [each.external_id for each in page.items] == found, q
        assert page.total_count == len(found), q


def is_wanted(view: UserView, wanted: UserFilter) -> bool:
    """Whether a user matches the filters, according to the user's own page."""
    return (wanted.status is None or view.status is wanted.status) and (
        wanted.step is None or view.step == wanted.step
    )
