"""Prompt versions side by side: requests, errors, latency, cost, feedback and annotations."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Label, Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from core.ai_metrics.queries.by_dimension import Row, first_at, read_by_value
from core.ai_metrics.queries.latency.percentiles import Counts, middle_of_rank
from core.ai_metrics.queries.rollup_sources import RollupSource
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery
from core.annotations.models import Annotation
from core.annotations.queries.annotation_list import is_blind, is_overruled
from core.annotations.schemas import AnnotationType
from core.cache.large_workspaces import cached_if_large
from core.conversations.models import Conversation, Message
from core.conversations.opinions import ConversationOpinion
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.insights.prompt_figures import (
    CostEstimate,
    LatencyEstimate,
    PromptVersionFigures,
    RateEstimate,
    deviation_of,
    mean_cost,
    rate_of,
)
from core.insights.queries import answer_versions
from core.insights.queries.releases import version_scores
from core.insights.queries.releases.version_scores import ScoresByVersion
from core.knowledge.models import Feedback
from core.statistics.means import ranks_around

MOST_VERSIONS = 200
MOST_RATINGS, AT_ONCE = 100_000, 10_000
VERDICTS = (AnnotationType.APPROVED, AnnotationType.CORRECTION)

feedback, notes = table_of(Feedback), table_of(Annotation)
messages, talks = table_of(Message), table_of(Conversation)
Parts = dict[str | None, Counter[bool]]  # by prompt version: how many are good, and how many not


def prompt_versions(
    core: Session, ai: Session, query: AiMetricsQuery, *, actor: Actor
) -> list[PromptVersionFigures]:
    """Return the figures of the prompt versions with the most requests."""
    require(actor, Permission.WATCH)

    def read() -> list[PromptVersionFigures]:
        rows = _requests(core, query)
        every = sum(row["requests"] for row in rows)  # of the versions left out, too
        has_quality = is_known(query)
        ratings = _ratings(core, ai, query) if has_quality else None
        verdicts = _verdicts(ai, query) if has_quality else None
        scored = version_scores.scores_by_version(core, query) if has_quality else None
        return [_figures(row, every, ratings, verdicts, scored) for row in rows[:MOST_VERSIONS]]

    return cached_if_large(core, ("prompt versions", query), read)


def is_known(query: AiMetricsQuery) -> bool:
    """Whether feedback and annotations have the columns of all filters."""
    others = (
        query.watched.release,
        query.watched.user_id,
        query.provider,
        query.model,
        query.status,
        query.conversation,
        query.error_type,
        query.tool,
        query.experiment_arm,
    )
    return all(each is None for each in others)


def _requests(core: Session, query: AiMetricsQuery) -> list[Row]:
    rows = read_by_value(core, query, measures, "prompt_version")
    rows.sort(key=lambda row: (-row["requests"], row["value"] is None, row["value"]))
    return rows


def measures(source: RollupSource) -> list[Label[Any]]:
    """Return the columns that _figures() reads."""
    counts = {
        "pending": source.total("requests", status=RequestStatus.PENDING),
        "errors": source.total("requests", status=RequestStatus.ERROR),
        "cost_squares": func.coalesce(func.sum(source.rows.c.cost_squares), 0),
        "latency": source.packed("latency"),
    }
    totals = ("requests", "unpriced", "priced", "total_tokens", "cost_nano")
    columns = {name: source.total(name) for name in totals} | counts
    return [*(column.label(name) for name, column in columns.items()), first_at(source)]


def _figures(
    row: Row,
    every: int,
    ratings: Parts | None,
    verdicts: Parts | None,
    scored: ScoresByVersion | None,
) -> PromptVersionFigures:
    latencies, version = row["latency"], row["value"]
    return PromptVersionFigures(
        prompt_version=version,
        first_at=row["first_at"],
        total_requests=row["requests"],
        pending_requests=row["pending"],
        share=row["requests"] / every,
        error_count=row["errors"],
        error_rate=rate_of(row["errors"], row["requests"] - row["pending"]),
        p50_latency_ms=percentile(latencies, 0.5),
        p95_latency_ms=percentile(latencies, 0.95),
        total_tokens=row["total_tokens"],
        cost_usd=_cost_usd(row),
        unpriced_requests=row["unpriced"],
        cost_per_request=cost_per_request(row),
        positive_feedback=_rate(ratings, version),
        approved=_rate(verdicts, version),
        scores=None if scored is None else scored.get(version, []),
    )


def cost_per_request(row: Row) -> CostEstimate:
    """Return the mean cost of the priced requests of a row of measures(), with its interval."""
    deviation = deviation_of(row["priced"], row["cost_nano"], int(row["cost_squares"]))
    return mean_cost(_cost_usd(row), deviation, row["priced"])


def _cost_usd(row: Row) -> Decimal:
    return Decimal(row["cost_nano"]).scaleb(-9)


def percentile(counts: Counts, quantile: float) -> LatencyEstimate:
    """Return a percentile of a histogram with its interval."""
    count = int(counts.sum())
    if not count:
        return LatencyEstimate(value=None, low=None, high=None, n=0)
    low, high = ranks_around(quantile, count)
    value, *bounds = (
        round(middle_of_rank(counts, rank)) if rank is not None else None
        for rank in (int(np.ceil(quantile * count)), low, high)
    )
    return LatencyEstimate(value=value, low=bounds[0], high=bounds[1], n=count)


def _rate(parts: Parts | None, version: str | None) -> RateEstimate | None:
    if parts is None:
        return None
    return rate_of(parts[version][True], parts[version].total())


def _ratings(core: Session, ai: Session, query: AiMetricsQuery) -> Parts:
    """Return how much of the period's feedback is positive, by the rated answer's version."""
    found = defaultdict[str | None, Counter[bool]](Counter)
    rows = ai.execute(newest_ratings(query)).all()
    # Ratings are in `ai`, versions in `core`: no statement can join the two
    for first in range(0, len(rows), AT_ONCE):
        part = rows[first : first + AT_ONCE]
        versions = answer_versions.versions_of(
            core, query.period, [(row[0], row[1]) for row in part]
        )
        for row, version in zip(part, versions, strict=True):
            opinion = ConversationOpinion.of(row.rating, row.scale)
            found[version][opinion is ConversationOpinion.POSITIVE] += 1
    return found


def _verdicts(ai: Session, query: AiMetricsQuery) -> Parts:
    """Return how many of the period's answers were approved, and how many corrected, each by its
    last verdict.
    """
    found = defaultdict[str | None, Counter[bool]](Counter)
    last = last_verdicts(query).subquery("verdicts")
    counted = select(last.c.prompt_version, last.c.annotation_type, func.count())
    for version, verdict, count in ai.execute(
        counted.group_by(last.c.prompt_version, last.c.annotation_type)
    ):
        found[version or None][verdict == AnnotationType.APPROVED] += count
    return found


def newest_ratings(query: AiMetricsQuery) -> Select[Any]:
    """Return the select of a period's feedback, the newest first."""
    columns = feedback.c
    return (
        select(columns.message_id, columns.conversation_id, columns.rating, columns.scale)
        .where(*_inside(query, columns, columns.created_at))
        .order_by(columns.created_at.desc(), columns.id.desc())
        .limit(MOST_RATINGS)
    )


def last_verdicts(query: AiMetricsQuery) -> Select[Any]:
    """Return the select of the last verdict on each of a period's answers."""
    columns = notes.c
    return (
        select(columns.prompt_version, columns.conversation_id, columns.annotation_type)
        .where(
            *_inside(query, columns, columns.message_at),
            columns.annotation_type.in_(VERDICTS),
            # Other reviewers must not see a verdict before their own, not even as a rate
            ~is_blind(),
            ~is_overruled(),
        )
        .order_by(columns.message_id, columns["round"].desc(), columns.created_at.desc())
        .ext(distinct_on(columns.message_id))
    )


def _inside(
    query: AiMetricsQuery,
    columns: ReadOnlyColumnCollection[str, Any],
    at: ColumnElement[Any],
) -> list[ColumnElement[bool]]:
    period, watched = query.period, query.watched
    found = [columns.environment == watched.environment, at >= period.start, at < period.end]
    return [*found, columns.app == watched.app] if watched.app is not None else found
