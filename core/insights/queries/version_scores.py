"""Scores by the prompt version of what they are about."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import stats
from core.ai_metrics.answers import AiMetricsQuery
from core.database.tables import table_of
from core.insights.prompt_figures import FEWEST, ScoreOfVersion
from core.insights.queries.answer_versions import versions_of, versions_of_requests
from core.scores.answers import ScoreFilter
from core.scores.models import MessageScore
from core.scores.queries.conditions import conditions
from core.scores.schemas import ScoreSubject

MOST_SCORES, AT_ONCE = 100_000, 10_000
ScoresByVersion = dict[str | None, list[ScoreOfVersion]]
scores = table_of(MessageScore)


@dataclass
class ScoreSums:
    """Scores of one name and version: values by conversation, and labels."""

    values: dict[UUID, list[float]] = field(default_factory=lambda: defaultdict(list))
    labels: Counter[str] = field(default_factory=Counter)


def scores_by_version(core: Session, asked: AiMetricsQuery) -> ScoresByVersion:
    """Return each name's figure by prompt version, of the newest scores of a period."""
    columns = scores.c
    newest = (
        select(scores)
        .where(*conditions(ScoreFilter(), asked.period, asked.watched))
        .order_by(columns.created_at.desc(), columns.id)
        .limit(MOST_SCORES)
    )
    rows = core.execute(newest).all()
    sums = defaultdict[tuple[str | None, str], ScoreSums](ScoreSums)
    for first in range(0, len(rows), AT_ONCE):
        part = rows[first : first + AT_ONCE]
        ids = [row.subject_id for row in part if row.subject_kind == ScoreSubject.AI_REQUEST]
        requests = versions_of_requests(core, asked.period, ids)
        subjects = [
            (
                row.subject_id if row.subject_kind == ScoreSubject.MESSAGE else None,
                row.conversation_id,
            )
            for row in part
        ]
        versions = versions_of(core, asked.period, subjects)
        for row, version in zip(part, versions, strict=True):
            of_name = sums[requests.get(row.subject_id) or version, row.name]
            if row.value is not None:
                of_name.values[row.conversation_id or row.subject_id].append(row.value)
            elif row.label is not None:
                of_name.labels[row.label] += 1
    return _figures(sums)


def _figures(sums: dict[tuple[str | None, str], ScoreSums]) -> ScoresByVersion:
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for (_, name), each in sums.items():
        labels[name] += each.labels
    valued = {name for (_, name), each in sums.items() if each.values}
    found: ScoresByVersion = defaultdict(list)
    for (version, name), each in sorted(sums.items(), key=lambda item: item[0][1]):
        if each.values:
            found[version].append(_mean(name, list(each.values.values())))
        elif name not in valued and each.labels:
            found[version].append(_share(name, labels[name].most_common(1)[0][0], each.labels))
    return dict(found)


def _mean(name: str, groups: list[list[float]]) -> ScoreOfVersion:
    sums = [(sum(values), len(values)) for values in groups]
    size = sum(count for _, count in sums)
    mean = sum(total for total, _ in sums) / size
    low, high = None, None
    if len(sums) >= FEWEST:
        squares, products, sizes = (
            float(sum(part)) for part in zip(*((t * t, t * n, n * n) for t, n in sums), strict=True)
        )
        low, high = stats.mean_interval(
            mean, size, stats.Draws(float(len(sums)), squares, products, sizes)
        )
    return ScoreOfVersion(name=name, label=None, value=mean, low=low, high=high, n=size)


def _share(name: str, label: str, labels: Counter[str]) -> ScoreOfVersion:
    whole = labels.total()
    low, high = stats.wilson(labels[label], whole) if whole >= FEWEST else (None, None)
    share = labels[label] / whole
    return ScoreOfVersion(name=name, label=label, value=share, low=low, high=high, n=whole)
