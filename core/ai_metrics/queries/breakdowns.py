"""Errors by time, model and type."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, RowMapping, and_, cast, func, select
from sqlalchemy.orm import Session

from core.ai_metrics.answers import AiMetricsQuery, ErrorFigures, ErrorKind, ErrorPoint, Errors, Interval, ModelErrors
from core.ai_metrics.queries.conditions import matching_requests
from core.ai_metrics.queries.figures import by_model, rate, volume_measures
from core.ai_metrics.queries.rollup_sources import raw, read_sums
from core.ai_metrics.queries.series import chosen, points
from core.ai_metrics.schemas import RequestStatus
from core.cache import memo
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor

MOST_TYPES = 100


def errors(session: Session, asked: AiMetricsQuery, interval: Interval | None = None, *, actor: Actor) -> Errors:
    """Return what failed: all together, over time, by model and by type. Raises TooFine."""
    require(actor, Permission.WATCH)
    step, whole = chosen(asked.period, interval), error_figures(session, asked)
    ask = partial(error_types, session, asked)
    types = memo.briefly(("types of errors", asked), ask) if whole.error_count >= memo.MANY else ask()
    may_read = may(actor, Permission.READ_CONTENTS)
    return Errors(
        **whole.model_dump(),
        start=asked.period.start,
        end=asked.period.end,
        interval=step,
        series=error_series(session, asked, step),
        models=errors_by_model(session, asked),
        types=types if may_read else [each.model_copy(update={"message": None}) for each in types],
        previous=error_figures(session, asked.previous),
    )


def error_figures(session: Session, asked: AiMetricsQuery) -> ErrorFigures:
    """Return how many requests of a period failed."""
    return ErrorFigures(**_errors_of(read_sums(session, asked, volume_measures)[0]))


def error_series(session: Session, asked: AiMetricsQuery, step: Interval) -> list[ErrorPoint]:
    """Return how many requests of each interval failed, empty ones too."""
    found = {row["at"]: _errors_of(row) for row in read_sums(session, asked, volume_measures, step=step)}
    nothing = {"total_requests": 0, "error_count": 0, "error_rate": None}
    return [ErrorPoint(at=each, **found.get(each, nothing)) for each in points(asked.period, step, found)]


def errors_by_model(session: Session, asked: AiMetricsQuery) -> list[ModelErrors]:
    """Return how many requests of each model failed, the most errors first."""
    rows = by_model(session, asked, volume_measures)
    found = [ModelErrors(provider=row["provider"], model=row["model"], **_errors_of(row)) for row in rows]
    return sorted(found, key=lambda each: (-each.error_count, -each.total_requests, each.provider, each.model))


def error_types(session: Session, asked: AiMetricsQuery) -> list[ErrorKind]:
    """Return the types of errors, the most frequent first, from the rows that are kept."""
    failed = [*matching_requests(asked, asked.period), raw.c.status == RequestStatus.ERROR]
    # An index holds all that is counted; of the rows themselves only the last of each type is read. By model first: then no row
    # has to be put in order, and several workers may count.
    models = (
        select(
            raw.c.error_type,
            raw.c.model,
            func.count().label("requests"),
            func.max(raw.c.created_at).label("last_at"),
        )
        .where(*failed)
        .group_by(raw.c.error_type, raw.c.model)
        .subquery("models")
    )
    types = (
        select(
            models.c.error_type,
            cast(func.sum(models.c.requests), BigInteger).label("requests"),
            func.sum(func.sum(models.c.requests)).over().label("every"),
            func.count().label("models"),
            func.max(models.c.last_at).label("last_at"),
        )
        .group_by(models.c.error_type)
        .order_by(func.sum(models.c.requests).desc(), models.c.error_type)
        .limit(MOST_TYPES)
        .subquery("types")
    )
    is_last = and_(raw.c.created_at == types.c.last_at, raw.c.error_type.is_not_distinct_from(types.c.error_type))
    message = select(func.max(raw.c.error_message)).where(*failed, is_last).scalar_subquery()
    wanted = select(types, message.label("message")).order_by(types.c.requests.desc(), types.c.error_type)
    return [
        ErrorKind(share=float(row["requests"] / row["every"]), **_without(row, "every"))
        for row in session.execute(wanted).mappings()
    ]


def _errors_of(row: Mapping[str, Any]) -> dict[str, Any]:
    count, ended = row["errors"], row["requests"] - row["pending"]
    return {"total_requests": row["requests"], "error_count": count, "error_rate": rate(count, ended)}


def _without(row: RowMapping, name: str) -> dict[str, Any]:
    return {each: value for each, value in row.items() if each != name}
