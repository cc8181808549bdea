"""A message is read with its neighbours, whatever arrives meanwhile."""

from typing import Any

import pytest

from core.database.db import Database, transaction
from core.identity.schemas import Actor, Role
from core.identity.service import audit
from core.insights.queries.conversation_detail import MessageInContext, read_message
from tests.factories.conversations import START, conversation, message, stored
from tests.factories.identity import person
from tests.factories.reviews import message_id

pytestmark = pytest.mark.usefixtures("database")
EARLIER = START.replace(year=START.year - 1).isoformat()


@pytest.fixture
def actor() -> Actor:
    return person(Role.ADMIN).actor


def read(actor: Actor, context: int) -> MessageInContext:
    with transaction() as core, transaction(Database.AI) as ai:
        return read_message(core, ai, str(message_id("m2")), context=context, actor=actor)


def contents(found: MessageInContext) -> list[list[str]]:
    parts = found.before, [found.message], found.after
    return [[each.content for each in part] for part in parts]


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (0, [[], ["text 2"], []]),
        (1, [["text 1"], ["text 2"], ["text 3"]]),
        (9, [["text 0", "text 1"], ["text 2"], ["text 3"]]),
    ],
)
def test_a_message_has_as_many_neighbours_as_wanted(
    actor: Actor, context: int, expected: list[list[str]]
) -> None:
    stored(conversation(messages=4))
    assert contents(read(actor, context)) == expected


def test_earlier_messages_that_arrive_meanwhile_leave_a_message_its_neighbours(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(conversation(messages=4))
    record = audit.record

    def record_late(*given: Any, **more: Any) -> None:  # noqa: ANN401  as they come
        early = [message(number, created_at=EARLIER) for number in range(10, 15)]
        stored({**conversation(), "messages": early})
        record(*given, **more)

    monkeypatch.setattr(audit, "record", record_late)
    assert contents(read(actor, 1)) == [["text 1"], ["text 2"], ["text 3"]]
