"""Concurrent exports that share users and conversations in opposite order are all stored, and none
gets 503.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select

from core.ai_metrics.ingest import requests as ingest
from core.ai_metrics.models import AiRequest
from core.conversations.ingest import conversations
from core.conversations.models import Conversation
from core.database import db
from core.database.db import Session, transaction
from core.errors import Unavailable
from tests.factories.spans import CHAT, packed, span, take_in

pytestmark = pytest.mark.usefixtures("database")

ASKED = '[{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]'


def captured(conversation: str, user: str) -> dict[str, Any]:
    """Return a call with captured messages: its user is stored with the conversation."""
    return span(
        CHAT
        | {"gen_ai.conversation.id": conversation, "user.id": user, "gen_ai.input.messages": ASKED}
    )


def silent(user: str) -> dict[str, Any]:
    """Return a call without messages: its user is stored with the request."""
    return span(CHAT | {"user.id": user})


def send(*given: dict[str, Any]) -> None:
    take_in(packed(*given))


def counted() -> tuple[int, int]:
    with transaction() as session:
        found = [
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (AiRequest, Conversation)
        ]
    return found[0], found[1]


def test_users_of_conversations_and_of_requests_are_noted_in_one_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send(silent("a"), silent("b"))
    both, store = threading.Barrier(2), conversations.store
    deadlocks: list[BaseException] = []

    def then_wait(*given: Any, **more: Any) -> int:  # noqa: ANN401  passed on
        stored = store(*given, **more)
        both.wait(60)
        return stored

    def export(first: str, second: str) -> None:
        try:
            send(captured(f"of {first}", first), silent(second))
        except Unavailable as failure:
            deadlocks.append(failure)

    monkeypatch.setattr(conversations, "store", then_wait)
    monkeypatch.setattr(db, "TRIES", 1)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(export, "ab", "ba"))
    assert (deadlocks, counted()) == ([], (6, 2))


def test_whatever_two_senders_share_both_are_stored() -> None:
    def sender(number: int) -> None:
        for turn in range(15):
            names = [f"{(turn + step) % 4}" for step in range(4)][:: -1 if number % 2 else 1]
            send(
                *[captured(name, f"u{name}") for name in names],
                *[silent(f"u{name}") for name in reversed(names)],
            )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sender, range(4)))
    assert counted() == (4 * 15 * 8, 4)


def test_an_export_that_was_chosen_to_give_way_is_stored_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, times = ingest.store_new, iter([True, False])

    def lose_once(session: Session, *given: Any, **more: Any) -> int:  # noqa: ANN401  passed on
        stored = store(session, *given, **more)
        if next(times):
            raise psycopg.errors.DeadlockDetected
        return stored

    monkeypatch.setattr(ingest, "store_new", lose_once)
    send(captured("c", "a"), silent("b"))
    assert (counted(), list(times)) == ((2, 1), [])
