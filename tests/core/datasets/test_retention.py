"""Retention keeps conversations in a dataset, with the feedback on them."""

from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.datasets.service import cases, sources
from core.datasets.source_schemas import ConversationChoice
from core.ingest.rows import key_of
from core.platform.ids import new_id
from core.system.service import retention
from tests.factories import conversations
from tests.factories.datasets import cases_of, dataset
from tests.factories.history import count, days_ago
from tests.factories.identity import person

OLD = days_ago(400)


def feedback(conversation_id: UUID | None) -> None:
    columns = "id, conversation_id, rating, scale, environment, app, created_at, received_at"
    with transaction(Database.AI) as ai:
        ai.execute(
            text(
                f"insert into ai_feedback ({columns}) "
                "values (:id, :conversation, 1, 'thumbs', '', '', :at, :at)"
            ),
            {"id": new_id(), "conversation": conversation_id, "at": OLD},
        )


@pytest.mark.usefixtures("database")
def test_a_conversation_in_any_version_of_a_dataset_is_kept_with_its_feedback() -> None:
    actor = person().actor
    for name in ("kept", "other"):
        conversations.stored(conversations.conversation(name))
    kept, other = (key_of("conversation", name) for name in ("kept", "other"))
    for each in (kept, other, None):
        feedback(each)
    made = dataset(actor)
    with transaction() as session:
        choice = ConversationChoice(ids=(kept,))
        sources.add_conversations(session, made.id, choice, actor=actor)
    [case] = cases_of(actor, made.id)
    with transaction() as session:
        cases.remove_cases(session, made.id, [case.id], actor=actor)
        session.execute(
            text("update conversations set last_message_at = :at, received_at = :at"), {"at": OLD}
        )
    preview = retention.apply(dry_run=True)
    assert (preview.rows["conversations"], preview.rows["ai_feedback"]) == (1, 2)
    retention.apply()
    assert count("conversations") == 1
    with transaction(Database.AI) as ai:
        left = ai.execute(text("select conversation_id from ai_feedback")).scalars().all()
    assert left == [kept]
