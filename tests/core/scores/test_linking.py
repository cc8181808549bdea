"""Scores find their messages, whichever of the two arrives first."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.ingest.rows import RowSource, key_of, message_name
from core.jobs import outbox
from core.scores import ingest as scores
from core.scores import jobs
from core.scores.schemas import NewScore
from tests.factories.conversations import START, conversation, stored

pytestmark = pytest.mark.usefixtures("database")

SOURCE = RowSource(environment="production", zone="UTC")
LINKED = jobs.link.__name__  # the import registers the handler


def given(*rows: dict[str, Any]) -> int:
    complete = [
        {"name": "tone", "value": 1, "created_at": START.isoformat(), **row} for row in rows
    ]
    with transaction() as session:
        return scores.store(session, msgspec.convert(complete, list[NewScore]), SOURCE)


def relayed() -> None:
    while any([outbox.relay(database) for database in Database]):
        pass


def places() -> list[tuple[str, UUID, UUID | None]]:
    wanted = "select subject_kind, subject_id, conversation_id from message_scores order by id"
    with transaction() as session:
        return [tuple(row) for row in session.execute(text(wanted))]


def test_a_score_may_come_before_its_conversation() -> None:
    given({"id": "s", "conversation_id": "c", "message_id": "m1"})
    stored(conversation("c"))
    relayed()
    meant = key_of("message", message_name("c", "m1"))
    assert places() == [("message", meant, key_of("conversation", "c"))]


@pytest.mark.parametrize("is_early", [True, False])
def test_a_score_that_names_only_a_message_is_linked_to_it(is_early: bool) -> None:
    arrivals: list[Callable[[], int]] = [
        lambda: given({"id": "s", "message_id": "m1"}),
        lambda: stored(conversation("c")),
    ]
    for arrive in arrivals if is_early else reversed(arrivals):
        arrive()
    relayed()
    meant = key_of("message", message_name("c", "m1"))
    assert places() == [("message", meant, key_of("conversation", "c"))]


def test_a_request_with_a_named_message_belongs_to_the_conversation() -> None:
    given({"id": "s", "message_id": "m1", "ai_request_id": "r"})
    stored(conversation("c"))
    relayed()
    assert places() == [("ai_request", key_of("ai_request", "r"), key_of("conversation", "c"))]


def test_a_name_that_two_messages_have_links_to_neither() -> None:
    stored(conversation("c"), conversation("d"))
    given({"id": "s", "message_id": "m1"})
    relayed()
    assert places() == [("message", key_of("message", message_name(None, "m1")), None)]


def test_a_newer_score_replaces_an_older_one_in_any_order() -> None:
    late = (START + timedelta(minutes=1)).isoformat()
    rows = [
        {"id": "s", "conversation_id": "c", "value": 2, "created_at": late},
        {"id": "s", "conversation_id": "c", "value": 1},
    ]
    assert [given(row) for row in rows] == [1, 0]
    with transaction() as session:
        assert session.scalars(text("select value from message_scores")).all() == [2]
