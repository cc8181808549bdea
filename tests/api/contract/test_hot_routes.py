"""The shortcut routes respond as the API does, whatever is sent."""

from typing import Any

import pytest
from starlette.routing import Mount

from api import frequent_routes, main
from api.routes.ingest import rows
from core.identity.schemas import Scope
from tests.api.conftest import Client
from tests.api.routes import description
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

pytestmark = pytest.mark.usefixtures("database")
EXECUTE = "/prompts/execute"
ASKED = {"model_id": "fake:echo", "prompt": "hello"}
WRONG: list[dict[str, Any]] = [
    {"json": {}},
    {"json": {"model_id": "fake:echo"}},
    {"json": ASKED | {"parameters": {"temperature": "hot"}}},
    {"json": ASKED | {"session_id": "none"}},
    {"json": ASKED | {"model_id": "nobody:none"}},
    {"json": []},
    {"content": b"{", "headers": {"Content-Type": "application/json"}},
    {"content": b"\xff", "headers": {"Content-Type": "application/json"}},
    {"content": b"hello", "headers": {"Content-Type": "text/plain"}},
]


def test_every_kind_of_row_has_its_route_in_front() -> None:
    found = {
        route.path
        for route in frequent_routes.routes(Mount(main.PREFIX, main.create()))
        if hasattr(route, "path")
    }
    assert found == {f"{main.PREFIX}/ingest/{name}" for name in rows.KINDS} | {
        f"{main.PREFIX}{EXECUTE}"
    }
    assert {path.removeprefix(main.PREFIX) for path in found} <= set(description()["paths"])


@pytest.mark.parametrize("sent", WRONG, ids=str)
def test_what_is_wrong_is_answered_in_the_words_of_the_api(
    client: Client, monkeypatch: pytest.MonkeyPatch, sent: dict[str, Any]
) -> None:
    mine = client(person())
    in_front = mine.post(EXECUTE, **sent)
    monkeypatch.setattr(frequent_routes, "_execution", lambda *_: None)  # as if nothing were plain
    behind = mine.post(EXECUTE, **sent)
    assert (in_front.status_code, in_front.json()) == (behind.status_code, behind.json())
    assert in_front.status_code >= 400


def test_an_answer_has_the_same_fields_and_headers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = client(person())
    in_front = mine.post(EXECUTE, json=ASKED)
    monkeypatch.setattr(frequent_routes, "_execution", lambda *_: None)
    behind = mine.post(EXECUTE, json=ASKED)
    assert in_front.status_code == behind.status_code == 200
    assert in_front.json().keys() == behind.json().keys()
    assert set(in_front.headers) == set(behind.headers)
    assert in_front.headers["ratelimit-limit"] == behind.headers["ratelimit-limit"]


def test_other_methods_are_refused_as_before(client: Client) -> None:
    mine = client(person())
    for path in (EXECUTE, "/ingest/events"):
        assert mine.put(path).status_code == 405


def test_a_key_may_neither_ask_a_model_nor_send_rows_beyond_its_scopes(client: Client) -> None:
    program = client()
    program.headers.update(bearing(api_key(scopes=[Scope.READ])))
    assert program.post(EXECUTE, json=ASKED).status_code == 403
    assert program.post("/ingest/events", json={"event_type": "a"}).status_code == 403
