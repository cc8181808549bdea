"""Exports that are stored at the same time have users in common."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from core.activity.models.events import Release
from core.database.db import transaction
from core.platform import clock
from tests.factories.spans import CHAT, packed, span, take_in
from tests.faults.program import until

pytestmark = pytest.mark.usefixtures("database")
ASKED = '[{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]'
SAID = CHAT | {"user.id": "ada", "gen_ai.input.messages": ASKED}
NEW = {"service.name": "shop", "service.version": "2", "deployment.environment.name": "production"}
WAITING = text("select count(*) from pg_locks where not granted")
SEEN_NOW = text("update users set last_seen_at = now() where external_id = 'ada' returning id")


def export(conversation: str, *, ago_s: float) -> bytes:
    talk = SAID | {"gen_ai.conversation.id": conversation}
    return packed(span(talk, ago_s=ago_s), resource=NEW)


def is_waited() -> bool:
    with transaction() as session:
        return bool(session.scalar(WAITING))


def test_a_user_can_be_written_while_an_export_that_names_him_stores_its_requests() -> None:
    take_in(export("earlier", ago_s=3600))
    with transaction() as session:
        session.execute(text("delete from releases"))
    with ThreadPoolExecutor(1) as pool:
        with transaction() as first:
            # Another writer is about to store the same release, for which the export waits
            release = {"environment": "production", "app": "shop", "release": "2"}
            first.add(Release(**release, import_id=UUID(int=0), first_seen_at=clock.now()))
            first.flush()
            stored = pool.submit(take_in, export("later", ago_s=60))
            until(is_waited, 10)
            with transaction() as other:
                other.execute(text("set local lock_timeout = '1s'"))
                assert other.scalar(SEEN_NOW) is not None
        assert stored.result(20).refused.total() == 0
