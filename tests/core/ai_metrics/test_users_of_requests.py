"""AI requests and spans are acknowledged before the worker derives their users and the days of
these.
"""

from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from core.activity.ingest import pending_events
from core.ai_metrics.ingest import requests as ingest
from core.ai_metrics.schemas import NewRequest
from core.database import partitions
from core.database.db import transaction
from core.ingest.rows import NotAllNew, RowSource
from core.platform import clock
from core.system.service.verification import verify
from tests.factories.spans import CHAT, packed, span, take_in

pytestmark = pytest.mark.usefixtures("database")

AT = clock.now()
PENDING = "select user_name from pending_events"
USERS = "select external_id from users"
DAYS = "select external_id, environment from user_days join users on users.id = user_id"


def rows(statement: str) -> list[tuple[Any, ...]]:
    with transaction() as session:
        return sorted(tuple(row) for row in session.execute(text(statement)))


def store(request: NewRequest, *, is_new: bool = False) -> None:
    partitions.create_for("ai_request_metrics", [AT])
    with transaction() as session:
        storing = ingest.store_new if is_new else ingest.store
        storing(session, [request], RowSource("production", "UTC", defers=True))


def request(user: str) -> NewRequest:
    return NewRequest(id="r", created_at=AT, model="m", user_id=user)


def test_a_user_of_acknowledged_spans_is_there_once_the_worker_has_derived() -> None:
    take_in(packed(span(CHAT | {"user.id": "ann"}), span(CHAT)))
    assert (rows(PENDING), rows(USERS)) == ([("ann",)], [])
    pending_events.derive_all()
    assert (rows(PENDING), rows(USERS)) == ([], [("ann",)])
    assert rows(DAYS) == [("ann", "production"), ("ann", "production\x1f1.4")]
    assert [check for check in verify.verify() if check.differences] == []


def test_days_of_new_conversations_are_derived_later_and_their_users_are_there_at_once() -> None:
    said = {"gen_ai.input.messages": '[{"role": "user", "content": "hi"}]', "user.id": "ann"}
    take_in(packed(span(CHAT | said | {"gen_ai.conversation.id": "c"}, ago_s=86_400)))
    assert (rows(USERS), rows(DAYS)) == ([("ann",)], [])
    pending_events.derive_all()
    assert rows(DAYS) == [("ann", "production"), ("ann", "production\x1f1.4")]
    assert [check for check in verify.verify() if check.differences] == []


def test_days_of_conversations_that_grow_are_there_at_once() -> None:
    # The undo of an import forgets the days of its messages
    told = CHAT | {"gen_ai.conversation.id": "c", "user.id": "ann"}
    for asked in ("hi", "hi again"):
        said = {"gen_ai.input.messages": f'[{{"role": "user", "content": "{asked}"}}]'}
        take_in(packed(span(told | said)))
    assert rows(DAYS) != []


@pytest.mark.parametrize("is_new", [False, True])
def test_a_request_that_is_known_already_names_no_further_user(*, is_new: bool) -> None:
    store(request("ann"), is_new=True)
    with suppress(NotAllNew):
        store(request("bea"), is_new=is_new)
    pending_events.derive_all()
    assert rows(USERS) == [("ann",)]
