"""Drafts of annotations are deleted with the messages that they are about."""

import pytest
from sqlalchemy import text

from core.annotations import jobs
from core.annotations.service import drafts
from core.database.db import Database, transaction
from core.identity.schemas import Role
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person
from tests.factories.reviews import message_id

pytestmark = pytest.mark.usefixtures("database")


def test_a_draft_whose_message_is_deleted_goes_and_others_stay() -> None:
    # A draft may quote the user whose message retention has deleted
    actor = person(Role.REVIEWER).actor
    stored(conversation("kept"), conversation("deleted"))
    kept, gone = (message_id(conversation=name) for name in ("kept", "deleted"))
    with transaction(Database.AI) as ai:
        for each in (kept, gone):
            drafts.save(ai, each, {"content": "It quotes the user."}, actor=actor)
    with transaction() as core:
        core.execute(text("delete from conversations where external_id = 'deleted'"))
    jobs.let_go(0)
    with transaction(Database.AI) as ai:
        found = [drafts.read(ai, each, actor=actor) for each in (kept, gone)]
    assert [each is not None for each in found] == [True, False]
