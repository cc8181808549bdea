"""Add, edit and remove cases: each change of a dataset is a new version."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from core.datasets import encrypted_texts
from core.datasets.drafts import CaseDraft
from core.datasets.errors import CaseChanged, CaseMissing, DatasetFull, TooManyCases
from core.datasets.models import Dataset, DatasetVersion
from core.datasets.queries.cases import cases, is_in_version
from core.datasets.queries.datasets import get_dataset
from core.datasets.schemas import (
    MOST_BYTES,
    MOST_CASES,
    CaseOrigin,
    CaseSplit,
    DatasetView,
    NewCase,
    NewCases,
)
from core.datasets.service.datasets import lock_own, target
from core.datasets.source_schemas import AddedCases
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.platform.ids import new_id

AT_ONCE = 1000  # rows of one insert


def add_cases(session: Session, dataset_id: UUID, new: NewCases, *, actor: Actor) -> AddedCases:
    """Add cases written by hand or by a model, as one new version.

    Raises DatasetMissing, NotYourDataset, TooManyCases or DatasetFull.
    """
    row = lock_own(session, dataset_id, actor=actor)
    added = [_draft(case) for case in new.cases]
    store(session, row, added, note=f"Added {_cases(len(added))}", actor=actor)
    view = get_dataset(session, dataset_id, actor=actor)
    return AddedCases(added=len(added), skipped=[], dataset=view)


def change_case(
    session: Session,
    dataset_id: UUID,
    case_id: UUID,
    new: NewCase,
    *,
    added_in: int | None = None,
    actor: Actor,
) -> DatasetView:
    """Edit a case in a new version; what it was made of stays, and so does its split unless
    another is given.

    Raises DatasetMissing, NotYourDataset, CaseMissing or DatasetFull, and CaseChanged when its
    content is no longer that of `added_in`.
    """
    row = lock_own(session, dataset_id, actor=actor)
    found = session.execute(
        select(cases).where(*is_in_version(dataset_id, row.version), cases.c.case_id == case_id)
    ).first()
    if found is None:
        raise CaseMissing
    if added_in is not None and added_in != found.added_in:
        raise CaseChanged
    draft = CaseDraft(
        texts=new,
        tags=new.tags,
        split=new.split or CaseSplit(found.split),
        origin=CaseOrigin(found.origin),
        conversation_id=found.conversation_id,
        origin_id=found.origin_id,
    )
    store(
        session, row, changed={case_id: (found.position, draft)}, note="Edited a case", actor=actor
    )
    return get_dataset(session, dataset_id, actor=actor)


def remove_cases(
    session: Session, dataset_id: UUID, case_ids: Sequence[UUID], *, actor: Actor
) -> DatasetView:
    """Remove cases in a new version; older versions keep them.

    Raises DatasetMissing, NotYourDataset or CaseMissing.
    """
    row = lock_own(session, dataset_id, actor=actor)
    present = select(cases.c.case_id).where(*is_in_version(dataset_id, row.version))
    found = set(session.scalars(present.where(cases.c.case_id.in_(case_ids))))
    if not found or found != set(case_ids):
        raise CaseMissing
    store(session, row, removed=list(found), note=f"Removed {_cases(len(found))}", actor=actor)
    return get_dataset(session, dataset_id, actor=actor)


def store(
    session: Session,
    row: Dataset,
    added: Sequence[CaseDraft] = (),
    *,
    changed: Mapping[UUID, tuple[int, CaseDraft]] | None = None,
    removed: Sequence[UUID] = (),
    note: str,
    actor: Actor,
) -> None:
    """Store a new version of a locked dataset; raise TooManyCases or DatasetFull.

    `changed` has positions and new contents of cases by their IDs.
    """
    changed = changed or {}
    row.case_count += len(added) - len(removed)
    if row.case_count > MOST_CASES:
        raise TooManyCases
    row.version, row.updated_at = row.version + 1, clock.now()
    ended = [*removed, *changed]
    if ended:
        of_it = (*is_in_version(row.id, row.version - 1), cases.c.case_id.in_(ended))
        session.execute(update(cases).where(*of_it).values(removed_in=row.version))
    # A place is never given again: a removed case keeps it in older versions
    first = row.last_position + 1
    row.last_position += len(added)
    rows = [
        *(_row(row, new_id(), place, draft) for place, draft in enumerate(added, first)),
        *(_row(row, id_, *placed) for id_, placed in changed.items()),
    ]
    for start in range(0, len(rows), AT_ONCE):
        session.execute(insert(cases), rows[start : start + AT_ONCE])
    if rows and _size_bytes(session, row) > MOST_BYTES:
        raise DatasetFull
    counts = {"added": len(rows), "removed": len(ended)}
    session.add(
        DatasetVersion(
            dataset_id=row.id,
            number=row.version,
            case_count=row.case_count,
            note=note,
            created_by=actor.id,
            **counts,
        )
    )
    audit.record(
        session,
        "dataset.cases",
        actor,
        targets=target(row),
        after={"version": row.version} | counts,
    )
    session.flush()


def _size_bytes(session: Session, row: Dataset) -> int:
    size = select(func.sum(func.octet_length(cases.c.texts)))
    return session.scalar(size.where(*is_in_version(row.id, row.version))) or 0


def _row(dataset: Dataset, case_id: UUID, position: int, draft: CaseDraft) -> dict[str, Any]:
    row_id = new_id()
    return {
        "id": row_id,
        "dataset_id": dataset.id,
        "case_id": case_id,
        "position": position,
        "added_in": dataset.version,
        "texts": encrypted_texts.seal_texts(draft.texts, row_id),
        "tags": list(dict.fromkeys(draft.tags)),
        "split": draft.stored_split,
        "origin": draft.origin,
        "conversation_id": draft.conversation_id,
        "origin_id": draft.origin_id,
    }


def _draft(case: NewCase) -> CaseDraft:
    return CaseDraft(texts=case, tags=case.tags, split=case.split, origin=CaseOrigin(case.origin))


def _cases(count: int) -> str:
    return f"{count:,} case" if count == 1 else f"{count:,} cases"
