"""The hops of a chain: each finds the newest neighbour that the actor sees, and how many there are,
in one query.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, case, exists, func, or_, select
from sqlalchemy.orm import Session

from core.annotations.models import Annotation
from core.annotations.queries.annotation_list import seen_by as sees_annotation
from core.bots.models import BotConfiguration
from core.bots.queries.bots import is_visible as sees_bot
from core.database.tables import table_of
from core.datasets.models import Dataset, DatasetCaseRow
from core.datasets.queries.datasets import seen_by as sees_dataset
from core.datasets.schemas import CaseOrigin
from core.evaluations.models import EvaluatedVersion, EvaluationCase, EvaluationTest
from core.evaluations.queries.evaluations import seen_by as sees_evaluation
from core.evaluations.schemas import EvaluationStatus
from core.identity.schemas import Actor
from core.prompts.models import PromptLabelMove, PromptTemplate, PromptVersion
from core.prompts.queries.prompts import is_visible as sees_prompt
from core.prompts.template.syntax import DEFAULT_LABEL

notes, cases, datasets = table_of(Annotation), table_of(DatasetCaseRow), table_of(Dataset)
tests, measured = table_of(EvaluationTest), table_of(EvaluatedVersion)
evaluated_cases, moves = table_of(EvaluationCase), table_of(PromptLabelMove)
templates, versions, bots = (
    table_of(PromptTemplate),
    table_of(PromptVersion),
    table_of(BotConfiguration),
)
# Counted before the limit, in the same query; the row itself is none of the others
FOUND = (func.count().over() - 1).label("others")
Hop = TypeVar("Hop", bound=NamedTuple)


class AnnotationHop(NamedTuple):
    id: UUID
    created_at: datetime
    applied_version: str | None
    others: int


class CaseHop(NamedTuple):
    id: UUID
    position: int
    dataset_id: UUID
    dataset_name: str
    annotation_id: UUID | None
    others: int


class VersionHop(NamedTuple):
    """A version of a prompt or, with `is_bot`, of a bot."""

    id: UUID
    owner_id: UUID
    name: str
    number: int
    is_bot: bool = False

    @property
    def title(self) -> str:
        return f"{self.name}@{self.number}"


class EvaluationHop(NamedTuple):
    """An evaluation with the target that is a version, None when none of them is."""

    id: UUID
    status: str
    summary: dict[str, Any] | None
    dataset_id: UUID | None
    target: int | None
    prompt_id: UUID | None
    prompt_version: int | None
    bot_id: UUID | None
    bot_version: int | None
    others: int


@dataclass(frozen=True)
class EvaluationFilter:
    """Which evaluation: by its ID, of a version, or with a case."""

    evaluation_id: UUID | None = None
    version: VersionHop | None = None
    case_id: UUID | None = None
    first: UUID | None = None


class PromotionHop(NamedTuple):
    """A move of a label to a version, until the label moved on."""

    id: int
    prompt_id: UUID
    label: str
    from_version: int | None
    to_version: int | None
    evaluation_id: UUID | None
    moved_at: datetime
    until: datetime | None
    others: int


def find_annotation(ai: Session, id_: UUID, *, actor: Actor) -> AnnotationHop | None:
    return _first(ai, _annotations(notes.c.id == id_, actor), AnnotationHop)


def find_applied(ai: Session, version: str, *, actor: Actor) -> AnnotationHop | None:
    """Return the newest annotation that a version, `name@number`, was marked to fix."""
    return _first(ai, _annotations(notes.c.applied_version == version, actor), AnnotationHop)


def _annotations(of_it: ColumnElement[bool], actor: Actor) -> Select[Any]:
    return (
        select(notes.c.id, notes.c.created_at, notes.c.applied_version, FOUND)
        .where(of_it, sees_annotation(actor))
        .order_by(notes.c.created_at.desc(), notes.c.id)
    )


def find_case(core: Session, case_id: UUID, *, actor: Actor) -> CaseHop | None:
    """Return a case of a dataset, as it was last."""
    newest = _cases(actor).where(cases.c.case_id == case_id).order_by(cases.c.added_in.desc())
    found = _first(core, newest, CaseHop)
    return found._replace(others=0) if found else None  # earlier contents are the same case


def find_case_of(core: Session, annotation_id: UUID, *, actor: Actor) -> CaseHop | None:
    """Return the newest case that was made of an annotation, and is in its dataset."""
    of_it = (
        cases.c.origin == CaseOrigin.ANNOTATION,
        cases.c.origin_id == annotation_id,
        cases.c.removed_in.is_(None),
    )
    return _first(core, _cases(actor).where(*of_it).order_by(cases.c.created_at.desc()), CaseHop)


def _cases(actor: Actor) -> Select[Any]:
    is_of_annotation = cases.c.origin == CaseOrigin.ANNOTATION
    facts = (cases.c.case_id, cases.c.position, datasets.c.id, datasets.c.name)
    return (
        select(*facts, case((is_of_annotation, cases.c.origin_id)), FOUND)
        .join(datasets, datasets.c.id == cases.c.dataset_id)
        .where(sees_dataset(actor))
    )


def find_version(core: Session, *of_it: ColumnElement[bool], actor: Actor) -> VersionHop | None:
    """Return a version of a prompt."""
    rows = (
        select(versions.c.id, templates.c.id, templates.c.name, versions.c.number)
        .join(templates, templates.c.id == versions.c.template_id)
        .where(*of_it, sees_prompt(actor))
    )
    return _first(core, rows, VersionHop)


def by_id(version_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """Return the condition of a version by its ID."""
    return (versions.c.id == version_id,)


def by_title(title: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a version by `name@number`; none matches another text."""
    name, _, number = title.rpartition("@")
    # A longer number is no int4, which Postgres would refuse
    wanted = int(number) if number.isdecimal() and len(number) < 10 else 0
    return (func.lower(templates.c.name) == name.lower(), versions.c.number == wanted)


def by_number(prompt_id: UUID, number: int | None) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a version by its prompt and number."""
    return (versions.c.template_id == prompt_id, versions.c.number == number)


def find_bot_version(
    core: Session, bot_id: UUID, number: int | None, *, actor: Actor
) -> VersionHop | None:
    name = select(bots.c.bot_name).where(bots.c.id == bot_id, sees_bot(actor))
    found = core.scalar(name)
    return VersionHop(bot_id, bot_id, found, number or 0, is_bot=True) if found else None


def find_evaluation(
    core: Session, filters: EvaluationFilter, *, actor: Actor
) -> EvaluationHop | None:
    """Return the actor's newest completed evaluation, else the newest. Of a version, `first` and
    those with the case come first.
    """
    has_case = exists().where(
        evaluated_cases.c.evaluation_id == tests.c.id,
        evaluated_cases.c.case_id == filters.case_id,
    )
    own = _with_target(sees_evaluation(actor), *_conditions(filters, has_case))
    of_target = (measured.c.evaluation_id == own.c.id) & (measured.c.target == own.c.target)
    facts = ("prompt_id", "prompt_version", "bot_id", "bot_version")
    rows = (
        select(
            *(tests.c[name] for name in ("id", "status", "summary", "dataset_id")),
            own.c.target,
            *(measured.c[name] for name in facts),
            FOUND,
        )
        .join(own, own.c.id == tests.c.id)
        .outerjoin(measured, of_target)
        .order_by(
            *([(tests.c.id == filters.first).desc()] if filters.first else []),
            *([has_case.desc()] if filters.case_id else []),
            (tests.c.status == EvaluationStatus.COMPLETED).desc(),
            tests.c.created_at.desc(),
        )
    )
    return _first(core, rows, EvaluationHop)


def _conditions(
    filters: EvaluationFilter, has_case: ColumnElement[bool]
) -> list[ColumnElement[bool]]:
    if filters.evaluation_id is not None:
        return [tests.c.id == filters.evaluation_id]
    if filters.version is not None:
        return [
            measured.c.prompt_id == filters.version.owner_id,
            measured.c.prompt_version == filters.version.number,
        ]
    return [has_case]


def _with_target(*of_it: ColumnElement[bool]) -> Subquery:
    """Return evaluations with their first target that is a version."""
    is_version = or_(measured.c.prompt_id.is_not(None), measured.c.bot_id.is_not(None))
    return (
        select(tests.c.id, func.min(measured.c.target).filter(is_version).label("target"))
        .outerjoin(measured, measured.c.evaluation_id == tests.c.id)
        .where(*of_it)
        .group_by(tests.c.id)
        .subquery("own")
    )


def find_promotion(core: Session, move_id: int) -> PromotionHop | None:
    """Return a move of a label. The caller checks that the actor sees its prompt."""
    prompt_id = select(moves.c.template_id).where(moves.c.id == move_id).scalar_subquery()
    # All moves of the prompt: the next one of the label says until when this one held
    rows, series = _promotions(moves.c.template_id == prompt_id)
    return _first(core, rows.where(series.c.id == move_id), PromotionHop)


def find_promotion_of(core: Session, version: VersionHop) -> PromotionHop | None:
    """Return the newest move of a label to a version, of `production` first."""
    rows, series = _promotions(moves.c.template_id == version.owner_id)
    ordered = rows.where(series.c.to_version == version.number).order_by(
        series.c.label != DEFAULT_LABEL, series.c.id.desc()
    )
    return _first(core, ordered, PromotionHop)


def _promotions(of_prompt: ColumnElement[bool]) -> tuple[Select[Any], Any]:
    until = func.lead(moves.c.moved_at).over(partition_by=moves.c.label, order_by=moves.c.id)
    series = select(moves, until.label("until")).where(of_prompt).subquery("series")
    facts = ("id", "template_id", "label", "from_version", "to_version", "evaluation_id")
    columns = (series.c[name] for name in (*facts, "moved_at", "until"))
    return select(*columns, FOUND), series


def _first(session: Session, rows: Select[Any], kind: type[Hop]) -> Hop | None:
    row = session.execute(rows.limit(1)).first()
    return kind(*row) if row is not None else None
