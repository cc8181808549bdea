"""Figures of AI requests: the summary, and models side by side."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Label
from sqlalchemy.orm import Session

from core.ai_metrics.ingest.rollups import TOKENS
from core.ai_metrics.queries.rollup_coverage import is_all_there
from core.ai_metrics.queries.rollup_sources import (
    Columns,
    RollupSource,
    read_sums,
    times_of,
)
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery, AiMetricsSummary, Figures, ModelFigures, Volume
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.statistics.rates import rate

RANKS = (0.5, 0.95, 0.99)


def summary(session: Session, query: AiMetricsQuery, *, actor: Actor) -> AiMetricsSummary:
    """Return the figures of a period and of the one before."""
    require(actor, Permission.WATCH)
    found, before = figures(session, query), figures(session, query.previous)
    return AiMetricsSummary(
        **found.model_dump(),
        start=query.period.start,
        end=query.period.end,
        previous=before,
        is_previous_whole=is_all_there(session, query.previous),
    )


def figures(session: Session, query: AiMetricsQuery) -> Figures:
    """Return the figures of a period."""
    return Figures(**figures_of(read_sums(session, query, measures)[0]))


def models(session: Session, query: AiMetricsQuery, *, actor: Actor) -> list[ModelFigures]:
    """Return the figures of each model, most requests first."""
    require(actor, Permission.WATCH)
    rows = by_model(session, query, measures)
    every = sum(row["requests"] for row in rows)
    found = [
        ModelFigures(
            provider=row["provider"],
            model=row["model"],
            share=row["requests"] / every,
            **figures_of(row),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (-each.total_requests, each.provider, each.model))


def by_model(session: Session, query: AiMetricsQuery, measures: Columns) -> list[dict[str, Any]]:
    """Return measures by model; `requests` is one of them."""
    rows = read_sums(session, query, measures, by_model=True)
    # Where all requests of a model were taken out again, sums of nothing are left until they are
    # folded.
    return [row for row in rows if row["requests"]]


def measures(source: RollupSource) -> list[Label[Any]]:
    """Return the columns that figures_of() reads."""
    return [
        *volume_measures(source),
        *(
            source.timed(name).label(name)
            for name in ("latencies", "latency_ms", "first_tokens", "first_token_ms")
        ),
        source.times("latency", RANKS).label("latency"),
    ]


def volume_measures(source: RollupSource) -> list[Label[Any]]:
    """Return the columns that volume_of() reads."""
    counted: dict[str, ColumnElement[int]] = {
        "requests": source.total("requests"),
        "errors": source.total("requests", status=RequestStatus.ERROR),
        "pending": source.total("requests", status=RequestStatus.PENDING),
    }
    summed = {name: source.total(name) for name in ("unpriced", "cost_nano", *TOKENS)}
    return [column.label(name) for name, column in (counted | summed).items()]


def figures_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of Figures."""
    p50, p95, p99 = times_of(row["latency"], RANKS)
    return {
        **volume_of(row),
        "avg_latency_ms": mean(row["latency_ms"], row["latencies"]),
        "p50_latency_ms": p50,
        "p95_latency_ms": p95,
        "p99_latency_ms": p99,
        "avg_first_token_ms": mean(row["first_token_ms"], row["first_tokens"]),
    }


def volume_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of Volume."""
    return {
        "total_requests": row["requests"],
        "pending_requests": row["pending"],
        "error_count": row["errors"],
        "error_rate": rate(row["errors"], row["requests"] - row["pending"]),
        **{name: row[name] for name in TOKENS},
        "cost_usd": Decimal(row["cost_nano"]).scaleb(-9),
        "unpriced_requests": row["unpriced"],
    }


def volume(session: Session, query: AiMetricsQuery) -> Volume:
    """Return the volume of a period."""
    return Volume(**volume_of(read_sums(session, query, volume_measures)[0]))


def mean(total: int, count: int) -> int | None:
    """Return the rounded mean; None of nothing."""
    return round(total / count) if count else None
