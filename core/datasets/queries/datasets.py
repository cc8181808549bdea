"""Read datasets and their versions, within what the actor sees."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from core.database.paging import Items, Page, Window
from core.datasets import encrypted_texts
from core.datasets.errors import DatasetMissing, DatasetVersionMissing
from core.datasets.models import Dataset, DatasetVersion
from core.datasets.schemas import DatasetVersionView, DatasetView, DatasetVisibility
from core.identity.models import AdminUser
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor


def list_datasets(
    session: Session, window: Window, *, mine: bool = False, actor: Actor
) -> Page[DatasetView]:
    """Return the datasets that the actor sees, or owns, the last changed first."""
    require(actor, Permission.RUN_MODELS)
    is_listed = Dataset.owner == actor.id if mine else seen_by(actor)
    rows = session.execute(
        _with_owner()
        .where(is_listed)
        .order_by(Dataset.updated_at.desc(), Dataset.id)
        .limit(window.limit)
        .offset(window.offset)
    ).all()
    counting = select(func.count()).select_from(Dataset).where(is_listed)
    total = window.total(len(rows), lambda: session.scalar(counting) or 0)
    return window.page([_view(row, owner_name) for row, owner_name in rows], total)


def get_dataset(session: Session, dataset_id: UUID, *, actor: Actor) -> DatasetView:
    """Return a dataset that the actor sees; raise DatasetMissing."""
    require(actor, Permission.RUN_MODELS)
    found = session.execute(_with_owner().where(Dataset.id == dataset_id, seen_by(actor))).first()
    if found is None:
        raise DatasetMissing
    return _view(*found)


def names_of(session: Session, ids: Collection[UUID], *, actor: Actor) -> dict[UUID, str]:
    """Return the names of those of these datasets that the actor sees."""
    rows = select(Dataset.id, Dataset.name).where(Dataset.id.in_(ids), seen_by(actor))
    return {id_: name for id_, name in session.execute(rows)}


def list_versions(session: Session, dataset_id: UUID, *, actor: Actor) -> Items[DatasetVersionView]:
    """Return the versions of a dataset, the newest first; raise DatasetMissing."""
    get_dataset(session, dataset_id, actor=actor)
    rows = session.execute(
        select(DatasetVersion, AdminUser.full_name)
        .outerjoin(AdminUser, AdminUser.id == DatasetVersion.created_by)
        .where(DatasetVersion.dataset_id == dataset_id)
        .order_by(DatasetVersion.number.desc())
    ).all()
    return Items(items=[_version(row, author) for row, author in rows])


def checked_version(dataset: DatasetView, version: int | None) -> int:
    """Return a version's number, the newest for None; raise DatasetVersionMissing."""
    if version is None:
        return dataset.version
    if not 1 <= version <= dataset.version:
        raise DatasetVersionMissing
    return version


def _with_owner() -> Select[Dataset, str]:
    return select(Dataset, AdminUser.full_name).outerjoin(AdminUser, AdminUser.id == Dataset.owner)


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor sees a dataset."""
    return or_(Dataset.owner == actor.id, Dataset.visibility == DatasetVisibility.SHARED)


def _view(row: Dataset, owner_name: str | None) -> DatasetView:
    return DatasetView(
        id=row.id,
        name=row.name,
        description=encrypted_texts.description_of(row),
        tags=row.tags,
        visibility=DatasetVisibility(row.visibility),
        owner=row.owner,
        owner_name=owner_name,
        version=row.version,
        cases=row.case_count,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _version(row: DatasetVersion, author: str | None) -> DatasetVersionView:
    return DatasetVersionView(
        number=row.number,
        cases=row.case_count,
        added=row.added,
        removed=row.removed,
        note=row.note,
        author=author,
        created_at=row.created_at,
    )
