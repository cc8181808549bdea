"""Figures of annotations: types, models, trend, agreement and pace."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Subquery,
    case,
    cast,
    distinct,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from core.annotations.agreement import Pattern, agreement, disagreements
from core.annotations.models import Annotation
from core.annotations.queries.annotation_list import (
    DECIDING,
    conditions,
    decided_messages,
    seen_by,
)
from core.annotations.schemas import AnnotationFilter, AnnotationSeverity, AnnotationType
from core.annotations.views import (
    NONE,
    UNDISCLOSED,
    AnnotationShare,
    DisputedMessage,
    ModelAgreement,
    ReviewDay,
    ReviewPace,
    ReviewSummary,
)
from core.database.tables import table_of
from core.identity.permissions import Permission, may, require_any
from core.identity.schemas import Actor
from core.presentation.periods import Period

MOST = 20  # rows per list
PAUSE_S = 1800.0  # a longer gap is a break, not the time of a review
FEWEST_GAPS = 10
TYPES = [str(each) for each in AnnotationType]
SEVERITIES = [str(each) for each in AnnotationSeverity]
ABOUT_VERDICTS = ("author", "type", "severity", "status", "tag", "applied_version")  # filters

notes = table_of(Annotation)


def summarize(
    ai: Session, filters: AnnotationFilter, period: Period, *, actor: Actor
) -> ReviewSummary:
    """Return the figures of annotations created in a period; raise Forbidden."""
    require_any(actor, Permission.WATCH, Permission.ANNOTATE)
    is_own = not may(actor, Permission.WATCH)
    asked = replace(filters, start=period.start, end=period.end)
    where, seen = conditions(replace(asked, author=actor.id) if is_own else asked), seen_by(actor)
    # A filter by a field that is not disclosed would disclose it by the count
    if any((filters.type, filters.severity, filters.tag)):
        where.append(seen)
    # Verdicts that differ from the filtered ones are what agreement compares with
    compared = replace(asked, **dict.fromkeys(ABOUT_VERDICTS))
    judged = _judged([*conditions(compared), seen], actor.id if is_own else asked.author)
    by_model = _patterns(ai, judged, "annotation_type", TYPES)
    types = _added(by_model)
    return ReviewSummary(
        is_own=is_own,
        **_totals(ai, where),
        by_type=_shares(ai, where, _disclosed(notes.c.annotation_type, seen)),
        by_severity=_shares(ai, where, _disclosed(func.coalesce(notes.c.severity, NONE), seen)),
        by_status=_shares(ai, where, notes.c.status),
        by_tag=_tags(ai, [*where, seen]),
        by_model=_shares(ai, where, notes.c.model),
        by_prompt_version=_shares(ai, where, notes.c.prompt_version),
        by_experiment_arm=_shares(ai, where, notes.c.experiment_arm),
        over_time=_days(ai, where, period, _disclosed(notes.c.annotation_type, seen)),
        agreement=agreement(types),
        severity_agreement=agreement(
            _added(_patterns(ai, judged, "severity", SEVERITIES)), is_ordered=True
        ),
        disagreements=disagreements(types, TYPES),
        by_model_agreement=_of_models(by_model),
        disputed=_disputed(ai, judged),
        pace=_pace(ai, where, period),
    )


def _totals(ai: Session, where: Sequence[ColumnElement[bool]]) -> dict[str, int]:
    counted = select(
        func.count().label("annotations"),
        func.count(distinct(notes.c.message_id)).label("messages"),
        func.count(distinct(notes.c.conversation_id)).label("conversations"),
        func.count(distinct(notes.c.admin_user_id)).label("reviewers"),
    )
    return dict(ai.execute(counted.where(*where)).mappings().one())


def _disclosed(said: ColumnElement[str], seen: ColumnElement[bool]) -> ColumnElement[str]:
    return case((seen, said), else_=UNDISCLOSED)


def _shares(
    ai: Session, where: Sequence[ColumnElement[bool]], of: ColumnElement[Any]
) -> list[AnnotationShare]:
    value, count = of.label("value"), func.count().label("count")
    wanted = (
        select(value, count).where(*where).group_by(value).order_by(count.desc(), value).limit(MOST)
    )
    return [AnnotationShare(value=found, count=times) for found, times in ai.execute(wanted)]


def _tags(ai: Session, where: Sequence[ColumnElement[bool]]) -> list[AnnotationShare]:
    tags = select(func.unnest(notes.c.tags).label("value")).where(*where).subquery()
    count = func.count().label("count")
    wanted = (
        select(tags.c.value, count)
        .group_by(tags.c.value)
        .order_by(count.desc(), tags.c.value)
        .limit(MOST)
    )
    return [AnnotationShare(value=value, count=times) for value, times in ai.execute(wanted)]


def _days(
    ai: Session, where: Sequence[ColumnElement[bool]], period: Period, of: ColumnElement[str]
) -> list[ReviewDay]:
    day = cast(func.timezone(period.zone, notes.c.created_at), Date).label("day")
    said = of.label("said")
    wanted = select(day, said, func.count()).where(*where).group_by(day, said)
    found: dict[date, dict[str, int]] = defaultdict(dict)
    for on, kind, count in ai.execute(wanted):
        found[on][kind] = count
    return [ReviewDay(day=on, by_type=found[on]) for on in sorted(found)]


def _judged(where: Sequence[ColumnElement[bool]], with_: UUID | None) -> Subquery:
    """Return each reviewer's last verdict on each message before adjudication.

    `with_` limits it to messages that one account annotated.
    """
    columns = (
        "message_id",
        "conversation_id",
        "annotation_type",
        "severity",
        "model",
        "created_at",
    )
    chosen = [*where, notes.c.round < DECIDING]
    if with_ is not None:
        own = notes.alias("own")
        chosen.append(
            notes.c.message_id.in_(select(own.c.message_id).where(own.c.admin_user_id == with_))
        )
    by = (notes.c.message_id, notes.c.admin_user_id)
    last = select(*(notes.c[name] for name in columns)).where(*chosen).ext(distinct_on(*by))
    return last.order_by(*by, notes.c.created_at.desc(), notes.c.id.desc()).subquery("judged")


def _counts(judged: Subquery, column: str, values: Sequence[str]) -> list[ColumnElement[int]]:
    return [
        cast(func.count().filter(judged.c[column] == value), Integer).label(f"of_{place}")
        for place, value in enumerate(values)
    ]


def _patterns(
    ai: Session, judged: Subquery, column: str, values: Sequence[str]
) -> dict[str, Counter[Pattern]]:
    """Return the number of messages by model and judgement pattern."""
    counts = _counts(judged, column, values)
    # Annotations of one message may have different snapshots; the message counts for one model
    known = select(judged.c.message_id, func.max(judged.c.model).label("model"), *counts).where(
        judged.c[column].is_not(None)
    )
    messages = known.group_by(judged.c.message_id).having(func.count() >= literal(2)).subquery()
    by = [messages.c.model, *(messages.c[count.name] for count in counts)]
    found: dict[str, Counter[Pattern]] = defaultdict(Counter)
    for model, *pattern, times in ai.execute(select(*by, func.count()).group_by(*by)):
        found[model][tuple(pattern)] = times
    return found


def _added(by_model: dict[str, Counter[Pattern]]) -> Counter[Pattern]:
    return sum(by_model.values(), Counter())


def _of_models(by_model: dict[str, Counter[Pattern]]) -> list[ModelAgreement]:
    """Return the agreement on each model, that on which reviewers are least of one mind first."""
    largest = sorted(by_model, key=lambda model: -by_model[model].total())[:MOST]
    found = [ModelAgreement(model=model, agreement=agreement(by_model[model])) for model in largest]
    return sorted(found, key=lambda each: (each.agreement.unanimous or 0.0, each.model))


def _disputed(ai: Session, judged: Subquery) -> list[DisputedMessage]:
    counts = _counts(judged, "annotation_type", TYPES)
    last = func.max(judged.c.created_at).label("at")
    first = (func.max(judged.c.model).label("model"), last)
    wanted = select(judged.c.message_id, judged.c.conversation_id, *first, *counts)
    kinds = func.count(distinct(judged.c.annotation_type))
    wanted = wanted.group_by(judged.c.message_id, judged.c.conversation_id).having(
        kinds >= literal(2)
    )
    rows = ai.execute(wanted.order_by(kinds.desc(), last.desc()).limit(MOST)).all()
    decided = decided_messages(ai, {row[0] for row in rows})
    return [
        DisputedMessage(
            message_id=message_id,
            conversation_id=conversation_id,
            model=model,
            said={kind: count for kind, count in zip(TYPES, pattern, strict=True) if count},
            is_decided=message_id in decided,
            at=at,
        )
        for message_id, conversation_id, model, at, *pattern in rows
    ]


def _pace(ai: Session, where: Sequence[ColumnElement[bool]], period: Period) -> ReviewPace:
    day = cast(func.timezone(period.zone, notes.c.created_at), Date)
    days, count = ai.execute(select(func.count(distinct(day)), func.count()).where(*where)).one()
    in_order = (notes.c.created_at, notes.c.id)
    before = func.lag(notes.c.created_at).over(
        partition_by=notes.c.admin_user_id, order_by=in_order
    )
    # Of all annotations: between two that a filter keeps, the reviewer wrote others
    gaps = (
        select(notes.c.id, func.extract("epoch", notes.c.created_at - before).label("seconds"))
        .where(notes.c.created_at >= period.start, notes.c.created_at < period.end)
        .subquery()
    )
    middle = (
        select(func.percentile_cont(0.5).within_group(gaps.c.seconds), func.count())
        .join_from(notes, gaps, gaps.c.id == notes.c.id)
        .where(*where, gaps.c.seconds < PAUSE_S)
    )
    median, known = ai.execute(middle).one()
    return ReviewPace(
        days=days,
        per_day=count / days if days else None,
        median_seconds=float(median) if known >= FEWEST_GAPS else None,
    )
