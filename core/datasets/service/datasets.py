"""Create, change and delete datasets."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.database.db import refuse_duplicates
from core.datasets import encrypted_texts
from core.datasets.errors import (
    DatasetMissing,
    DatasetNameTaken,
    NotYourDataset,
    TooManyDatasets,
)
from core.datasets.models import Dataset
from core.datasets.queries.datasets import get_dataset
from core.datasets.schemas import DatasetChange, DatasetView, DatasetVisibility, NewDataset
from core.errors import Forbidden
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.platform.ids import new_id

MOST_DATASETS = 200  # of one account


def create_dataset(session: Session, new: NewDataset, *, actor: Actor) -> DatasetView:
    """Create an empty dataset; raise Forbidden, DatasetNameTaken or TooManyDatasets."""
    require(actor, Permission.RUN_MODELS)
    if actor.is_program:
        raise Forbidden("API keys can't create datasets. Sign in instead.")
    owned = select(func.count()).where(Dataset.owner == actor.id)
    if (session.scalar(owned) or 0) >= MOST_DATASETS:
        raise TooManyDatasets
    id_ = new_id()
    row = Dataset(
        id=id_,
        owner=actor.id,
        name=new.name,
        description=encrypted_texts.seal_description(new.description, id_),
        tags=_unique(new.tags),
        visibility=new.visibility,
    )
    session.add(row)
    _flush(session)
    audit.record(session, "dataset.create", actor, targets=target(row), after=_facts(row))
    return get_dataset(session, row.id, actor=actor)


def change_dataset(
    session: Session, dataset_id: UUID, change: DatasetChange, *, actor: Actor
) -> DatasetView:
    """Change name, description, tags or visibility, which makes no new version.

    Raises DatasetMissing, NotYourDataset or DatasetNameTaken.
    """
    row = lock_own(session, dataset_id, actor=actor)
    before = _facts(row)
    for name, value in change.model_dump(exclude_none=True, exclude={"description"}).items():
        setattr(row, name, _unique(value) if name == "tags" else value)
    if change.description is not None:
        row.description = encrypted_texts.seal_description(change.description, row.id)
    row.updated_at = clock.now()
    _flush(session)
    audit.record(
        session, "dataset.change", actor, targets=target(row), before=before, after=_facts(row)
    )
    return get_dataset(session, dataset_id, actor=actor)


def delete_dataset(session: Session, dataset_id: UUID, *, actor: Actor) -> None:
    """Delete a dataset with all versions; raise DatasetMissing or NotYourDataset."""
    row = lock_own(session, dataset_id, actor=actor)
    audit.record(session, "dataset.delete", actor, targets=target(row), before=_facts(row))
    session.delete(row)


def delete_private_datasets(session: Session, account_id: UUID) -> None:
    """Delete what only an account sees; its shared datasets become the workspace's."""
    # A dataset that becomes private from now on would be left without an owner
    session.execute(select(Dataset.id).where(Dataset.owner == account_id).with_for_update())
    session.execute(
        delete(Dataset).where(
            Dataset.owner == account_id, Dataset.visibility == DatasetVisibility.PRIVATE
        )
    )


def lock_own(session: Session, dataset_id: UUID, *, actor: Actor) -> Dataset:
    """Return a dataset that the actor may change, locked: one of its own, or without an owner.

    Raises DatasetMissing, NotYourDataset or Forbidden.
    """
    view = get_dataset(session, dataset_id, actor=actor)
    if actor.is_program:
        raise Forbidden("API keys can't change datasets. Sign in instead.")
    if view.owner not in (None, actor.id):
        raise NotYourDataset
    # Read again under the lock: the session holds it from the check
    row = session.get(Dataset, dataset_id, with_for_update=True, populate_existing=True)
    if row is None:  # deleted since
        raise DatasetMissing
    return row


def target(row: Dataset) -> dict[str, Any]:
    """Return what the audit log names of a dataset."""
    return {"dataset_id": str(row.id), "name": row.name}


def _facts(row: Dataset) -> dict[str, Any]:
    names = ("name", "tags", "visibility", "version", "case_count")
    return {name: getattr(row, name) for name in names}


def _unique(tags: tuple[str, ...] | list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


def _flush(session: Session) -> None:
    with refuse_duplicates(DatasetNameTaken):
        session.flush()
