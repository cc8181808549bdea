"""Scores by the prompt version of what they are about."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Float, Subquery, case, cast, func, select
from sqlalchemy.orm import Session

from core.ai_metrics.views import AiMetricsQuery
from core.conversations.models import Conversation, Message
from core.database.tables import table_of
from core.insights.prompt_figures import FEWEST, ScoreOfVersion
from core.scores.models import MessageScore
from core.scores.queries.conditions import PROMPT_OF_MESSAGE, conditions
from core.scores.schemas import ScoreSubject
from core.scores.views import ScoreFilter
from core.statistics.means import GroupedSample, interval_of_grouped_mean
from core.statistics.rates import wilson

MOST_SCORES = 100_000
READ = (
    *("name", "value", "label"),
    *("subject_kind", "subject_id", "conversation_id", "request_versions", "release"),
)
ScoresByVersion = dict[str | None, list[ScoreOfVersion]]
Sums = Sequence[tuple[Any, ...]]
Figure = tuple[str | None, ScoreOfVersion]  # of a version
scores, messages, talks = table_of(MessageScore), table_of(Message), table_of(Conversation)


def scores_by_version(core: Session, query: AiMetricsQuery) -> ScoresByVersion:
    """Return each name's figure by prompt version, of the newest scores of a period: the mean of
    its values, or the share of its most frequent label.
    """
    return _figures(core, _scored(query))


def scores_by_release(core: Session, query: AiMetricsQuery) -> ScoresByVersion:
    """Return the same by the release that a score names, or its conversation."""
    newest = _newest(query)
    row = newest.c
    release = func.coalesce(func.nullif(row.release, ""), func.nullif(talks.c.release, ""))
    subject = func.coalesce(row.conversation_id, row.subject_id)
    scored = select(
        row.name, row.value, row.label, subject.label("subject"), release.label("version")
    ).outerjoin(talks, talks.c.id == row.conversation_id)
    return _figures(core, scored.subquery("scored"))


def _figures(core: Session, scored: Subquery) -> ScoresByVersion:
    sums = _sums(core, scored)
    means = list(_means(sums))
    valued = {figure.name for _, figure in means}
    shares = [share for share in _shares(sums) if share[1].name not in valued]
    found: ScoresByVersion = defaultdict(list)
    for version, figure in sorted([*means, *shares], key=lambda row: row[1].name):
        found[version].append(figure)
    return dict(found)


def _scored(query: AiMetricsQuery) -> Subquery:
    """Return the newest scores with the version that a message names, or its requests, or its
    conversation if that used only one.
    """
    row, named = _newest(query).c, talks.c.prompt_versions
    is_said = (row.subject_kind == ScoreSubject.MESSAGE) & (messages.c.id == row.subject_id)
    alone = case((func.cardinality(named) == 1, named[1]))
    version = func.coalesce(PROMPT_OF_MESSAGE, row.request_versions[1], alone)
    subject = func.coalesce(row.conversation_id, row.subject_id)
    return (
        select(row.name, row.value, row.label, subject.label("subject"), version.label("version"))
        .outerjoin(messages, is_said)
        .outerjoin(talks, talks.c.id == row.conversation_id)
        .subquery("scored")
    )


def _newest(query: AiMetricsQuery) -> Subquery:
    columns = scores.c
    return (
        select(*(columns[name] for name in READ))
        .where(*conditions(ScoreFilter(), query.period, query.watched))
        # By time alone: also by ID, sorting was a fifth of the statement
        .order_by(columns.created_at.desc())
        .limit(MOST_SCORES)
        .subquery("newest")
    )


def _sums(session: Session, scored: Subquery) -> Sums:
    """Return the sums of each name's values by version, and the counts of labels where it has none.

    The sums take a conversation as one draw.
    """
    row = scored.c
    label = case((row.value.is_(None), row.label))
    # Scores of one conversation are alike: as draws of their own they would narrow the interval
    draws = (
        select(
            *(row.version, row.name, label.label("label")),
            *(func.count().label("size"), func.sum(row.value).label("total")),
        )
        .where(row.value.is_not(None) | row.label.is_not(None))
        .group_by(row.version, row.name, label, row.subject)
        .subquery("draws")
    )
    own = draws.c.version, draws.c.name, draws.c.label
    size, total = cast(draws.c["size"], Float), draws.c.total
    sums = (func.sum(each) for each in (total * total, total * size, size * size))
    by_name = select(*own, func.sum(total), func.sum(size), func.count(), *sums)
    rows = session.execute(by_name.group_by(*own).order_by(draws.c.label))
    return [tuple(row) for row in rows]


def _means(sums: Sums) -> Iterator[Figure]:
    """Yield the means of names with values."""
    for version, name, label, whole, count, groups, *squares in sums:
        if label is not None:
            continue
        mean, low, high = whole / count, None, None
        if groups >= FEWEST:
            spread = GroupedSample(float(groups), *squares)
            low, high = interval_of_grouped_mean(mean, int(count), spread)
        figure = ScoreOfVersion(name=name, label=None, value=mean, low=low, high=high, n=int(count))
        yield version, figure


def _shares(sums: Sums) -> Iterator[Figure]:
    """Yield the shares of the most frequent label of each name that has no value."""
    labels, whole = defaultdict[str, Counter[str]](Counter), Counter[tuple[str | None, str]]()
    counts = Counter[tuple[str | None, str, str]]()
    for version, name, label, _, count, *_ in sums:
        if label is not None:
            labels[name][label] += int(count)
            whole[version, name] += int(count)
            counts[version, name, label] += int(count)
    for (version, name), n in whole.items():
        label = labels[name].most_common(1)[0][0]
        part = counts[version, name, label]
        low, high = wilson(part, n) if n >= FEWEST else (None, None)
        yield (
            version,
            ScoreOfVersion(name=name, label=label, value=part / n, low=low, high=high, n=n),
        )
