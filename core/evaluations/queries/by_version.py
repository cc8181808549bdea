"""Find completed evaluations by the version of a prompt or a bot that they measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database.tables import table_of
from core.evaluations import encrypted_texts
from core.evaluations.models import EvaluatedVersion, EvaluationTest
from core.evaluations.queries.evaluations import seen_by
from core.evaluations.schemas import EvaluationDefinition, EvaluationStatus, RunTarget
from core.evaluations.views import EvaluationSummary, TargetFigures
from core.identity.models import AdminUser, ApiKey
from core.identity.schemas import Actor

MOST = 200
measured, tests = table_of(EvaluatedVersion), table_of(EvaluationTest)
accounts, keys = table_of(AdminUser), table_of(ApiKey)
REMOVED = "A removed key"


@dataclass(frozen=True)
class MeasuredFilter:
    """Filters by columns of evaluations and of their targets; None is any."""

    prompt_id: UUID | None = None
    prompt_version: int | None = None
    bot_id: UUID | None = None
    reader: Actor | None = None  # who sees it
    dataset_id: UUID | None = None
    dataset_version: int | None = None


class MeasuredVersion(NamedTuple):
    """A target of a completed evaluation that is a version of a prompt or a bot."""

    evaluation: EvaluationTest
    finished_at: datetime
    number: int
    owner_name: str
    definition: EvaluationDefinition
    figures: TargetFigures

    @property
    def target(self) -> RunTarget:
        return self.definition.targets[self.number - 1]


def list_measured(
    session: Session, wanted: MeasuredFilter, *, limit: int = MOST, offset: int = 0
) -> Iterator[MeasuredVersion]:
    """Yield matching targets, those of the evaluation that ended last first."""
    columns = EvaluationTest
    equal = {
        measured.c.prompt_id: wanted.prompt_id,
        measured.c.prompt_version: wanted.prompt_version,
        measured.c.bot_id: wanted.bot_id,
        columns.dataset_id: wanted.dataset_id,
        columns.dataset_version: wanted.dataset_version,
    }
    name = func.coalesce(accounts.c.full_name, keys.c.name, REMOVED)
    rows = session.execute(
        select(columns, tests.c.finished_at, measured.c.target, name)
        .join(measured, measured.c.evaluation_id == columns.id)
        .outerjoin(accounts, accounts.c.id == columns.owner)
        .outerjoin(keys, keys.c.id == columns.key_id)
        .where(
            *([seen_by(wanted.reader)] if wanted.reader is not None else []),
            columns.status == EvaluationStatus.COMPLETED,
            columns.finished_at.is_not(None),
            columns.summary.is_not(None),
            *(column == value for column, value in equal.items() if value is not None),
        )
        .order_by(columns.finished_at.desc(), columns.id, measured.c.target)
        .limit(limit)
        .offset(offset)
    )
    for row, finished_at, number, owner_name in rows:
        figures = EvaluationSummary.model_validate(row.summary).targets[number - 1]
        definition = encrypted_texts.definition_of(row)
        yield MeasuredVersion(row, finished_at, number, owner_name, definition, figures)
