"""A tool's span that arrives in another export than its request joins it in any order, and counts
once.
"""

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update

from core.ai_metrics.ingest import late_spans as late
from core.ai_metrics.jobs import fold, give_up_late, join_late
from core.ai_metrics.models import AiRequest, DroppedSpans, ToolDelta, ToolRollup, WaitingSpan
from core.database.db import transaction
from core.database.locks import Lock
from core.database.settings import Workspace, amend
from core.database.staging import driver
from core.imports.service.undo import raw_rows
from core.ingest import redaction
from core.ingest.redaction import Mode, Redaction
from core.platform import clock
from core.system.service.verification import verify
from tests.factories.requests import ai_requests
from tests.factories.spans import CHAT, packed, span, take_in

pytestmark = pytest.mark.usefixtures("database")

Json = dict[str, Any]
TRACE = "ab" * 16
AGENT, FIRST, SECOND, THIRD = "a0" * 8, "c1" * 8, "c2" * 8, "c3" * 8
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather"}
RETRIEVER = {"openinference.span.kind": "RETRIEVER", "retriever.name": "handbook"}
ASKING = '[{"role": "assistant", "parts": [{"type": "tool_call", "id": "t1", "name": "weather"}]}]'


def within(attributes: Json, **more: Any) -> Json:  # noqa: ANN401  members of a span
    return span(attributes, trace=TRACE, **more)


def send(*given: Json, times: int = 1) -> None:
    for _ in range(times):
        take_in(packed(*given))


def join() -> None:
    """Retry all waiting spans until nothing changes."""
    for _ in range(late.PATIENT_TRIES + 1):
        with transaction() as session:
            session.execute(update(WaitingSpan).values(due_at=clock.now()))
        join_late(0)


def requests() -> list[AiRequest]:
    with transaction() as session:
        return list(session.scalars(select(AiRequest).order_by(AiRequest.created_at)))


def state() -> list[tuple[object, ...]]:
    """Return the content of requests, without the ids of late spans."""
    plain = [
        [{name: step[name] for name in step if name != "span_id"} for step in one.steps or []]
        for one in requests()
    ]
    calls = [sorted(one.tool_calls or [], key=str) for one in requests()]
    rows = zip(requests(), plain, calls, strict=True)
    return [(one.external_id, steps, made, one.tool_calls_count) for one, steps, made in rows]


def counted() -> dict[str, tuple[int, int, int]]:
    sums = [
        func.sum(ToolDelta.calls),
        func.sum(ToolDelta.durations),
        func.sum(ToolDelta.duration_ms),
    ]
    with transaction() as session:
        rows = session.execute(select(ToolDelta.tool, *sums).group_by(ToolDelta.tool)).all()
        return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in rows if row[1] or row[2]}


def waiting() -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).where(WaitingSpan.joined_at.is_(None))) or 0


def dropped() -> int:
    with transaction() as session:
        return int(session.scalar(select(func.coalesce(func.sum(DroppedSpans.spans), 0))) or 0)


def forget() -> None:
    with transaction() as session:
        for table in (AiRequest, WaitingSpan, ToolDelta, ToolRollup, DroppedSpans):
            session.execute(delete(table))


def a_run() -> list[Json]:
    """Return the spans of one agent run, in the order in which they ended."""
    return [
        within(CHAT | {"gen_ai.output.messages": ASKING}, id_=FIRST, parent=AGENT, ago_s=50),
        within(
            TOOL | {"gen_ai.tool.call.id": "t1"}, id_="d1" * 8, parent=AGENT, ago_s=45, took_ms=120
        ),
        within(RETRIEVER, id_="d2" * 8, parent=AGENT, ago_s=44, took_ms=30),
        within(
            TOOL | {"gen_ai.tool.name": "news"}, id_="d3" * 8, parent=SECOND, ago_s=39.9, took_ms=50
        ),
        within(CHAT, id_=SECOND, parent=AGENT, ago_s=40),
        within(
            TOOL | {"gen_ai.tool.name": "mail", "error.type": "E"},
            id_="d4" * 8,
            parent=AGENT,
            ago_s=30,
            took_ms=10,
        ),
        within(CHAT, id_=THIRD, parent=AGENT, ago_s=20),
        within({"gen_ai.operation.name": "invoke_agent"}, id_=AGENT, ago_s=60),
    ]


def test_a_tool_after_its_request_joins_it() -> None:
    request_span, tool_span = (
        within(CHAT, id_=FIRST, parent=AGENT, ago_s=50),
        within(TOOL, parent=AGENT, ago_s=45, took_ms=120),
    )
    send(request_span)
    send(tool_span)
    assert (waiting(), dropped()) == (1, 0)
    join()
    [request] = requests()
    [step] = request.steps or []
    assert (step["name"], step["duration_ms"], request.tool_calls_count) == ("weather", 120, 1)
    assert abs(step["start_ms"] - 5000) < 10
    assert counted() == {"weather": (1, 1, 120)}
    assert (waiting(), dropped()) == (0, 0)


def test_what_an_undo_has_staged_on_the_connection_is_no_hindrance() -> None:
    send(within(CHAT, id_=FIRST, parent=AGENT, ago_s=50))
    send(within(TOOL, parent=AGENT, ago_s=45, took_ms=120))
    with transaction() as session:
        raw_rows.REQUESTS.stage.make(driver(session))
    join()
    assert counted() == {"weather": (1, 1, 120)}


def test_a_request_that_was_sent_in_words_of_its_own_takes_a_tool_all_the_same() -> None:
    steps, calls = (
        [{"kind": "thought"}, {"start_ms": "soon"}],
        [{"called": {"name": "weather"}}, {"name": 7}],
    )
    ai_requests(
        {
            "id": TRACE,
            "created_at": clock.now() - timedelta(seconds=50),
            "steps": steps,
            "tool_calls": calls,
        }
    )
    send(within(TOOL, parent=FIRST, ago_s=45, took_ms=120))
    join()
    assert waiting() == 0
    [request] = requests()
    assert [step.get("name") for step in request.steps or []] == [None, None, "weather"]
    assert [call.get("duration_ms") for call in request.tool_calls or []] == [None, None, 120]


def test_a_tool_is_one_with_the_call_that_its_request_was_sent_with_as_openai_has_it() -> None:
    calls = [{"function": {"name": "weather"}}, {"name": 7}]
    ai_requests(
        {"id": TRACE, "created_at": clock.now() - timedelta(seconds=50), "tool_calls": calls}
    )
    send(within(TOOL, parent=FIRST, ago_s=45, took_ms=120))
    join()
    [request] = requests()
    assert [call.get("duration_ms") for call in request.tool_calls or []] == [120, None]


def test_a_tool_leaves_the_number_of_calls_that_its_request_was_sent_with() -> None:
    at = clock.now() - timedelta(seconds=50)
    ai_requests({"id": TRACE, "created_at": at, "tool_calls_count": 3})
    send(within(TOOL, parent=FIRST, ago_s=45), within(RETRIEVER, parent=FIRST, ago_s=44))
    join()
    [request] = requests()
    assert (len(request.tool_calls or []), request.tool_calls_count) == (1, 3)


def test_a_tool_before_its_request_joins_it() -> None:
    send(within(TOOL, parent=FIRST, ago_s=45))
    join()
    assert waiting() == 1
    send(within(CHAT, id_=FIRST, ago_s=50))
    join()
    assert [len(each.steps or []) for each in requests()] == [1]


def test_a_tool_waits_without_an_error_while_a_reprice_changes_stored_requests() -> None:
    send(within(CHAT, id_=FIRST, parent=AGENT, ago_s=50))
    with transaction() as session:
        session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": Lock.STORED_REQUESTS})
        send(within(TOOL, parent=AGENT, ago_s=45, took_ms=120))
        join()
        assert (waiting(), counted()) == (1, {})
    join()
    assert (waiting(), counted()) == (0, {"weather": (1, 1, 120)})


@pytest.mark.parametrize("seed", range(12))
def test_however_a_run_is_split_and_shuffled_it_comes_to_the_same(seed: int) -> None:
    chance, run = random.Random(seed), a_run()
    send(*run)
    whole, sums = state(), counted()
    assert [row[3] for row in whole] == [1, 2, 0]
    assert sums == {"weather": (1, 1, 120), "news": (1, 1, 50), "mail": (1, 1, 10)}
    forget()
    parts = [run[first : first + 1 + seed % 3] for first in range(0, len(run), 1 + seed % 3)]
    if seed >= 3:
        chance.shuffle(parts)
    for part in parts:
        send(*part, times=chance.choice([1, 2]))
        if chance.random() < 0.3:
            join_late(0)
    join()
    send(*chance.choice(parts))
    join()
    assert (state(), counted(), waiting()) == (whole, sums, 0)


def test_what_the_model_asked_for_becomes_what_was_made_in_the_rollups_too() -> None:
    send(within(CHAT | {"gen_ai.output.messages": ASKING}, id_=FIRST, parent=AGENT, ago_s=50))
    fold(0)
    send(
        within(
            TOOL | {"gen_ai.tool.call.id": "t1", "gen_ai.tool.name": "forecast"},
            parent=AGENT,
            ago_s=45,
            took_ms=120,
        )
    )
    join()
    assert [call["name"] for call in requests()[0].tool_calls or []] == ["forecast"]
    fold(0)
    assert [check for check in verify.verify() if check.differences] == []


def test_rollups_are_what_rows_say_while_deltas_wait(database: object) -> None:
    run = a_run()
    for one in random.Random(5).sample(run, len(run)):
        send(one)
        join_late(0)
    join()
    assert [check for check in verify.verify() if check.differences] == []


def test_a_tool_of_another_trace_finds_nothing_and_is_dropped_and_counted_in_the_end() -> None:
    send(within(CHAT, id_=FIRST))
    send(span(TOOL, parent=AGENT))
    join()
    assert (waiting(), dropped(), requests()[0].steps) == (1, 0, None)
    with transaction() as session:
        amend(session, Workspace(late_span_minutes=1), by=None)
        session.execute(update(WaitingSpan).values(arrived_at=clock.now() - timedelta(seconds=61)))
    give_up_late(0)
    assert (waiting(), dropped()) == (0, 1)


def test_more_than_we_keep_is_dropped_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "MOST_WAITING", 2)
    for _ in range(5):
        send(span(TOOL, parent=AGENT))
    give_up_late(0)
    assert (waiting(), dropped()) == (2, 3)


def test_a_tool_without_anything_above_it_and_without_a_request_does_not_wait() -> None:
    send(span(TOOL))
    assert (waiting(), dropped()) == (0, 1)


def test_texts_that_wait_are_redacted() -> None:
    with transaction() as session:
        amend(session, Redaction(mode=Mode.MASK), by=None)
    redaction.redactor_cache.clear()
    try:
        send(
            within(TOOL | {"gen_ai.tool.call.arguments": '{"to": "ada@example.com"}'}, parent=AGENT)
        )
    finally:
        redaction.redactor_cache.clear()
    with transaction() as session:
        assert session.scalars(select(WaitingSpan.call)).one() == {
            "arguments": {"to": "[email]"},
            "name": "weather",
            "duration_ms": 800,
        }


def test_numbers_that_are_none_do_not_stop_an_export() -> None:
    send(
        within(
            TOOL | {"gen_ai.tool.call.arguments": '{"n": NaN}', "odd": float("nan")}, parent=AGENT
        ),
        span(),
    )
    assert (waiting(), len(requests())) == (1, 1)


def test_spans_that_are_nothing_of_ours_are_counted_by_day_and_app() -> None:
    send(span({"http.method": "GET"}), span({"http.method": "GET"}), span())
    send(span({"http.method": "GET"}))
    with transaction() as session:
        late.sum_dropped(session)
        rows = session.execute(
            select(DroppedSpans.day, DroppedSpans.environment, DroppedSpans.app, DroppedSpans.spans)
        ).all()
    assert [tuple(row) for row in rows] == [(clock.now().date(), "production", "shop", 3)]


def test_the_time_of_a_run_is_an_hour() -> None:
    send(within(CHAT, id_=FIRST, parent=AGENT, ago_s=2 * 3600))
    send(within(TOOL, parent=AGENT, ago_s=1))
    join()
    assert waiting() == 1
    with transaction() as session:
        assert (
            session.execute(text("select max(tries) from waiting_spans")).scalar_one()
            >= late.PATIENT_TRIES
        )
