"""Read judges with their validation against the annotations of people."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Select,
    Uuid,
    any_,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from core.annotations.models import Annotation
from core.annotations.queries.annotation_list import is_overruled
from core.annotations.schemas import AnnotationSeverity, AnnotationType
from core.conversations.models import Message
from core.conversations.schemas import MessageSpeaker
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.scores.models import MessageScore
from core.scores.schemas import ScoreSource, ScoreSubject
from core.scoring import judge_validation as validation
from core.scoring.judge_validation import CheckedAnswer, EstimatedRate, JudgeValidation
from core.scoring.model_access import unfit_judge_reason

MAX_ANNOTATIONS = 20_000  # the newest
MAX_JUDGES = 100
ADJUDICATION = 3  # the round whose verdict is final
BAD_IMPROVEMENTS = (AnnotationSeverity.MODERATE, AnnotationSeverity.CRITICAL)

annotations, scores, messages = table_of(Annotation), table_of(MessageScore), table_of(Message)
OF_JUDGES = (
    scores.c.source == ScoreSource.JUDGE,
    scores.c.subject_kind == ScoreSubject.MESSAGE,
    scores.c.value.is_not(None) | scores.c.label.in_(("pass", "fail")),
)
KEY = (
    scores.c.name,
    # A literal: parameters of their own would make equal expressions differ
    func.coalesce(scores.c.evaluator, literal_column("''")),
    func.coalesce(scores.c.evaluator_version, literal_column("''")),
)


class JudgeKey(NamedTuple):
    """A judge: the name of its scores, the model, and the version of its scorer."""

    name: str
    evaluator: str
    evaluator_version: str


@dataclass(frozen=True)
class HumanVerdicts:
    """Whether people found messages good; those on which they disagree are contradictory."""

    is_good: Mapping[UUID, bool]
    contradictory: frozenset[UUID]


def list_judges(
    core: Session, ai: Session, *, threshold: float = 0.5, actor: Actor
) -> list[JudgeValidation]:
    """Return the judges of messages, those with the most messages first.

    A score passes by its label `pass` or `fail`, else from `threshold` on; of several scores of a
    message, the newest counts. Raises Forbidden.
    """
    require(actor, Permission.WATCH)
    people = _human_verdicts(ai)
    ids = [*people.is_good, *people.contradictory]
    checked, contradictory = defaultdict[JudgeKey, list[CheckedAnswer]](list), dict[JudgeKey, int]()
    for key, message_id, is_passed, length in _verdicts(core, ids, threshold):
        if message_id in people.contradictory:
            contradictory[key] = contradictory.get(key, 0) + 1
        else:
            checked[key].append(CheckedAnswer(people.is_good[message_id], is_passed, length))
    return [
        _validation(totals, checked[totals.key], contradictory.get(totals.key, 0))
        for totals in _totals(core, threshold)
    ]


class _Totals(NamedTuple):
    """The messages that a judge has scored, each by its newest score, and its comparisons."""

    key: JudgeKey
    scored: int
    passed: int
    compared: int
    consistent: int


def _validation(
    totals: _Totals, answers: list[CheckedAnswer], contradictory: int
) -> JudgeValidation:
    table = validation.counted(answers)
    return JudgeValidation(
        **totals.key._asdict(),
        status=validation.status_of(table),
        statement=validation.statement_of(table),
        checked=table.total,
        contradictory=contradictory,
        sensitivity=validation.rate(table.good_passed, table.good),
        specificity=validation.rate(table.bad_failed, table.bad),
        kappa=validation.kappa(table),
        pass_rate=validation.rate(totals.passed, totals.scored),
        corrected_rate=validation.corrected_rate(totals.passed, totals.scored, table),
        length=validation.length_check(answers),
        position=_position(totals),
        unfit=unfit_judge_reason(totals.key.evaluator),
    )


def _position(totals: _Totals) -> EstimatedRate:
    return validation.rate(totals.consistent, totals.compared)


def _human_verdicts(ai: Session) -> HumanVerdicts:
    """Return the verdicts: an adjudication is final, else all reviewers must agree, each by the
    newest of their own.

    Where an adjudicator accepted neither, there is none.
    """
    newest = (
        select(
            annotations.c.message_id,
            annotations.c.admin_user_id,
            annotations.c.annotation_type,
            annotations.c.severity,
            annotations.c.round,
        )
        .where(annotations.c.message_role == MessageSpeaker.ASSISTANT, ~is_overruled())
        .order_by(annotations.c.created_at.desc())
        .limit(MAX_ANNOTATIONS)
    )
    given = defaultdict[UUID, dict[UUID, bool]](dict)  # by message and reviewer
    final = dict[UUID, bool]()
    for message_id, reviewer, kind, severity, round_number in ai.execute(newest):
        is_good = _is_good(kind, severity)
        given[message_id].setdefault(reviewer, is_good)
        if round_number == ADJUDICATION:
            final.setdefault(message_id, is_good)
    verdicts = {message_id: set(found.values()) for message_id, found in given.items()}
    agreed = {id_: next(iter(found)) for id_, found in verdicts.items() if len(found) == 1}
    is_good_by_id = agreed | final
    return HumanVerdicts(is_good_by_id, frozenset(given.keys() - is_good_by_id.keys()))


def _is_good(kind: str, severity: str | None) -> bool:
    match kind:
        case AnnotationType.APPROVED:
            return True
        case AnnotationType.IMPROVEMENT:
            return severity not in BAD_IMPROVEMENTS
        case _:
            return False


def _verdicts(
    core: Session, ids: Iterable[UUID], threshold: float
) -> Iterator[tuple[JudgeKey, UUID, bool, int]]:
    """Yield each judge's newest verdict on these messages, with the length of the answer."""
    columns = scores.c.subject_id, _is_passed(threshold), func.length(messages.c.content)
    wanted = (
        select(*KEY, *columns)
        .join(messages, messages.c.id == scores.c.subject_id)
        .where(*OF_JUDGES, scores.c.subject_id == any_(literal(list(ids), ARRAY(Uuid()))))
        .order_by(scores.c.created_at)
    )
    # Of several scores of one judge, the last replaces those before it
    newest = {
        (JudgeKey(*key), message_id): (is_passed, length)
        for *key, message_id, is_passed, length in core.execute(wanted)
    }
    for (judge, message_id), (is_passed, length) in newest.items():
        yield judge, message_id, is_passed, length


def _totals(core: Session, threshold: float) -> list[_Totals]:
    newest = _newest(threshold).subquery().c
    key = [newest[name] for name in JudgeKey._fields]
    figures = (
        func.count(),
        func.count().filter(newest.is_passed),
        func.count(newest.is_consistent),
        func.count().filter(newest.is_consistent),
    )
    wanted = select(*key, *figures).group_by(*key)
    rows = core.execute(wanted.order_by(func.count().desc(), *key).limit(MAX_JUDGES))
    return [_Totals._make((JudgeKey(*row[:3]), *row[3:])) for row in rows]


def _newest(threshold: float) -> Select[Any]:
    """Return the newest score of each message by each judge."""
    named = (part.label(name) for name, part in zip(JudgeKey._fields, KEY, strict=True))
    is_consistent = cast(scores.c.attributes["position_consistent"].as_string(), Boolean)
    return (
        select(
            *named,
            _is_passed(threshold).label("is_passed"),
            is_consistent.label("is_consistent"),
        )
        .where(*OF_JUDGES)
        .ext(distinct_on(*KEY, scores.c.subject_id))
        .order_by(*KEY, scores.c.subject_id, scores.c.created_at.desc())
    )


def _is_passed(threshold: float) -> ColumnElement[bool]:
    return case(
        (scores.c.label == "pass", True),
        (scores.c.label == "fail", False),
        else_=scores.c.value >= threshold,
    )
