"""What a conversation has cost, and who is told."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2

from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.api.review.conftest import LIST, NOW, at, talk
from tests.factories.ai_metrics import request, send
from tests.factories.conversations import stored
from tests.factories.identity import person

DOOR = "/admin/ai/tuning"


def test_costs_are_not_for_reviewers(client: Client, reviewer: httpx2.Client) -> None:
    stored(talk("c", "Where is it?", "On its way"))
    send(request(at(10), id="r", conversation_id="c", message_id="m1"))
    paths = (LIST, f"{LIST}/c", f"{DOOR}/messages/m1")
    for path in paths:
        assert '"0.001"' in client(person(Role.ADMIN)).get(path).text
        assert "0.001" not in reviewer.get(path).text
    assert "total_cost_usd" in client(person(Role.ADMIN)).get(f"{LIST}?format=csv").text
    assert "cost" not in reviewer.get(f"{LIST}?format=csv").text


def test_a_conversation_costs_what_its_messages_cost_otherwise_its_requests_otherwise_unknown(
    client: Client,
) -> None:
    stored(
        talk("own", "a", "b"),
        *({**talk(name, "a"), "messages": []} for name in ("mixed", "failed", "none")),
    )
    long_ago = NOW - timedelta(days=20)
    cents: dict[str, Any] = {"cost_usd": Decimal("0.01"), "total_tokens": 7}
    rows = [("own", cents), ("mixed", cents), ("mixed", cents), ("mixed", {"cost_usd": None})]
    rows.append(("failed", {"cost_usd": None, "error_type": "timeout"}))
    send(*(request(long_ago, conversation_id=name, **more) for name, more in rows))
    admin = client(person(Role.ADMIN))
    sums = ("total_tokens", "total_cost_usd", "unpriced_requests")
    wanted = {
        "own": (7, "0.001", 0),
        "mixed": (14, "0.02", 1),
        "failed": (None, None, 0),
        "none": (None, None, 0),
    }
    listed = admin.get(LIST).json()["items"]
    assert {each["external_id"]: tuple(each[name] for name in sums) for each in listed} == wanted
    for name, (tokens, cost, unpriced) in wanted.items():
        one = admin.get(f"{LIST}/{name}").json()["conversation"]
        assert [one[each] for each in sums] == [tokens, cost, unpriced]
    table = csv.DictReader(io.StringIO(admin.get(f"{LIST}?format=csv").text))
    assert {each["external_id"]: each["total_cost_usd"] for each in table} == {
        name: cost or "" for name, (_, cost, _) in wanted.items()
    }


def test_reviewers_see_tokens_but_no_costs_of_requests(reviewer: httpx2.Client) -> None:
    stored({**talk("c", "a"), "messages": []})
    send(request(NOW, conversation_id="c", total_tokens=7))
    [one] = reviewer.get(LIST).json()["items"]
    assert (one["total_tokens"], one["total_cost_usd"], one["unpriced_requests"]) == (7, None, None)
