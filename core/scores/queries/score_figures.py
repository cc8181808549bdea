"""Figures of scores by name: means and label shares with intervals, by day, and as before."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, Date, cast, func, literal, select, tuple_
from sqlalchemy.orm import Session

from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation.periods import Period, Watched, midnight
from core.scores.models import MessageScore
from core.scores.queries.conditions import conditions
from core.scores.views import (
    LabelShare,
    MeanScore,
    ScoreFigures,
    ScoreFilter,
    ScoresOfDay,
    ScoreStats,
)
from core.statistics.means import GroupedSample, interval_of_grouped_mean
from core.statistics.rates import wilson

MOST_NAMES, MOST_LABELS, FEWEST = 30, 8, 10
MOST_COUNTS = 20_000  # of labels by day: labels may be any text
scores = table_of(MessageScore)
NONE = MeanScore(scores=0, values=0, mean=None, low=None, high=None)

Where = list[ColumnElement[bool]]
LabelCounts = Mapping[str, Mapping[date, int]]  # by label and day
DayKey = tuple[str, date | None]  # a name, and a day or the whole period


class ValueRange(NamedTuple):
    """The lowest and the highest value of a name, and how many labels it has."""

    lowest: float | None
    highest: float | None
    labels: int


def score_stats(
    session: Session, filters: ScoreFilter, period: Period, watched: Watched, *, actor: Actor
) -> ScoreStats:
    """Return the figures of each name in a period."""
    require(actor, Permission.WATCH)
    where = conditions(filters, period, watched)
    names, more = _names(session, where)
    where.append(scores.c.name.in_(names))
    day = cast(func.timezone(period.zone, scores.c.created_at), Date)
    means = _means(session, where, day)
    labels = _labels(session, where, day)
    edges = _edges(session, where)
    before = _means(
        session,
        [*conditions(filters, period.before(clock.now()), watched), scores.c.name.in_(names)],
    )
    figures = [
        ScoreFigures(
            **means[name, None].model_dump(),
            name=name,
            lowest=edges[name].lowest,
            highest=edges[name].highest,
            labels=_shares(labels.get(name, {}), edges[name].labels),
            days=_days(name, means, labels.get(name, {}), period),
            previous=before.get((name, None), NONE),
        )
        for name in names
    ]
    return ScoreStats(names=figures, more_names=more)


def _names(session: Session, where: Where) -> tuple[list[str], int]:
    by_count = (
        select(scores.c.name)
        .where(*where)
        .group_by(scores.c.name)
        .order_by(func.count().desc(), scores.c.name)
    )
    names = list(session.scalars(by_count))
    return names[:MOST_NAMES], len(names[MOST_NAMES:])


def _means(
    session: Session, where: Where, day: ColumnElement[date] | None = None
) -> dict[DayKey, MeanScore]:
    """Return the mean of each name in total, and by day if there is one.

    The interval takes a conversation as one draw (interval_of_grouped_mean).
    """
    row, at = scores.c, literal(None, Date) if day is None else day
    subject = func.coalesce(row.conversation_id, row.subject_id)
    whole = tuple_(row.name, subject)
    groups = (whole,) if day is None else (whole, tuple_(row.name, subject, day))
    drawn = (
        select(
            row.name,
            at.label("day"),
            func.count().label("scores"),
            func.count(row.value).label("size"),
            func.coalesce(func.sum(row.value), 0.0).label("total"),
        )
        .where(*where)
        .group_by(func.grouping_sets(*groups))
        .subquery("drawn")
    )
    columns = drawn.c
    sums = select(
        columns.name,
        columns.day,
        func.sum(columns.scores),
        func.sum(columns.size),
        func.sum(columns.total),
        func.count().filter(columns.size > 0),
        func.sum(columns.total * columns.total),
        func.sum(columns.total * columns.size),
        func.sum(columns.size * columns.size),
    ).group_by(columns.name, columns.day)
    return {
        (name, of_day): _mean(int(count), int(size), total, GroupedSample(*map(float, draws)))
        for name, of_day, count, size, total, *draws in session.execute(sums)
    }


def _mean(count: int, size: int, total: float, draws: GroupedSample) -> MeanScore:
    mean = total / size if size else None
    low, high = None, None
    if mean is not None and draws.groups >= FEWEST:
        low, high = interval_of_grouped_mean(mean, size, draws)
    return MeanScore(scores=count, values=size, mean=mean, low=low, high=high)


def _labels(session: Session, where: Where, day: ColumnElement[date]) -> Mapping[str, LabelCounts]:
    """Return the counts of labels by name, label and day."""
    wanted = (
        select(scores.c.name, scores.c.label, day, func.count())
        .where(*where, scores.c.label.is_not(None))
        .group_by(scores.c.name, scores.c.label, day)
        .order_by(func.count().desc(), scores.c.label, day)
        .limit(MOST_COUNTS)
    )
    found: dict[str, dict[str, dict[date, int]]] = defaultdict(lambda: defaultdict(dict))
    for name, label, at, count in session.execute(wanted):
        found[name][label][at] = count
    return found


def _edges(session: Session, where: Where) -> dict[str, ValueRange]:
    columns = scores.c
    wanted = select(
        columns.name, func.min(columns.value), func.max(columns.value), func.count(columns.label)
    )
    rows = session.execute(wanted.where(*where).group_by(columns.name))
    return {name: ValueRange(*edges) for name, *edges in rows}


def _shares(labels: LabelCounts, whole: int) -> list[LabelShare]:
    """Return the most frequent labels with their shares of all labels."""
    counts = {label: sum(days.values()) for label, days in labels.items()}
    return [_share(label, counts[label], whole) for label in _most_frequent(labels)]


def _most_frequent(labels: LabelCounts) -> list[str]:
    return sorted(labels, key=lambda label: (-sum(labels[label].values()), label))[:MOST_LABELS]


def _share(label: str, count: int, whole: int) -> LabelShare:
    low, high = wilson(count, whole) if whole >= FEWEST else (None, None)
    return LabelShare(label=label, scores=count, share=count / whole, low=low, high=high)


def _days(
    name: str, means: Mapping[DayKey, MeanScore], labels: LabelCounts, period: Period
) -> list[ScoresOfDay]:
    shown, now = _most_frequent(labels), clock.now()
    return [
        ScoresOfDay(
            **means.get((name, day), NONE).model_dump(),
            at=midnight(day, period.zone),
            labels={label: labels[label].get(day, 0) for label in shown},
        )
        for day in period.days
        if midnight(day, period.zone) <= now
    ]
