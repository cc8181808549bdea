"""Read the cases of a version: the same ones at any time."""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.database.tables import STORED, table_of
from core.datasets import encrypted_texts
from core.datasets.errors import CaseMissing
from core.datasets.models import Dataset, DatasetCaseRow
from core.datasets.queries.datasets import checked_version, get_dataset
from core.datasets.schemas import FROM_USERS, CaseContent, CaseFilter, CaseSplit, DatasetCase
from core.identity.schemas import Actor
from core.presentation.formatting import folded

SEARCHED_AT_ONCE = 50  # cases
# Not texts but one of a few words, which nearly every case has
CHOSEN = {"messages": ("role",), "assertions": ("kind", "match", "position")}
cases = table_of(DatasetCaseRow)


def cases_of_version(
    session: Session, dataset_id: UUID, version: int | None = None, split: CaseSplit | None = None
) -> Sequence[DatasetCase]:
    """Return the cases of a version in order, of the newest one for None.

    The caller has checked that the dataset is visible, and that it has this version.
    """
    number = version or newest_version(session, dataset_id)
    return [_case(row) for row in session.execute(_of(dataset_id, number, CaseFilter(split=split)))]


def newest_version(session: Session, dataset_id: UUID) -> int:
    """Return the number of a dataset's newest version, 0 while it has had no cases."""
    return session.scalar(select(Dataset.version).where(Dataset.id == dataset_id)) or 0


def list_cases(
    session: Session,
    dataset_id: UUID,
    filters: CaseFilter,
    window: Window,
    *,
    version: int | None = None,
    actor: Actor,
) -> Page[DatasetCase]:
    """Return the cases of a version that match; raise DatasetMissing or DatasetVersionMissing."""
    dataset = get_dataset(session, dataset_id, actor=actor)
    rows = _of(dataset_id, checked_version(dataset, version), filters)
    # Texts are encrypted, so the database cannot search them
    words = folded(filters.q or "")
    if words:
        part, total = _search(session, rows, words, window)
        return window.page(part, total)
    page = session.execute(rows.limit(window.limit).offset(window.offset)).all()
    counting = select(func.count()).select_from(rows.order_by(None).subquery())
    total = window.total(len(page), lambda: session.scalar(counting) or 0)
    return window.page([_case(row) for row in page], total)


def _search(
    session: Session, rows: Select[Any], words: str, window: Window
) -> tuple[list[DatasetCase], int]:
    """Return the cases in a window of those that have the words, and how many there are."""
    part, total = list[DatasetCase](), 0
    # All texts of a dataset would fill the memory; a version is the same for each batch
    batches = rows.limit(SEARCHED_AT_ONCE)
    batch = session.execute(batches).all()
    while batch:
        for row in batch:
            if words in _searchable(row):
                total += 1
                if window.offset < total <= window.offset + window.limit:
                    part.append(_case(row))
        batch = session.execute(batches.where(cases.c.position > batch[-1].position)).all()
    return part, total


def get_case(session: Session, dataset_id: UUID, case_id: UUID, *, actor: Actor) -> DatasetCase:
    """Return a case of a dataset's newest version; raise DatasetMissing or CaseMissing."""
    dataset = get_dataset(session, dataset_id, actor=actor)
    rows = _of(dataset_id, dataset.version, CaseFilter()).where(cases.c.case_id == case_id)
    row = session.execute(rows).first()
    if row is None:
        raise CaseMissing
    return _case(row)


def list_tags(
    session: Session, dataset_id: UUID, version: int | None = None, *, actor: Actor
) -> list[str]:
    """Return the tags of a version's cases, by name; raise DatasetMissing."""
    dataset = get_dataset(session, dataset_id, actor=actor)
    of_it = is_in_version(dataset_id, checked_version(dataset, version))
    tags = select(func.unnest(cases.c.tags).label("tag")).where(*of_it).distinct().subquery()
    return list(session.scalars(select(tags.c.tag).order_by(tags.c.tag)))


def find_origins(session: Session, dataset_id: UUID, version: int) -> set[UUID]:
    """Return what the cases of a version were made of."""
    of_it = is_in_version(dataset_id, version)
    wanted = select(cases.c.origin_id).where(*of_it, cases.c.origin_id.is_not(None))
    return set(session.scalars(wanted))


def find_without_users(session: Session, dataset_id: UUID, case_ids: Collection[UUID]) -> set[UUID]:
    """Return the cases that have no messages of users, so that everyone may export them."""
    of_these = (cases.c.dataset_id == dataset_id, cases.c.case_id.in_(case_ids))
    is_from_users = func.bool_or(cases.c.origin.in_(FROM_USERS))
    grouped = select(cases.c.case_id).where(*of_these).group_by(cases.c.case_id)
    return set(session.scalars(grouped.having(~is_from_users)))


def has_cases_from_users(session: Session, dataset_id: UUID, version: int) -> bool:
    """Whether a version has cases with messages of users."""
    of_it = is_in_version(dataset_id, version)
    from_users = select(cases.c.id).where(*of_it, cases.c.origin.in_(FROM_USERS))
    return session.scalar(from_users.limit(1)) is not None


def find_conversation(session: Session, dataset_id: UUID, case_id: UUID) -> UUID | None:
    """Return the conversation that a case was made of, or None. The caller has seen the case."""
    # The index begins with the dataset: by the case's ID alone, all of it would be read
    of_it = (cases.c.dataset_id == dataset_id, cases.c.case_id == case_id)
    made_of = select(cases.c.conversation_id).where(*of_it, cases.c.conversation_id.is_not(None))
    return session.scalar(made_of.limit(1))


def is_in_version(dataset_id: UUID, version: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a row is in a version."""
    removed = cases.c.removed_in
    return (
        cases.c.dataset_id == dataset_id,
        cases.c.added_in <= version,
        or_(removed.is_(None), removed > version),
    )


def _of(dataset_id: UUID, version: int, filters: CaseFilter) -> Select[Any]:
    rows = select(cases).where(*is_in_version(dataset_id, version))
    if filters.tag:
        rows = rows.where(cases.c.tags.contains([filters.tag]))
    if filters.split is not None:
        rows = rows.where(cases.c.split == filters.split)
    if filters.origin is not None:
        rows = rows.where(cases.c.origin == filters.origin)
    return rows.order_by(cases.c.position, cases.c.case_id)


def _case(row: Row[Any]) -> DatasetCase:
    texts = encrypted_texts.open_texts(row.texts, row.id)
    content = texts | {"tags": row.tags, "split": row.split, "origin": row.origin}
    return DatasetCase(
        id=row.case_id,
        position=row.position,
        content=CaseContent.model_validate(content, context=STORED),
        conversation_id=row.conversation_id,
        origin_id=row.origin_id,
        added_in=row.added_in,
        created_at=row.created_at,
    )


def _searchable(row: Row[Any]) -> str:
    texts = encrypted_texts.open_texts(row.texts, row.id)
    found = (_texts(value, CHOSEN.get(name, ())) for name, value in texts.items())
    return folded("\n".join(chain.from_iterable(found)))


def _texts(value: object, besides: Collection[str]) -> Iterator[str]:
    """Yield the texts in a JSON value, without names of fields and the fields `besides`."""
    match value:
        case str():
            yield value
        case dict():
            for name, each in value.items():
                if name not in besides:
                    yield from _texts(each, besides)
        case list():
            for each in value:
                yield from _texts(each, besides)
