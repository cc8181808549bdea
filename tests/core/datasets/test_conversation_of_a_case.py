"""The conversation that a case was made of is looked for in the case's own dataset."""

from uuid import UUID

import pytest

from core.database.db import Database, transaction
from core.datasets.queries.cases import find_conversation
from core.datasets.service import sources
from core.datasets.source_schemas import AnnotationChoice
from tests.factories import conversations
from tests.factories.datasets import cases_of, dataset, question
from tests.factories.identity import person
from tests.factories.reviews import annotated

pytestmark = pytest.mark.usefixtures("database")


def test_the_conversation_of_a_case_is_found_in_its_dataset_alone() -> None:
    actor = person().actor
    conversations.stored(conversations.conversation())
    made = dataset(actor, question("Why?"))
    with transaction() as session, transaction(Database.AI) as ai:
        choice = AnnotationChoice(ids=(annotated(),))
        sources.add_annotations(session, ai, made.id, choice, actor=actor)
    by_hand, of_users = cases_of(actor, made.id)
    assert found(made.id, by_hand.id) is None
    assert found(made.id, of_users.id) == of_users.conversation_id is not None
    assert found(by_hand.id, of_users.id) is None


def found(dataset_id: UUID, case_id: UUID) -> UUID | None:
    with transaction() as session:
        return find_conversation(session, dataset_id, case_id)
