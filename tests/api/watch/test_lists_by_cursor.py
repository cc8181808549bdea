"""Lists of users, sessions, errors and reviews are read to their end by cursor, row by row."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from operator import itemgetter
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
from sqlalchemy import text

from core.activity.queries.funnels.funnel import STEPS
from core.activity.queries.user_lists import UserOrder
from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.activity import event, store
from tests.factories.identity import person

NOW = clock.now().replace(microsecond=0)
COUNT = 9
Row = dict[str, Any]


def fill_users(name: str, number: int) -> None:
    at = NOW - timedelta(days=1, minutes=number % 3)
    later = at + timedelta(minutes=30 + number % 2 * 15)
    store([event("page.view", each, user_id=f"{name}-{number}") for each in (at, later)])


def fill_sessions(name: str, number: int) -> None:
    """Add a session, every second one in another app as well, and some that began nothing."""
    session, app = f"{name}-{number // 2}", ("web", "phone")[number % 2]
    kind, at = ("page.view", STEPS[0])[number // 2 % 3 > 0], NOW - timedelta(hours=1)
    store([event(kind, at, session_id=session, app=app, id=f"{session} {app}")])


def fill_stopped(name: str, number: int) -> None:
    start = NOW - timedelta(days=1, minutes=number % 3)
    for step, kind in enumerate(STEPS[:2]):
        at = start + timedelta(seconds=step * 90)
        store([event(kind, at, user_id=f"{name}-{number}")])


def fill_errors(name: str, number: int) -> None:
    store(
        event("onboarding.login_error", NOW - timedelta(minutes=1), error_code=code, id=id_)
        for code in [f"{name} ä{number}"]
        for id_ in (f"{code} {each}" for each in range(1 + number % 3))
    )


def fill_items(state: str) -> Callable[[str, int], None]:
    def fill(name: str, number: int) -> None:
        with transaction(Database.AI) as ai:
            ai.execute(ITEM, {"state": state, "number": number})

    return fill


ITEM = text("""
insert into review_items (id, message_id, conversation_id, message_at, message_role, environment,
    priority, state, created_at)
select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
    now() - :number % 2 * interval '1 minute', 'assistant', 'production', :number % 3, :state,
    now() - :number % 2 * interval '1 minute'""")


@dataclass(frozen=True)
class PagedList:
    """A list: how it is filled, by name and number of a row, and what tells its rows apart."""

    door: str
    fill: Callable[[str, int], None]
    key: Callable[[Row], object]
    sorts: tuple[str, ...] = ("",)
    filters: str = ""

    def read(self, ask: httpx2.Client, sort: str, **query: Any) -> Row:  # noqa: ANN401  any value
        given = dict(parse_qsl(self.filters)) | query | ({"sort": sort} if sort else {})
        page: Row = ask.get(self.door, params=given).raise_for_status().json()
        return page

    def pages(self, ask: httpx2.Client, sort: str) -> Iterator[Row]:
        page = self.read(ask, sort, limit=2)
        yield page
        while page["next_cursor"] is not None:
            page = self.read(ask, sort, limit=2, cursor=page["next_cursor"])
            yield page


USERS, STOPPED, QUEUE = "/admin/users", "/admin/onboarding/stopped", "/admin/ai/tuning/queue"
ORDERS = tuple(map(str, UserOrder))
LISTS = {
    "users": PagedList(USERS, fill_users, itemgetter("external_id"), ORDERS),
    "users of a status": PagedList(
        USERS, fill_users, itemgetter("external_id"), ORDERS, "status=in_progress"
    ),
    "sessions": PagedList("/admin/anonymous", fill_sessions, itemgetter("session_id", "app")),
    "stopped": PagedList(STOPPED, fill_stopped, itemgetter("user"), filters="step=2"),
    "stopped of a funnel": PagedList(
        STOPPED, fill_stopped, itemgetter("user"), filters="step=2&window_days=3"
    ),
    "stopped in a time": PagedList(
        STOPPED, fill_stopped, itemgetter("user"), filters="step=2&took=60-120"
    ),
    "errors": PagedList("/admin/onboarding/errors", fill_errors, itemgetter("error_code")),
    "queue": PagedList(QUEUE, fill_items("waiting"), itemgetter("id")),
    "adjudication": PagedList(
        QUEUE, fill_items("adjudication"), itemgetter("id"), filters="state=adjudication"
    ),
}
SORTED = [(which, sort) for which, listed in LISTS.items() for sort in listed.sorts]


@pytest.fixture
def ask(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


@pytest.mark.parametrize(("which", "sort"), SORTED)
def test_pages_by_cursor_are_the_whole_list_in_its_order(
    ask: httpx2.Client, which: str, sort: str
) -> None:
    listed = LISTS[which]
    for number in range(COUNT):
        listed.fill("row", number)
    pages = list(listed.pages(ask, sort))
    rows = [row for page in pages for row in page["items"]]
    assert rows == listed.read(ask, sort)["items"]
    assert len({listed.key(row) for row in rows}) == len(rows) == COUNT
    assert {page["total_count"] for page in pages} == {COUNT}
    offset = [listed.read(ask, sort, limit=2, offset=at)["items"] for at in range(0, COUNT, 2)]
    assert [row for page in offset for row in page] == rows


@pytest.mark.parametrize("which", LISTS)
def test_rows_that_are_inserted_meanwhile_repeat_none(ask: httpx2.Client, which: str) -> None:
    listed, seen = LISTS[which], list[object]()
    for number in range(COUNT):
        listed.fill("row", number)
    before = [listed.key(row) for row in listed.read(ask, "")["items"]]
    for number, page in enumerate(listed.pages(ask, "")):
        seen += [listed.key(row) for row in page["items"]]
        if number < 3:
            listed.fill("new", number)
    assert len(seen) == len(set(seen))
    assert [key for key in seen if key in before] == before


def cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


REFUSED = (
    "x",
    cursor(),
    cursor("-last_message", "2026-01-01T00:00:00+00:00", "0" * 32),  # of conversations
    "[" * 900,
)


@pytest.mark.parametrize("given", REFUSED)
@pytest.mark.parametrize("which", LISTS)
def test_a_cursor_of_another_list_is_refused_in_plain_words(
    ask: httpx2.Client, which: str, given: str
) -> None:
    listed = LISTS[which]
    answer = ask.get(listed.door, params=dict(parse_qsl(listed.filters)) | {"cursor": given})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Invalid cursor. Pass `next_cursor` as it was")
