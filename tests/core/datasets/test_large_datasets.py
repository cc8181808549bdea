"""Datasets of long cases: what one may hold, and what a search of one takes."""

import tracemalloc
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.database.paging import Window
from core.datasets.errors import DatasetFull
from core.datasets.queries.cases import list_cases
from core.datasets.schemas import MOST_BYTES, CaseFilter, DatasetView, NewCases
from core.datasets.service import cases
from core.identity.schemas import Actor
from tests.factories.datasets import cases_of, dataset, question
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
FILL = text("""
update dataset_cases set texts = convert_to(repeat('x', :bytes), 'UTF8') where case_id = :case_id
""")
MIB = 2**20


def filled(actor: Actor) -> tuple[DatasetView, UUID]:
    """Return a dataset of a case that has all bytes which a dataset may have, and the case."""
    made = dataset(actor, question("Why?"))
    [case] = cases_of(actor, made.id)
    with transaction() as session:
        session.execute(FILL, {"bytes": MOST_BYTES, "case_id": case.id})
    return made, case.id


def added(actor: Actor, dataset_id: UUID) -> None:
    new = NewCases.model_validate({"cases": [question("How?")]})
    with transaction() as session:
        cases.add_cases(session, dataset_id, new, actor=actor)


def test_a_dataset_that_is_full_takes_a_case_once_another_is_removed() -> None:
    actor = person().actor
    made, case_id = filled(actor)
    with pytest.raises(DatasetFull, match=r"100 MiB of texts\. Remove cases first"):
        added(actor, made.id)
    with transaction() as session:
        cases.remove_cases(session, made.id, [case_id], actor=actor)
    added(actor, made.id)
    assert [it.content.messages[0].content for it in cases_of(actor, made.id)] == ["How?"]


def test_a_search_does_not_hold_all_texts_of_a_dataset() -> None:
    # 10,000 cases may have 1,000,000 characters each
    actor = person().actor
    made = dataset(actor, *[question(f"{number} {'x' * (MIB // 8)}") for number in range(160)])
    tracemalloc.start()
    try:
        with transaction() as session:
            found = list_cases(session, made.id, CaseFilter(q="x"), Window(1), actor=actor)
        assert (len(found.items), found.total_count) == (1, 160)
        assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    finally:
        tracemalloc.stop()
