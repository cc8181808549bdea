"""Conversations over HTTP: what they may hold, and what is kept of what has no name."""

from collections.abc import Iterator

import httpx2
import pytest

from core.embedded.postgres import Postgres
from core.ingest.rows import key_of, message_name
from tests.api.conftest import caller
from tests.factories.conversations import column, conversation, message, one
from tests.factories.keys import api_key, bearing


@pytest.fixture
def program(address: str, database: Postgres) -> Iterator[httpx2.Client]:
    with caller(f"{address}/api/v1/ingest", bearing(api_key(environment="staging"))) as client:
        yield client


def test_the_environment_is_the_keys_unless_it_is_said(program: httpx2.Client) -> None:
    program.post(
        "/conversations", json={"items": [conversation("a"), conversation("b", environment="test")]}
    )
    assert column("environment", "conversations", by="external_id") == ["staging", "test"]


def test_a_conversation_may_be_empty_and_so_may_a_message(program: httpx2.Client) -> None:
    assert program.post("/conversations", json={"id": "c"}).json()["accepted"] == 1
    assert (one("message_count"), one("total_tokens"), one("status")) == (0, None, "active")
    empty = {"id": "c", "messages": [message(0, content=""), message(1, content=None)]}
    assert program.post("/conversations", json=empty).json()["accepted"] == 1
    assert column("content") == ["", ""]


def test_a_message_of_two_hundred_thousand_characters_is_kept_whole(program: httpx2.Client) -> None:
    long = "".join(f"word{number} é " for number in range(20_000))[:200_000]
    assert (
        program.post(
            "/conversations", json={"id": "c", "messages": [message(0, content=long)]}
        ).json()["accepted"]
        == 1
    )
    assert one("content", "messages") == long


def test_a_nul_within_a_message_is_taken_out(program: httpx2.Client) -> None:
    given = {
        "id": "c",
        "messages": [message(0, content="a\0b", metadata={"c\0": "d\0"}, odd="e\0")],
    }
    assert program.post("/conversations", json=given).json()["accepted"] == 1
    assert one("content", "messages") == "ab"
    assert one("metadata", "messages") == {"c": "d", "odd": "e"}


def test_what_has_no_name_is_kept(program: httpx2.Client) -> None:
    messages = [message(0, feeling="good"), message(1, metadata={"a": 1}, colour="blue")]
    program.post(
        "/conversations",
        json={"id": "c", "messages": messages, "context": {"plan": "pro"}, "channel": "web"},
    )
    assert column("metadata") == [{"feeling": "good"}, {"a": 1, "colour": "blue"}]
    assert one("context") == {"plan": "pro", "channel": "web"}


def test_its_keys_follow_from_the_ids(program: httpx2.Client) -> None:
    program.post("/conversations", json=conversation("c", 1))
    assert one("id") == key_of("conversation", "c")
    assert one("id", "messages") == key_of("message", message_name("c", "m0"))
    assert one("user_id") == key_of("user", "user of c")


def test_tool_calls_and_errors_come_along(program: httpx2.Client) -> None:
    calls = [{"name": "search", "arguments": {"q": "x"}}]
    program.post(
        "/conversations",
        json={
            "id": "c",
            "messages": [message(1, tool_calls=calls, error="cut off", latency_ms=1200)],
        },
    )
    assert (
        one("tool_calls", "messages"),
        one("error", "messages"),
        one("latency_ms", "messages"),
    ) == (calls, "cut off", 1200)


def test_sums_that_no_column_holds_stop_at_its_end(program: httpx2.Client) -> None:
    messages = [message(number, tokens=2**31 - 1, cost_usd=100_000) for number in range(12)]
    assert (
        program.post("/conversations", json={"id": "c", "messages": messages}).json()["accepted"]
        == 1
    )
    assert (one("total_tokens"), one("total_cost_usd")) == (2**31 - 1, 999_999)


def test_a_bad_message_costs_its_conversation_and_no_other(program: httpx2.Client) -> None:
    bad = {"id": "bad", "messages": [message(0), message(1, created_at="2099-01-01T00:00:00Z")]}
    costly = {"id": "costly", "messages": [message(0, cost_usd=-1)]}
    answer = program.post(
        "/conversations", json={"items": [bad, conversation("good"), costly]}
    ).json()
    assert answer["accepted"] == 1
    assert [each["error"].partition(":")[0] for each in answer["rejected"]] == [
        "messages[1].created_at",
        "messages[0].cost_usd",
    ]


def test_a_list_or_an_object_that_became_shorter_replaces_the_one_before(
    program: httpx2.Client,
) -> None:
    # Sent again with fewer tags, it counted as a duplicate
    for tags, plan in ((["a", "b"], {"a": 1, "b": 2}), (["a"], {"a": 1})):
        given = {"id": "c", "messages": [message(0, metadata={"tags": tags, "plan": plan})]}
        assert program.post("/conversations", json=given).json()["accepted"] == 1
    assert one("metadata", "messages") == {"tags": ["a"], "plan": {"a": 1}}


def test_an_environment_that_names_a_release_is_refused(program: httpx2.Client) -> None:
    # Users of such a row would count as those of the release
    report = program.post(
        "/conversations", json=conversation("c", 1, environment="production\x1fv1")
    ).json()
    assert report["accepted"] == 0
    assert report["rejected"][0]["error"] == "environment: contains the character U+001F"
    assert column("environment", "conversations", by="external_id") == []
