"""A dataset that another tab deletes between its check and its lock."""

from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from core.database.db import transaction
from core.datasets.errors import DatasetMissing
from core.datasets.queries.datasets import get_dataset
from core.datasets.schemas import DatasetView
from core.datasets.service import datasets
from core.identity.schemas import Actor
from tests.factories.datasets import dataset
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")


def test_a_dataset_that_was_deleted_twice_at_once_is_missing_for_the_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actor = person().actor
    made = dataset(actor)

    def read_before_another_deletes(
        session: Session, dataset_id: UUID, *, actor: Actor
    ) -> DatasetView:
        found = get_dataset(session, dataset_id, actor=actor)
        monkeypatch.undo()
        with transaction() as other:
            datasets.delete_dataset(other, dataset_id, actor=actor)
        return found

    monkeypatch.setattr(datasets, "get_dataset", read_before_another_deletes)
    with pytest.raises(DatasetMissing), transaction() as session:
        datasets.delete_dataset(session, made.id, actor=actor)
