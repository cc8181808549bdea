"""Exports that arrive while others are stored go into one transaction, also with what was said in them."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from api.routes import traces
from core.ai_metrics import ingest, otlp
from core.ai_metrics.exports import Export
from core.ai_metrics.models import AiRequest
from core.ai_metrics.schemas import NewRequest
from core.ai_metrics.spans import Span
from core.conversations import ingest as conversations
from core.conversations.models import Conversation, Message
from core.db import Session, transaction
from core.errors import Invalid
from tests.factories.spans import CHAT, packed, span, unpacked

pytestmark = pytest.mark.usefixtures("database")
SENDERS = 12
ASKED = '[{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]'


def send_at_once(exports: list[bytes]) -> list[int]:
    """Send exports at the same time, and return how many spans of each were refused."""

    async def send() -> list[int]:
        mapped, gathering = [otlp.mapped(unpacked(each)) for each in exports], traces.gathering()
        await asyncio.gather(*(traces.take(each, "production", gathering) for each in mapped))
        return [each.refused.total() for each in mapped]

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, send()).result()


def captured(conversation: str, **more: Any) -> bytes:  # noqa: ANN401  attributes
    return packed(span(CHAT | {"gen_ai.conversation.id": conversation, "gen_ai.input.messages": ASKED} | more))


def counted() -> list[int]:
    with transaction() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in (AiRequest, Conversation, Message)]


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


def test_a_span_that_the_database_refuses_costs_no_other_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    store = ingest.store

    def refusing(session: Session, requests: list[NewRequest], *given: Any, **more: Any) -> int:  # noqa: ANN401  passed on
        if any(request.conversation_id == "bad" for request in requests):
            raise Invalid("A value does not fit.")
        return store(session, requests, *given, **more)

    monkeypatch.setattr(ingest, "store", refusing)
    refused = send_at_once([captured("bad"), *(captured(f"c{number}") for number in range(SENDERS - 1))])
    assert refused == [1] + [0] * (SENDERS - 1)
    assert counted()[:2] == [SENDERS - 1, SENDERS - 1]


def test_one_export_is_stored_in_halves_that_share_no_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    halves: list[set[str | None]] = []
    commit = traces._commit  # noqa: SLF001  each round is one call of it

    def noting(rows: list[Any], *more: Any) -> int:  # noqa: ANN401  passed on
        halves.append({row.request.conversation_id for row in rows})
        return commit(rows, *more)

    monkeypatch.setattr(traces, "_commit", noting)
    spans = [span(CHAT | {"gen_ai.conversation.id": f"c{number // 5}", "gen_ai.input.messages": ASKED}) for number in range(100)]
    assert send_at_once([packed(*spans)]) == [0]
    assert [len(half) for half in halves] == [10, 10]
    assert halves[0].isdisjoint(halves[1])
    assert counted() == [100, 20, 20]


def test_the_next_part_of_an_export_is_read_while_one_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    is_read = threading.Event()

    def parts() -> Iterator[list[Span]]:
        yield unpacked(captured("first"))
        is_read.set()
        yield unpacked(captured("second"))

    async def storing(*_given: Any) -> None:  # noqa: ANN401  passed over
        assert await asyncio.to_thread(is_read.wait, 5)

    monkeypatch.setattr(traces, "take", storing)
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(asyncio.run, traces._take_parts(Export(2, parts()), "production")).result()  # noqa: SLF001
    assert outcome.refused.total() == 0
