"""Exports that arrive while others are stored go into one transaction, also with what was said in
them.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from api.routes.ingest import traces
from core.ai_metrics.ingest import requests as ingest
from core.ai_metrics.models import AiRequest, DroppedSpans
from core.ai_metrics.otlp import exports as otlp_exports
from core.ai_metrics.otlp import mapping as otlp
from core.ai_metrics.schemas import NewRequest
from core.conversations.ingest import conversations
from core.conversations.models import Conversation, Message
from core.database.db import Session, transaction
from core.errors import Invalid, Unavailable
from tests.factories.spans import CHAT, packed, span, unpacked

pytestmark = pytest.mark.usefixtures("database")
SENDERS = 12
ASKED = '[{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]'


def send_at_once(exports: list[bytes]) -> list[int]:
    """Send exports at the same time, and return how many spans of each were refused."""

    async def send() -> list[int]:
        mapped, gathering = (
            [otlp.mapped(unpacked(each)) for each in exports],
            traces.new_group_commit(),
        )
        await asyncio.gather(
            *(traces.store_mapped(each, "production", gathering) for each in mapped)
        )
        return [each.refused.total() for each in mapped]

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, send()).result()


def captured(conversation: str, **more: Any) -> bytes:  # noqa: ANN401  attributes
    return packed(
        span(CHAT | {"gen_ai.conversation.id": conversation, "gen_ai.input.messages": ASKED} | more)
    )


def counted() -> list[int]:
    with transaction() as session:
        return [
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (AiRequest, Conversation, Message)
        ]


def test_exports_with_conversations_share_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    stored, store = [], conversations.store

    def noting(*given: Any, **more: Any) -> int:  # noqa: ANN401  passed on
        stored.append(given)
        return store(*given, **more)

    monkeypatch.setattr(conversations, "store", noting)
    assert send_at_once([captured(f"c{number}") for number in range(SENDERS)]) == [0] * SENDERS
    assert len(stored) <= SENDERS // 2
    assert counted() == [SENDERS, SENDERS, SENDERS]


def test_exports_of_one_conversation_that_go_together_make_it_once() -> None:
    assert send_at_once([captured("the same") for _ in range(SENDERS)]) == [0] * SENDERS
    assert counted()[:2] == [SENDERS, 1]


def test_a_span_that_the_database_refuses_costs_no_other_sender(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = ingest.store_new

    def refusing(session: Session, requests: list[NewRequest], *given: Any, **more: Any) -> int:  # noqa: ANN401  passed on
        if any(request.conversation_id == "bad" for request in requests):
            raise Invalid("A value does not fit.")
        return store(session, requests, *given, **more)

    monkeypatch.setattr(ingest, "store_new", refusing)
    refused = send_at_once(
        [captured("bad"), *(captured(f"c{number}") for number in range(SENDERS - 1))]
    )
    assert refused == [1] + [0] * (SENDERS - 1)
    assert counted()[:2] == [SENDERS - 1, SENDERS - 1]


def test_dropped_spans_count_once_when_a_later_part_failed_and_all_is_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts, commit = [], traces._commit  # noqa: SLF001  to fail for the second part

    def fails_once(rows: list[traces.Stored], *given: Any) -> int:  # noqa: ANN401  passed on
        parts.append(rows)
        if len(parts) == 2:
            raise Unavailable("The database is away.")
        return commit(rows, *given)

    monkeypatch.setattr(traces, "MOST_ROWS", 2)
    monkeypatch.setattr(traces, "_commit", fails_once)
    export = packed(*(span() for _ in range(3)), span({"http.request.method": "GET"}))
    with pytest.raises(Unavailable):
        send_at_once([export])
    assert send_at_once([export]) == [0]
    assert [len(rows) for rows in parts] == [2, 2, 2, 2]
    with transaction() as session:
        assert session.scalar(select(func.sum(DroppedSpans.spans))) == 1
    assert counted()[0] == 3


def test_dropped_spans_count_once_when_a_later_trace_failed_and_all_is_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commits, commit = [], traces._commit  # noqa: SLF001  to fail for the second part

    def fails_once(rows: list[traces.Stored], *given: Any) -> int:  # noqa: ANN401  passed on
        commits.append(rows)
        if len(commits) == 2:
            raise Unavailable("The database is away.")
        return commit(rows, *given)

    def send(body: bytes) -> traces.SpanOutcome:
        monkeypatch.setattr(traces, "EXPORTS", traces.new_group_commit())
        parts = otlp_exports.read_protobuf(body)
        return asyncio.run(traces._store_parts(parts, "production"))  # noqa: SLF001  without a server

    monkeypatch.setattr(otlp_exports, "PART", 1)
    monkeypatch.setattr(traces, "_commit", fails_once)
    web = {"http.request.method": "GET"}
    one, other = "ab" * 16, "cd" * 16
    body = packed(*(span(given, trace=trace) for trace in (one, other) for given in (CHAT, web)))
    with pytest.raises(Unavailable):
        send(body)
    assert send(body).dropped == 2
    with transaction() as session:
        assert session.scalar(select(func.sum(DroppedSpans.spans))) == 2
    assert counted()[0] == 2


def test_dropped_spans_count_when_an_export_has_too_many_messages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = {"gen_ai.conversation.id": "c1", "gen_ai.input.messages": ASKED}
    body = packed(span({"http.request.method": "GET"}), span(CHAT | said), span())
    monkeypatch.setattr(otlp_exports, "PART", 1)
    monkeypatch.setattr(traces, "EXPORTS", traces.new_group_commit())
    export = otlp_exports.read_protobuf(body)
    outcome = asyncio.run(traces._store_parts(export, "production", 0))  # noqa: SLF001  without a server
    assert (outcome.dropped, outcome.refused.total()) == (1, 1)
    with transaction() as session:
        assert session.scalar(select(func.sum(DroppedSpans.spans))) == 1
