"""Retention keeps the feedback on annotated conversations, which are kept themselves."""

import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.ingest.rows import key_of
from core.platform.ids import new_id
from core.system.service import retention
from tests.factories import conversations
from tests.factories.history import days_ago
from tests.factories.reviews import annotated

FEEDBACK = text("""
insert into ai_feedback (id, conversation_id, rating, scale, environment, app, created_at,
    received_at)
values (:id, :conversation, 1, 'thumbs', '', '', :at, :at)""")


@pytest.mark.usefixtures("database")
def test_feedback_on_an_annotated_conversation_is_kept_and_other_feedback_expires() -> None:
    for name in ("annotated", "other"):
        conversations.stored(conversations.conversation(name))
    annotated(conversation="annotated")
    kept, other = (key_of("conversation", name) for name in ("annotated", "other"))
    with transaction(Database.AI) as ai:
        for each in (kept, other, None):
            given = {"id": new_id(), "conversation": each, "at": days_ago(400)}
            ai.execute(FEEDBACK, given)
    assert retention.apply(dry_run=True).rows["ai_feedback"] == 2
    retention.apply()
    with transaction(Database.AI) as ai:
        left = ai.execute(text("select conversation_id from ai_feedback")).scalars().all()
    assert left == [kept]
