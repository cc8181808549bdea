"""The conversation that a case was made of is found without a look at all cases."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from core.database.db import Database, transaction
from core.datasets.queries.cases import find_conversation
from core.datasets.service import sources
from core.datasets.source_schemas import AnnotationChoice
from tests.factories import conversations
from tests.factories.datasets import cases_of, dataset, question
from tests.factories.identity import person
from tests.factories.reviews import annotated

pytestmark = pytest.mark.usefixtures("database")


def test_the_conversation_of_a_case_is_found_by_the_index_of_its_dataset() -> None:
    actor = person().actor
    conversations.stored(conversations.conversation())
    made = dataset(actor, question("Why?"))
    with transaction() as session, transaction(Database.AI) as ai:
        choice = AnnotationChoice(ids=(annotated(),))
        sources.add_annotations(session, ai, made.id, choice, actor=actor)
    by_hand, of_users = cases_of(actor, made.id)

    assert found(made.id, by_hand.id)[0] is None
    conversation_id, plan = found(made.id, of_users.id)
    assert conversation_id == of_users.conversation_id is not None
    condition = plan["Index Cond"]
    assert "dataset_id" in condition
    assert "case_id" in condition


def found(dataset_id: UUID, case_id: UUID) -> tuple[UUID | None, dict[str, Any]]:
    """Return the conversation, and how the database reads the row when it may use any index."""
    with transaction() as session:
        connection = session.connection()
        connection.exec_driver_sql("set local enable_seqscan = off")
        connection.exec_driver_sql("set local enable_bitmapscan = off")
        sent: list[tuple[str, Any]] = []
        event.listen(
            connection, "before_cursor_execute", lambda *given: sent.append((given[2], given[3]))
        )
        conversation_id = find_conversation(session, dataset_id, case_id)
        [(statement, values)] = sent
        [[plan]] = connection.exec_driver_sql(f"explain (format json) {statement}", values)
        return conversation_id, plan[0]["Plan"]["Plans"][0]
