"""Many slow queries of one account don't delay ingest, sign-in and health checks."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.types import Message, Send

from api import deps
from api.routes.watch import overview
from core.database.connections import query_slots
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from tests.api.conftest import Client
from tests.api.routes import the_api
from tests.factories.identity import CALLER, PASSWORD, person
from tests.factories.keys import api_key, bearing

MANY = 45  # more than the threads that answer, and the connections that they would take


class Slow:
    """A query that ends when it may, and counts how many run."""

    def __init__(self) -> None:
        self.may_end, self.begun, self.running, self.most = (
            threading.Event(),
            threading.Event(),
            0,
            0,
        )
        self._lock = threading.Lock()

    def __call__(self, *_args: object, **_kwargs: object) -> list[object]:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.begun.set()
        assert self.may_end.wait(30)
        with self._lock:
            self.running -= 1
        return []


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    query = Slow()
    monkeypatch.setattr(overview, "list_releases", query)
    yield query
    query.may_end.set()


def test_all_else_goes_on_alongside(client: Client, slow: Slow) -> None:
    analyst, someone, nobody = client(person(Role.ANALYST)), person(Role.ADMIN), client(prefix="")
    sender = client()
    sender.headers.update(bearing(api_key()))

    def ask(number: int) -> httpx2.Response:
        return analyst.get("/admin/releases", params={"days": 1 + number})

    with ThreadPoolExecutor(MANY) as pool:
        asked = [pool.submit(ask, number) for number in range(MANY)]
        assert slow.begun.wait(20)
        event = {"event_type": "opened", "user_id": "u1"}
        assert sender.post("/ingest/events", json={"items": [event]}).json()["accepted"] == 1
        given = {"email": someone.actor.email, "password": PASSWORD}
        assert client().post("/admin/auth/login", json=given).status_code == 200
        assert nobody.get("/health").json()["dependencies"]["core"]["status"] == "healthy"
        assert client(someone).get("/admin/batch/history").status_code == 200
        slow.may_end.set()
        assert {each.result(30).status_code for each in asked} == {200}
    assert slow.most == query_slots.OF_ONE_ACCOUNT


def test_who_waits_too_long_is_sent_away_with_a_time_to_come_back(
    client: Client, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyst = client(person(Role.ANALYST))
    monkeypatch.setattr(query_slots, "MOST_WAITING", 0)
    answer = analyst.get("/admin/releases")
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert int(answer.headers["retry-after"]) >= 1


async def _asked(path: str, actor: Actor, send: Send) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [],
        "state": {"actor": actor, "caller": CALLER, "headers": {}},
    }
    await the_api()(scope, receive, send)


@pytest.mark.parametrize("path", ["/sessions", "/admin/releases"])
def test_a_slot_is_free_before_a_response_is_sent(
    path: str, monkeypatch: pytest.MonkeyPatch, cluster: Postgres
) -> None:
    # With FastAPI's default scope a slow reader held one of the slots of all accounts
    happened = []

    class Recorded(query_slots.QuerySlots):
        @asynccontextmanager
        async def awaited(self, *_: object) -> AsyncIterator[None]:
            happened.append("taken")
            yield
            happened.append("freed")

    async def send(message: Message) -> None:
        happened.append(message["type"])

    monkeypatch.setattr(deps, "slots", Recorded())
    asyncio.run(_asked(path, person(Role.ADMIN).actor, send))
    assert happened == ["taken", "freed", "http.response.start", "http.response.body"]
