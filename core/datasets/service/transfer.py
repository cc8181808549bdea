"""Import files of cases, and export a version."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.database.tables import STORED
from core.datasets.drafts import CaseDraft
from core.datasets.errors import DatasetFileRefused
from core.datasets.files import own_format, reader
from core.datasets.files.parsed import ParsedCases, ReferenceAnswer
from core.datasets.import_schemas import CaseImport, SupportedKind
from core.datasets.models import Dataset
from core.datasets.queries.cases import cases_of_version, has_cases_from_users
from core.datasets.queries.datasets import checked_version, get_dataset
from core.datasets.schemas import (
    CaseMessage,
    CaseOrigin,
    CaseTexts,
    DatasetCase,
    DatasetView,
    NewDataset,
)
from core.datasets.service.cases import store
from core.datasets.service.datasets import create_dataset, lock_own
from core.errors import Forbidden
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.ingest.pattern_budget import compile_budget
from core.providers.schemas import MessageRole

SHOWN = 3  # cases of a dry run
TEXTS = set(CaseTexts.model_fields)


@dataclass(frozen=True)
class ImportTarget:
    """Where cases go: a dataset of the actor, or a new one; a dry run stores nothing."""

    file_name: str = ""
    dataset_id: UUID | None = None
    name: str | None = None
    is_dry_run: bool = False

    @property
    def new_name(self) -> str:
        """The name of a new dataset: the chosen one, else that of the file."""
        stem = self.file_name.rpartition("/")[2].rpartition(".")[0] or self.file_name
        return (self.name or stem.strip() or "Imported cases")[:128]


@dataclass(frozen=True)
class ExportedVersion:
    """The file of a version."""

    name: str
    lines: Iterator[str]


def import_cases(
    session: Session, content: bytes, target: ImportTarget, *, actor: Actor
) -> CaseImport:
    """Add the cases of a file to a dataset as one new version.

    Raises DatasetFileTooLarge, DatasetFileRefused, DatasetMissing, NotYourDataset,
    DatasetNameTaken, TooManyDatasets, TooManyCases or DatasetFull.
    """
    require(actor, Permission.RUN_MODELS)
    # Before the dataset is locked, because a large file takes a while
    with compile_budget():
        parsed = reader.read(content, target.file_name)
    row = lock_own(session, target.dataset_id, actor=actor) if target.dataset_id else None
    changed = _answered(session, row, parsed)
    view: DatasetView | None = None
    if not target.is_dry_run:
        if not parsed.cases and not changed:
            raise DatasetFileRefused(_nothing(parsed))
        row = row or _created(session, target, actor)
        note = f"Imported {target.file_name or 'a file'}"[:200]
        store(session, row, _drafts(parsed), changed=changed, note=note, actor=actor)
        view = get_dataset(session, row.id, actor=actor)
    return CaseImport(
        format=parsed.format,
        is_dry_run=target.is_dry_run,
        cases=len(parsed.cases),
        updated=len(changed),
        scorers=[SupportedKind(kind=kind, count=n) for kind, n in parsed.scorers.most_common()],
        unsupported=parsed.unsupported,
        unsupported_count=parsed.unsupported_count,
        sample=[case.texts for case in parsed.cases[:SHOWN]],
        dataset=view,
    )


def export_version(
    session: Session, dataset_id: UUID, version: int | None = None, *, actor: Actor
) -> ExportedVersion:
    """Return a version as a file that imports again.

    Raises DatasetMissing, DatasetVersionMissing or Forbidden.
    """
    dataset = get_dataset(session, dataset_id, actor=actor)
    number = checked_version(dataset, version)
    if not may_export(session, dataset_id, number, actor=actor):
        raise Forbidden
    found = cases_of_version(session, dataset_id, number) if number else []
    audit.record(
        session,
        "dataset.export",
        actor,
        targets={"dataset_id": str(dataset_id), "name": dataset.name, "version": number},
    )
    return ExportedVersion(
        f"dataset-{dataset_id}-v{number}.jsonl", own_format.lines(dataset, number, found)
    )


def may_export(session: Session, dataset_id: UUID, version: int, *, actor: Actor) -> bool:
    """Whether the actor may export a version: only accounts that may export annotations export
    cases with messages of users.
    """
    if may(actor, Permission.EXPORT_ANNOTATIONS):
        return True
    return not has_cases_from_users(session, dataset_id, version)


def _created(session: Session, target: ImportTarget, actor: Actor) -> Dataset:
    made = create_dataset(session, NewDataset(name=target.new_name), actor=actor)
    return session.get_one(Dataset, made.id)


def _drafts(parsed: ParsedCases) -> list[CaseDraft]:
    return [
        CaseDraft(
            texts=case.texts,
            origin=CaseOrigin.IMPORT,
            tags=case.tags,
            split=case.split,
            conversation_id=case.conversation_id,
        )
        for case in parsed.cases
    ]


def _answered(
    session: Session, row: Dataset | None, parsed: ParsedCases
) -> dict[UUID, tuple[int, CaseDraft]]:
    """Return the cases that reference answers change; name those without a case."""
    if not parsed.answers:
        return {}
    present: dict[str, DatasetCase] = {}
    for case in cases_of_version(session, row.id) if row else []:
        if case.content.external_id:
            present.setdefault(case.content.external_id, case)
    changed = {}
    for answer in parsed.answers:
        found = present.get(answer.external_id)
        texts = _with_answer(found, answer) if found else None
        if found is None or texts is None:
            reason = (
                "The dataset has no case with this ID: import the questions first, then this "
                "file into their dataset."
                if found is None
                else "Its turns do not fit those of the case."
            )
            parsed.leave_out(answer.line, f"Answer {answer.external_id}", reason)
            continue
        changed[found.id] = (found.position, _changed(found, texts))
    return changed


def _with_answer(case: DatasetCase, answer: ReferenceAnswer) -> CaseTexts | None:
    """Return a case with the last answer as reference, the earlier ones between its turns."""
    messages = list[CaseMessage]()
    asked = [it for it in case.content.messages if it.role is not MessageRole.ASSISTANT]
    turns = [it for it in asked if it.role is MessageRole.USER]
    if len(turns) != len(answer.turns):
        return None
    told = iter(answer.turns[:-1])
    for place, message in enumerate(asked):
        messages.append(message)
        if message.role is MessageRole.USER and place < len(asked) - 1:
            messages.append(CaseMessage(role=MessageRole.ASSISTANT, content=next(told, "")))
    fields: dict[str, Any] = case.content.model_dump(include=TEXTS)
    fields |= {"messages": messages, "reference": answer.turns[-1]}
    try:
        return CaseTexts.model_validate(fields, context=STORED)
    except ValidationError:
        return None


def _changed(case: DatasetCase, texts: CaseTexts) -> CaseDraft:
    return CaseDraft(
        texts=texts,
        origin=case.content.origin,
        tags=case.content.tags,
        split=case.content.split,
        conversation_id=case.conversation_id,
        origin_id=case.origin_id,
    )


def _nothing(parsed: ParsedCases) -> str:
    first: Sequence[Any] = parsed.unsupported[:1]
    why = f" {first[0].part}: {first[0].reason}" if first else ""
    return f"This file ({parsed.format}) has no case that can be imported.{why}"
