"""The rows of the demo: as many as are promised, the same for a seed, and consistent with each
other.
"""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from core.demo.shifting import WEEK
from core.imports.ingest.stores import STORES
from core.imports.parsed import RowKind
from core.ingest.rows import FUTURE
from tests.core.demo.conftest import UNTIL, World, read
from tools.demo.requests.models import cost_of

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
LEAST = {
    RowKind.USERS: 5000,
    RowKind.EVENTS: 40_000,
    RowKind.AI_REQUESTS: 30_000,
    RowKind.CONVERSATIONS: 3000,
    RowKind.FEEDBACK: 1000,
    RowKind.BATCH_RUNS: 180,
    RowKind.DOCUMENTS: 60,
    RowKind.MEMORIES: 400,
}


def moment(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["created_at"])


def test_there_is_as_much_of_everything_as_is_promised(world: World) -> None:
    assert {kind: len(world.of(kind)) >= least for kind, least in LEAST.items()} == dict.fromkeys(
        LEAST, True
    )
    runs = Counter(run["batch_job"] for run in world.of(RowKind.BATCH_RUNS))
    assert {job: count >= 90 for job, count in runs.items()} == {
        "nightly-ripening": True,
        "swap-settlement": True,
    }
    assert 6 <= len({row["release"] for row in world.of(RowKind.AI_REQUESTS)}) <= 8


def test_a_week_later_the_demo_is_the_same_one_a_week_later(world: World) -> None:
    later = read(UNTIL + WEEK)
    for kind in (RowKind.USERS, RowKind.EVENTS):
        moved = {row["id"]: moment(row) - WEEK for row in later.of(kind)}
        assert moved == {row["id"]: moment(row) for row in world.of(kind)}


@pytest.mark.parametrize("until", [MONDAY + timedelta(minutes=1), MONDAY - timedelta(minutes=1)])
def test_the_demo_ends_now_at_the_beginning_and_end_of_a_week(until: datetime) -> None:
    found = read(until)
    last = [max(map(moment, found.of(kind))) for kind in (RowKind.EVENTS, RowKind.CONVERSATIONS)]
    assert until - timedelta(hours=8) < min(last) <= max(last) <= until


def test_a_conversation_is_open_for_some_hours_and_closed_afterwards(world: World) -> None:
    ages = defaultdict(list)
    for talk in world.of(RowKind.CONVERSATIONS):
        ages[talk["status"]].append(UNTIL - moment(talk["messages"][-1]))
    assert max(ages["active"]) <= timedelta(hours=6)
    assert timedelta(hours=6) < max(ages["waiting_human"]) <= timedelta(days=2)
    assert min(ages["closed"]) > timedelta(hours=6)


def test_every_row_is_one_that_ingest_takes(world: World) -> None:
    for kind, given in world.kinds.items():
        for row in given:
            wrong = msgspec.convert(
                {name: value for name, value in row.items() if name != "wheel"},
                STORES[kind].row,
                strict=False,
            )
            assert wrong.wrong(UNTIL + FUTURE) is None


def test_no_id_comes_twice(world: World) -> None:
    for kind, given in world.kinds.items():
        name = "batch_run_id" if kind is RowKind.BATCH_RUNS else "id"
        assert len({row[name] for row in given}) == len(given)


def test_who_and_what_is_named_exists(world: World) -> None:
    users = {row["id"] for row in world.of(RowKind.USERS)}
    messages = {
        (talk["id"], said["id"])
        for talk in world.of(RowKind.CONVERSATIONS)
        for said in talk["messages"]
    }
    for kind in (
        RowKind.EVENTS,
        RowKind.AI_REQUESTS,
        RowKind.CONVERSATIONS,
        RowKind.FEEDBACK,
        RowKind.MEMORIES,
    ):
        assert {row["user_id"] for row in world.of(kind) if row.get("user_id")} <= users
    named = [
        row
        for kind in (RowKind.AI_REQUESTS, RowKind.FEEDBACK)
        for row in world.of(kind)
        if row.get("message_id")
    ]
    assert {(row["conversation_id"], row["message_id"]) for row in named} <= messages
    assert {
        (row["conversation_id"], row["source_message_id"]) for row in world.of(RowKind.MEMORIES)
    } <= messages


def test_nothing_happens_after_the_end_and_conversations_go_forward(world: World) -> None:
    for kind in (RowKind.EVENTS, RowKind.AI_REQUESTS, RowKind.FEEDBACK, RowKind.USERS):
        assert max(map(moment, world.of(kind))) <= UNTIL
    for talk in world.of(RowKind.CONVERSATIONS):
        times = [moment(said) for said in talk["messages"]]
        assert all(first < second for first, second in pairwise(times))
        assert times[-1] <= UNTIL
        assert 2 <= len(times) <= 12
        assert talk["messages"][0]["role"] == "user"


def test_a_message_costs_what_its_requests_cost(world: World) -> None:
    costs: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    tokens: Counter[tuple[str, str]] = Counter()
    for row in world.of(RowKind.AI_REQUESTS):
        if row.get("message_id"):
            cost, count = cost_of(row)
            costs[row["conversation_id"], row["message_id"]] += cost
            tokens[row["conversation_id"], row["message_id"]] += count
    for talk in world.of(RowKind.CONVERSATIONS):
        for said in talk["messages"]:
            key = talk["id"], said["id"]
            assert (Decimal(said.get("cost_usd", 0)), said.get("tokens", 0)) == (
                costs[key],
                tokens[key],
            )


def test_requests_show_everything_that_there_is_to_show(world: World) -> None:
    requests = world.of(RowKind.AI_REQUESTS)
    assert {row["provider"] for row in requests} == {"openai", "anthropic", "google", "mistral"}
    for name in (
        "cached_tokens",
        "reasoning_tokens",
        "tool_calls",
        "steps",
        "error_type",
        "first_token_ms",
    ):
        assert sum(name in row for row in requests) > 100
    assert 3 <= sum(row.get("status") == "pending" for row in requests) <= 20
    assert {row["operation"] for row in requests} >= {"chat", "embeddings"}
    assert sum("error" in call for row in requests for call in row.get("tool_calls", ())) > 30
