"""Lists shorten long values and say so; single rows and CSV have the complete ones."""

import csv
import io
from typing import Any

import httpx2
import pytest

from core.database import shortened
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from core.ingest.rows import key_of
from core.knowledge.feedback.ingest import rate
from tests.api.conftest import Client, caller
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

LONG = "x" * 300_000
csv.field_size_limit(2**24)
PERIOD = {"days": 7}
DAY_OF_RUN = {"start": "2026-11-20", "end": "2026-11-21"}


@pytest.fixture
def me(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


def send(address: str, kind: str, *rows: dict[str, Any]) -> None:
    with caller(f"{address}/api/v1/ingest", bearing(api_key())) as program:
        assert program.post(f"/{kind}", json={"items": list(rows)}).json()["rejected"] == []


@pytest.fixture
def events(address: str, database: Postgres) -> None:
    small, long = {"event_data": {"note": "small"}}, {"event_data": {"note": LONG}}
    send(
        address,
        "events",
        *({"event_type": "x", "user_id": "u"} | each for each in (small, long, small, long)),
    )


@pytest.mark.usefixtures("events")
def test_events_are_listed_with_the_beginning_of_their_data(me: httpx2.Client) -> None:
    found = me.get("/admin/onboarding/events", params=PERIOD).json()["items"]
    assert sorted(each["truncated"] for each in found) == [[], [], ["event_data"], ["event_data"]]
    [cut, _] = [each["event_data"] for each in found if each["truncated"]]
    assert (len(cut["truncated"]), cut["characters"]) == (
        shortened.LONGEST,
        len(LONG) + len('{"note": ""}'),
    )


@pytest.mark.usefixtures("events")
def test_events_as_csv_are_whole(me: httpx2.Client) -> None:
    told = me.get("/admin/onboarding/events", params={**PERIOD, "format": "csv"}).text
    rows = list(csv.DictReader(io.StringIO(told)))
    assert sorted(LONG in row["event_data"] for row in rows) == [False, False, True, True]


@pytest.mark.usefixtures("events")
def test_a_journey_shows_the_beginning_too(me: httpx2.Client) -> None:
    found = me.get("/admin/users/u/journey").json()["items"]
    assert sorted("truncated" in each["event_data"] for each in found) == [False, False, True, True]


def test_long_messages_of_failed_events_are_kept_and_cut_where_several_are_shown(
    me: httpx2.Client, address: str, database: Postgres
) -> None:
    start = "onboarding.register_start"
    failed = {"event_type": start, "user_id": "u", "error_code": "E1", "error_message": LONG}
    send(address, "events", failed | {"user_agent": "x" * 600})
    [event] = me.get("/admin/onboarding/events", params=PERIOD).json()["items"]
    assert event["truncated"] == ["error_message"]
    [moment] = me.get("/admin/users/u/journey").json()["items"]
    [group] = me.get("/admin/onboarding/errors", params=PERIOD).json()["items"]
    [stopped] = me.get("/admin/onboarding/stopped", params={**PERIOD, "step": 1}).json()["items"]
    [sample] = group["samples"]
    shown = {each["error_message"] for each in (event, moment, sample)}
    assert shown == {f"{LONG[: shortened.LONGEST]}… (truncated, 300000 characters)"}
    assert stopped["error_message"] == LONG[: shortened.LONGEST]
    told = me.get("/admin/onboarding/events", params={**PERIOD, "format": "csv"}).text
    [row] = csv.DictReader(io.StringIO(told))
    assert row["error_message"] == LONG


LISTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "/admin/ai/requests": (
        "ai-requests",
        {"model": "m", "status": "error", "error_message": LONG},
        "error_message",
    ),
    "/admin/ai/knowledge/memories": (
        "memories",
        {"id": "m", "created_at": "2026-11-20T09:30:00Z", "content": LONG},
        "content",
    ),
    "/admin/ai/knowledge/feedback": (
        "feedback",
        {"rating": 1, "conversation_id": "c", "comment": LONG},
        "comment",
    ),
    "/admin/ai/scores": (
        "scores",
        {"name": "kind", "value": 1, "conversation_id": "c", "comment": LONG},
        "comment",
    ),
}


@pytest.mark.parametrize("path", LISTS)
def test_lists_cut_long_texts_and_csv_does_not(
    me: httpx2.Client, address: str, database: Postgres, path: str
) -> None:
    kind, row, field = LISTS[path]
    send(address, kind, row)
    body = me.get(path, params=PERIOD).json()
    [listed] = body.get("items") or body["memories" if "memories" in path else "feedback"]
    assert (listed["truncated"], listed[field][: shortened.LONGEST + 1]) == (
        [field],
        LONG[: shortened.LONGEST] + "…",
    )
    assert listed[field].endswith("(truncated, 300000 characters)")
    [told] = csv.DictReader(io.StringIO(me.get(path, params={**PERIOD, "format": "csv"}).text))
    assert told[field] == LONG


RUN = {
    "batch_run_id": "r",
    "batch_job": "nightly",
    "status": "failed",
    "started_at": "2026-11-20T09:30:00Z",
}


@pytest.fixture
def run(address: str, database: Postgres) -> dict[str, Any]:
    phases = {f"phase {number}": number for number in range(2_000)} | {"last": 1}
    sent = RUN | {"error_summary": LONG + " in last", "phase_durations": phases}
    send(address, "batch-runs", sent)
    return sent


def test_batch_runs_are_listed_with_the_beginning_of_what_is_long(
    me: httpx2.Client, run: dict[str, Any]
) -> None:
    [listed] = me.get("/admin/batch/history", params=DAY_OF_RUN).json()["items"]
    assert sorted(listed["truncated"]) == ["error_summary", "phase_durations"]
    assert (
        listed["error_summary"]
        == f"{LONG[: shortened.LONGEST]}… (truncated, {len(run['error_summary'])} characters)"
    )
    assert len(listed["phase_durations"]["truncated"]) == shortened.LONGEST
    assert listed["failed_phase"] == "last"


def test_one_batch_run_and_csv_are_whole(me: httpx2.Client, run: dict[str, Any]) -> None:
    one = me.get("/admin/batch/history/r").json()
    assert (one["error_summary"], one["phase_durations"], one["truncated"]) == (
        run["error_summary"],
        run["phase_durations"],
        [],
    )
    told = me.get("/admin/batch/history", params={**DAY_OF_RUN, "format": "csv"}).text
    [row] = csv.DictReader(io.StringIO(told))
    assert row["error_summary"] == run["error_summary"]


AT = "2026-11-20T09:30:00Z"
PART = "x" * 200_000
TALK: dict[str, Any] = {
    "id": "c",
    "created_at": AT,
    "messages": [
        {
            "id": "m",
            "role": "assistant",
            "created_at": AT,
            "content": PART,
            "error": PART,
            "tool_calls": [{"name": "find", "arguments": PART}],
            "metadata": {"note": PART},
        }
    ],
}
ABOUT = {"conversation_id": "c", "message_id": "m", "created_at": AT}


@pytest.fixture
def talk(address: str, database: Postgres) -> None:
    send(address, "conversations", TALK)
    request = {"model": "m", "error_message": PART, "steps": [{"name": "s", "error": PART}]}
    send(address, "ai-requests", ABOUT | request | {"tool_calls": [{"name": "t", "error": PART}]})
    send(address, "feedback", ABOUT | {"rating": 1, "comment": PART, "edited_text": PART})
    send(address, "scores", ABOUT | {"name": "kind", "value": 1, "comment": PART})


@pytest.mark.usefixtures("talk")
def test_a_conversation_has_the_beginning_of_everything_long(me: httpx2.Client) -> None:
    # Each part may have a MiB: a page of 50 such messages was 351 MB
    told = me.get("/admin/ai/tuning/conversations/c")
    [message] = told.json()["messages"]
    [request] = message["requests"]
    assert message["tool_calls"][0]["truncated"].startswith('[{"name": "find"')
    assert request["steps"][0]["characters"] > len(PART)
    assert message["feedback"][0]["edited_text"].endswith("… (truncated, 200000 characters)")
    assert message["scores"][0]["truncated"] == ["comment"]
    assert len(told.content) < len(PART)


@pytest.mark.usefixtures("talk")
def test_a_message_alone_is_whole(me: httpx2.Client) -> None:
    message = me.get("/admin/ai/tuning/messages/m").json()["message"]
    sent = TALK["messages"][0]
    parts = ("content", "error", "tool_calls", "metadata")
    assert {part: message[part] for part in parts} == {part: sent[part] for part in parts}


RATED = {"rating": 1, "conversation_id": "c", "created_at": AT, "comment": LONG}


def test_conversations_are_listed_with_the_beginning_of_what_users_say_of_them(
    me: httpx2.Client, address: str, database: Postgres
) -> None:
    said = {"id": "m", "role": "assistant", "created_at": AT, "content": "Hello."}
    send(address, "conversations", {"id": "c", "created_at": AT, "messages": [said]})
    send(address, "feedback", RATED)
    rate([key_of("conversation", "c")])  # as the worker does
    path = "/admin/ai/tuning/conversations"
    [listed] = me.get(path, params=DAY_OF_RUN).json()["items"]
    assert (listed["truncated"], listed["user_feedback"][: shortened.LONGEST + 1]) == (
        ["user_feedback"],
        LONG[: shortened.LONGEST] + "…",
    )
    [told] = csv.DictReader(io.StringIO(me.get(path, params={**DAY_OF_RUN, "format": "csv"}).text))
    assert told["user_feedback"] == LONG
    assert me.get(f"{path}/c").json()["conversation"]["user_feedback"] == LONG
