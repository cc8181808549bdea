"""Shares of positive feedback, with intervals: in total, by day, and by what made the answers."""

from collections import Counter, defaultdict
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, cast, func, select
from sqlalchemy.orm import Session

from core.activity import rates
from core.conversations.opinions import ConversationOpinion, rated
from core.database import settings
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.knowledge.feedback.queries.feedback_list import (
    AnswerOrigin,
    conditions,
    feedback,
    origins_of,
)
from core.knowledge.views import (
    FeedbackBefore,
    FeedbackFilter,
    FeedbackStats,
    Ratings,
    RatingsOfDay,
    RatingsOfModel,
    RatingsOfValue,
)
from core.platform import clock
from core.presentation.periods import Period, Watched, midnight
from core.statistics.rates import rate

# What made an answer is looked up in the other database, so only the newest ratings count.
MOST_LOOKED_AT, AT_ONCE, MOST_VALUES = 100_000, 10_000, 50
SAID = (ConversationOpinion.POSITIVE, ConversationOpinion.NEUTRAL, ConversationOpinion.NEGATIVE)


def feedback_stats(
    core: Session,
    ai: Session,
    filters: FeedbackFilter,
    period: Period,
    watched: Watched,
    *,
    actor: Actor,
) -> FeedbackStats:
    """Return the positive share by day and by what made the answers, and that of the previous
    period.
    """
    require(actor, Permission.READ_CONTENTS)
    where = conditions(core, filters, period, watched)
    by_origin, looked_at = _by_origin(core, ai, where)
    before = period.before(clock.now())
    # What retention has left of the previous period is no period to compare with
    sealed = settings.read(core, settings.Sealed)
    return FeedbackStats(
        **_whole(ai, where).model_dump(),
        days=_by_day(ai, where, period),
        models=[RatingsOfModel(model=name, **each) for name, each in by_origin["model"]],
        prompt_versions=[
            RatingsOfValue(value=name, **each) for name, each in by_origin["prompt_version"]
        ],
        releases=[RatingsOfValue(value=name, **each) for name, each in by_origin["release"]],
        models_of=looked_at,
        previous=_whole(ai, conditions(core, filters, before, watched)),
        is_previous_whole=sealed.has_all(before.start, feedback.name),
    )


def _ratings(counted: Counter[ConversationOpinion]) -> Ratings:
    positive, neutral, negative = (counted[each] for each in SAID)
    total = counted.total()
    bounds = rates.interval(positive, total)
    return Ratings(
        rated=total,
        positive=positive,
        neutral=neutral,
        negative=negative,
        ratio=rate(positive, total),
        low=bounds.low,
        high=bounds.high,
    )


def _counts() -> list[ColumnElement[int]]:
    columns = feedback.c
    return [
        func.count().filter(rated(each, columns.rating, columns.scale)).label(each.value)
        for each in SAID
    ]


def _whole(ai: Session, where: list[ColumnElement[bool]]) -> FeedbackBefore:
    columns = feedback.c
    comments = func.count().filter(func.coalesce(columns.comment, "") != "")
    edits = func.count().filter(func.coalesce(columns.edited_text, "") != "")
    *counted, with_comment, with_edit = ai.execute(
        select(*_counts(), comments, edits).where(*where)
    ).one()
    found = _ratings(Counter(dict(zip(SAID, counted, strict=True))))
    return FeedbackBefore(**found.model_dump(), with_comment=with_comment, with_edit=with_edit)


def _by_day(ai: Session, where: list[ColumnElement[bool]], period: Period) -> list[RatingsOfDay]:
    day = cast(func.timezone(period.zone, feedback.c.created_at), Date)
    found: dict[date, Any] = {
        row[0]: row[1:] for row in ai.execute(select(day, *_counts()).where(*where).group_by(day))
    }
    return [
        RatingsOfDay(
            at=midnight(each, period.zone),
            **_ratings(
                Counter(dict(zip(SAID, found.get(each, (0, 0, 0)), strict=True)))
            ).model_dump(),
        )
        for each in period.days
    ]


def _by_origin(
    core: Session, ai: Session, where: list[ColumnElement[bool]]
) -> tuple[dict[str, list[tuple[str, dict[str, Any]]]], int]:
    """Return the ratings of the values of each field of an answer's origin, most ratings first, and
    of how many ratings they are; origins are in the database `core`.
    """
    columns = feedback.c
    wanted = select(
        columns.message_id, columns.conversation_id, columns.rating, columns.scale
    ).where(*where)
    rows = ai.execute(
        wanted.order_by(columns.created_at.desc(), columns.id.desc()).limit(MOST_LOOKED_AT)
    ).all()
    said: Counter[tuple[AnswerOrigin, int, str]] = Counter()
    for first in range(0, len(rows), AT_ONCE):
        part = rows[first : first + AT_ONCE]
        origins = origins_of(core, [(row.message_id, row.conversation_id) for row in part])
        said.update(
            (origin, row.rating, row.scale) for row, origin in zip(part, origins, strict=True)
        )
    counted: dict[str, dict[str, Counter[ConversationOpinion]]] = {
        field: defaultdict(Counter) for field in AnswerOrigin._fields
    }
    for (origin, rating, scale), count in said.items():
        for field, value in zip(AnswerOrigin._fields, origin, strict=True):
            counted[field][value or ""][ConversationOpinion.of(rating, scale)] += count
    return {field: _most_rated(values) for field, values in counted.items()}, len(rows)


def _most_rated(
    counted: dict[str, Counter[ConversationOpinion]],
) -> list[tuple[str, dict[str, Any]]]:
    most = sorted(counted.items(), key=lambda item: (-item[1].total(), item[0]))[:MOST_VALUES]
    return [(value, _ratings(each).model_dump()) for value, each in most]
