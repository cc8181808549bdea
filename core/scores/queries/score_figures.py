"""Figures of scores by name: means and label shares with intervals, by day, and as before."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Date,
    Label,
    Subquery,
    cast,
    func,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from core.database import settings
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

MOST_NAMES, FEWEST = 30, 10
MOST_LABELS = 6  # as many as the palette has colours
MOST_COUNTS = 20_000  # of labels by day: labels may be any text
SEVERAL = date.min  # instead of the day of a conversation that has scores on several
scores = table_of(MessageScore)
SUBJECT = func.coalesce(scores.c.conversation_id, scores.c.subject_id)
NONE = MeanScore(scores=0, values=0, mean=None, low=None, high=None)

Where = list[ColumnElement[bool]]
LabelCounts = Mapping[str, Mapping[date, int]]  # by label and day
DayKey = tuple[str, date | None]  # a name, and a day or the whole period


class NameCounts(NamedTuple):
    """The scores of a name, its lowest and highest value, and how many labels it has."""

    scores: int
    lowest: float | None
    highest: float | None
    labels: int


def score_stats(
    session: Session, filters: ScoreFilter, period: Period, watched: Watched, *, actor: Actor
) -> ScoreStats:
    """Return the figures of each name in a period."""
    require(actor, Permission.WATCH)
    where = conditions(filters, period, watched)
    every = _names(session, where)
    names = dict(islice(every.items(), MOST_NAMES))
    # Senders may use thousands of names: what follows reads only those that are shown
    where.append(scores.c.name.in_(names))
    means = _means(session, where, period.zone)
    labels = _labels(session, where, _day_of(scores.c.created_at, period.zone))
    previous = _before(session, filters, period.before(clock.now()), watched, names)
    figures = [
        ScoreFigures(
            **means[name, None].model_dump(),
            name=name,
            lowest=counts.lowest,
            highest=counts.highest,
            labels=_shares(labels.get(name, {}), counts.labels),
            days=_days(name, means, labels.get(name, {}), period),
            previous=previous.get(name, NONE),
        )
        for name, counts in names.items()
    ]
    return ScoreStats(names=figures, more_names=len(every) - len(names))


def _before(
    session: Session,
    filters: ScoreFilter,
    before: Period,
    watched: Watched,
    names: Collection[str],
) -> dict[str, MeanScore]:
    """Return the mean of each name; none of what retention has partly removed
    (docs/decisions/0018).
    """
    if not settings.read(session, settings.Sealed).has_all(before.start, scores.name):
        return {}
    where = [*conditions(filters, before, watched), scores.c.name.in_(names)]
    return {name: _mean([sums]) for name, *sums in _sums(session, _drawn(where))}


def _names(session: Session, where: Where) -> dict[str, NameCounts]:
    """Return the names, those with the most scores first."""
    row, count = scores.c, func.count()
    counts = count, func.min(row.value), func.max(row.value), func.count(row.label)
    wanted = select(row.name, *counts).where(*where).group_by(row.name)
    rows = session.execute(wanted.order_by(count.desc(), row.name))
    return {name: NameCounts(*counted) for name, *counted in rows}


def _day_of(at: ColumnElement[datetime], zone: str) -> ColumnElement[date]:
    return cast(func.timezone(zone, at), Date)


def _means(session: Session, where: Where, zone: str) -> dict[DayKey, MeanScore]:
    """Return the mean of each name in total and by day.

    The interval takes a conversation as one draw (interval_of_grouped_mean). Most have all their
    scores on one day, so that one draw is of the day and of the period; the others are read again.
    """
    found: dict[DayKey, list[list[Any]]] = defaultdict(list)
    drawn = _drawn(where)
    first, last = (_day_of(drawn.c[at], zone) for at in ("first_at", "last_at"))
    for name, day, last_day, *sums in _sums(session, drawn, first, last):
        found[name, None].append(sums)
        found[name, day if day == last_day else SEVERAL].append(sums)
    if any(day is SEVERAL for _, day in found):
        several = select(drawn.c.name, drawn.c.subject).where(first != last)
        in_several = tuple_(scores.c.name, SUBJECT).in_(several)
        of_days = _drawn([*where, in_several], _day_of(scores.c.created_at, zone).label("day"))
        for name, day, *sums in _sums(session, of_days, of_days.c.day):
            found[name, day].append(sums)
    return {key: _mean(parts) for key, parts in found.items() if key[1] is not SEVERAL}


def _drawn(where: Where, *days: Label[date]) -> Subquery:
    """Return the select of the scores of each conversation, or of each of its days."""
    row = scores.c
    return (
        select(
            row.name,
            SUBJECT.label("subject"),
            *days,
            func.min(row.created_at).label("first_at"),
            func.max(row.created_at).label("last_at"),
            func.count().label("scores"),
            func.count(row.value).label("size"),
            func.coalesce(func.sum(row.value), 0.0).label("total"),
        )
        .where(*where)
        .group_by(row.name, SUBJECT, *(day.element for day in days))
        .subquery("drawn")
    )


def _sums(session: Session, drawn: Subquery, *days: ColumnElement[date]) -> list[tuple[Any, ...]]:
    """Return each name, the days, scores, values, their total, and what GroupedSample has."""
    row = drawn.c
    sums = select(
        row.name,
        *days,
        func.sum(row.scores),
        func.sum(row.size),
        func.sum(row.total),
        func.count().filter(row.size > 0),
        func.sum(row.total * row.total),
        func.sum(row.total * row.size),
        func.sum(row.size * row.size),
    )
    return [tuple(row) for row in session.execute(sums.group_by(row.name, *days))]


def _mean(parts: Sequence[Sequence[Any]]) -> MeanScore:
    """Return the mean of what several sums have together."""
    count, size, total, *sums = map(sum, zip(*parts, strict=True))
    count, size, draws = int(count), int(size), GroupedSample(*map(float, sums))
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
