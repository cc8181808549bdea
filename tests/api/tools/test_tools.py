"""GET tools and POST tools/{name}/test: who may use which tool, and what it returns."""

import json
from datetime import datetime
from typing import Any

import httpx2
import msgspec
import pytest

from core.database.db import Database, transaction
from core.identity.schemas import Role, Scope
from core.knowledge.documents import ingest as documents
from core.knowledge.schemas import NewDocument
from core.platform import clock
from core.tools import definitions, registry
from tests.api.conftest import Client
from tests.factories import activity, ai_metrics
from tests.factories.conversations import SOURCE, conversation, message, stored
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

READERS = {"current_time", "search_knowledge", "get_user", "get_conversation", "query_metrics"}


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person())


def keyed(client: Client, headers: dict[str, str]) -> httpx2.Client:
    program = client()
    program.headers.update(headers)
    return program


def names(mine: httpx2.Client) -> set[str]:
    return {each["name"] for each in mine.get("/tools").raise_for_status().json()["items"]}


def run(mine: httpx2.Client, name: str, **arguments: object) -> dict[str, Any]:
    answer = mine.post(f"/tools/{name}/test", json={"arguments": arguments})
    body: dict[str, Any] = answer.raise_for_status().json()
    assert body["time_ms"] >= 0
    return body


def result(mine: httpx2.Client, name: str, **arguments: object) -> dict[str, Any]:
    body = run(mine, name, **arguments)
    assert body["error"] is None
    value: dict[str, Any] = json.loads(body["result"])
    return value


def store_document(**fields: object) -> None:
    row = {"id": "d1", "title": "Refunds", "content": "A refund takes five days.", **fields}
    with transaction(Database.AI) as ai:
        documents.store(ai, [msgspec.convert(row, NewDocument)], SOURCE)


def test_tools_are_listed_with_the_schema_of_their_arguments(mine: httpx2.Client) -> None:
    assert names(mine) == READERS | {"create_ticket"}
    ticket = next(
        each for each in mine.get("/tools").json()["items"] if each["name"] == "create_ticket"
    )
    assert (ticket["is_write"], ticket["is_untrusted"]) == (True, False)
    assert ticket["parameters"]["required"] == ["title"]
    assert ticket["parameters"]["properties"]["priority"]["enum"] == [
        "low",
        "normal",
        "high",
        "urgent",
    ]


def test_roles_that_may_not_call_models_have_no_tools(client: Client) -> None:
    for role in (Role.ANALYST, Role.REVIEWER):
        mine = client(person(role))
        assert mine.get("/tools").status_code == 403
        assert mine.post("/tools/query_metrics/test", json={}).status_code == 403


def test_a_key_has_the_tools_of_its_scopes(client: Client) -> None:
    executing = keyed(client, bearing(api_key(Scope.EXECUTE)))
    assert names(executing) == {"current_time"}
    assert executing.post("/tools/query_metrics/test", json={}).status_code == 403
    reading = keyed(client, bearing(api_key(Scope.EXECUTE, Scope.READ)))
    assert names(reading) == {"current_time", "get_user", "query_metrics"}


def test_an_unknown_tool_is_missing(mine: httpx2.Client) -> None:
    assert mine.post("/tools/launch/test", json={}).status_code == 404
    assert mine.post("/tools/http_get/test", json={}).status_code == 404  # it is switched off


def test_the_time_is_told_in_a_zone(mine: httpx2.Client) -> None:
    told = result(mine, "current_time", zone="Asia/Kathmandu")
    assert told["time"].endswith("+05:45")
    assert abs((datetime.fromisoformat(told["time"]) - clock.now()).total_seconds()) < 60
    assert "Use one such as" in run(mine, "current_time", zone="Mars/Base")["error"]


def test_published_documents_are_found_with_the_text_of_the_best(mine: httpx2.Client) -> None:
    store_document()
    store_document(id="d2", title="Refund draft", status="draft")
    found = result(mine, "search_knowledge", query="refund")
    assert [each["id"] for each in found["documents"]] == ["d1"]
    assert found["documents"][0]["content"] == "A refund takes five days."
    assert result(mine, "search_knowledge", query="zebra")["documents"] == []


def test_a_user_is_looked_up_by_the_senders_id(mine: httpx2.Client) -> None:
    activity.store([activity.event("onboarding.register_start", user_id="u-7")])
    assert result(mine, "get_user", user_id="u-7")["external_id"] == "u-7"
    assert run(mine, "get_user", user_id="nobody")["error"]


def test_a_conversation_has_its_last_messages_and_its_reading_is_audited(
    mine: httpx2.Client,
) -> None:
    stored(conversation("c-1", messages=4))
    found = result(mine, "get_conversation", conversation_id="c-1", limit=2)
    assert [each["content"] for each in found["messages"]] == ["text 2", "text 3"]
    assert found["message_count"] == 4
    actions = [row["action"] for row in mine.get("/admin/audit").json()["items"]]
    assert "conversation.open" in actions


def test_metrics_are_totals_or_by_model(mine: httpx2.Client) -> None:
    now = clock.now()
    ai_metrics.send(*(ai_metrics.request(now, model=f"m{n % 2}") for n in range(3)))
    assert result(mine, "query_metrics", days=2)["total_requests"] == 3
    models = result(mine, "query_metrics", days=2, by="model")["models"]
    assert {(each["model"], each["total_requests"]) for each in models} == {("m0", 2), ("m1", 1)}


def test_invalid_arguments_are_named_in_the_error(mine: httpx2.Client) -> None:
    error = run(mine, "query_metrics", days=0, hours=3)["error"]
    assert "days: " in error
    assert "hours: " in error
    assert "call the tool again" in error


def test_a_tool_that_breaks_says_so_and_nothing_more(
    mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_given: object, _actor: object) -> None:
        raise RuntimeError("secret")

    tool = registry.TOOLS["current_time"]
    changed = definitions.RegistryTool(
        tool.name, tool.description, tool.arguments, broken, tool.permission
    )
    monkeypatch.setitem(registry.TOOLS, tool.name, changed)
    body = run(mine, "current_time")
    assert (body["result"], body["error"]) == (None, definitions.INTERNAL_ERROR)


def test_a_long_result_is_cut_and_stays_json(mine: httpx2.Client) -> None:
    stored({"id": "long", "messages": [message(n, content="<b>\n" * 500) for n in range(40)]})
    found = result(mine, "get_conversation", conversation_id="long", limit=40)
    assert found["truncated"] is True
