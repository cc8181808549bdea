"""Evaluation results in spans are scores of their AI requests."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from core.identity.schemas import Role
from tests.api.conftest import Client, caller
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing
from tests.factories.spans import CHAT, as_json, packed, pairs, span

EVENT = "gen_ai.evaluation.result"
FULL = {
    "gen_ai.evaluation.name": "relevance",
    "gen_ai.evaluation.score.value": 0.25,
    "gen_ai.evaluation.score.label": "poor",
    "gen_ai.evaluation.explanation": "It answers another question.",
}


def scored(*given: dict[str, Any], name: str = EVENT) -> dict[str, Any]:
    """Return a chat with these events, each at its end."""
    chat = span(CHAT | {"gen_ai.conversation.id": "c-1"})
    at = chat["endTimeUnixNano"]
    chat["events"] = [
        {"name": name, "timeUnixNano": at, "attributes": pairs(each)} for each in given
    ]
    return chat


def send(address: str, body: bytes, kind: str) -> None:
    with caller(address, bearing(api_key())) as sender:
        answer = sender.post("/otlp/v1/traces", content=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.content in (b"", b"{}")) == (200, True)


def scores(client: httpx2.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/admin/ai/scores").raise_for_status().json()["items"]
    return found


@pytest.mark.parametrize(
    ("pack", "kind"),
    [(packed, "application/x-protobuf"), (as_json, "application/json")],
    ids=["protobuf", "json"],
)
def test_an_evaluation_result_is_a_score_of_its_request_however_often_it_is_sent(
    address: str, client: Client, pack: Callable[..., bytes], kind: str
) -> None:
    admin, sent = client(person(Role.ADMIN)), scored(FULL)
    for _ in range(2):
        send(address, pack(sent), kind)
    [score] = scores(admin)
    names = ("name", "value", "label", "comment", "subject_kind")
    said = ("relevance", 0.25, "poor", "It answers another question.", "ai_request")
    assert tuple(score[name] for name in names) == said
    shown = admin.get(f"/admin/ai/requests/{sent['traceId']}{sent['spanId']}").json()
    assert [each["value"] for each in shown["scores"]] == [0.25]


def test_events_that_are_no_evaluation_result_are_no_scores(address: str, client: Client) -> None:
    unnamed = {name: value for name, value in FULL.items() if not name.endswith(".name")}
    sent = scored(unnamed, {"gen_ai.evaluation.name": "empty"}, FULL | {EVENT: "x"})
    send(address, packed(sent), "application/x-protobuf")
    send(address, packed(scored(FULL, name="exception")), "application/x-protobuf")
    assert [score["name"] for score in scores(client(person(Role.ADMIN)))] == ["relevance"]


def test_a_value_too_large_for_a_score_leaves_the_rest_of_the_export(
    address: str, client: Client
) -> None:
    # An integer of 400 digits was a 500 for the whole export
    huge = FULL | {"gen_ai.evaluation.name": "huge", "gen_ai.evaluation.score.value": 10**400}
    send(address, as_json(scored(huge, FULL)), "application/json")
    assert [score["name"] for score in scores(client(person(Role.ADMIN)))] == ["relevance"]
