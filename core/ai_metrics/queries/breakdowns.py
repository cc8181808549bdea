"""Errors by time, model and type."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Subquery, cast, func, select
from sqlalchemy.orm import Session

from core.ai_metrics.answers import (
    AiMetricsQuery,
    ErrorFigures,
    ErrorKind,
    ErrorPoint,
    Errors,
    FailedRequest,
    Interval,
    ModelErrors,
)
from core.ai_metrics.queries.conditions import matching_requests
from core.ai_metrics.queries.figures import by_model, rate, volume_measures
from core.ai_metrics.queries.rollup_sources import raw, read_sums
from core.ai_metrics.queries.series import chosen, points
from core.ai_metrics.schemas import RequestStatus
from core.cache.large_workspaces import cached_if_large
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.presentation import shortened

MOST_TYPES = 100
SHOWN, NEWEST = 3, 500  # samples of each type, and errors that are looked through for them


def errors(
    session: Session, asked: AiMetricsQuery, interval: Interval | None = None, *, actor: Actor
) -> Errors:
    """Return errors in total, over time, by model and by type; raise TooFine."""
    require(actor, Permission.WATCH)
    step, whole = chosen(asked.period, interval), error_figures(session, asked)
    types = cached_if_large(
        session, ("types of errors", asked), partial(error_types, session, asked)
    )
    may_read = may(actor, Permission.READ_CONTENTS)
    return Errors(
        **whole.model_dump(),
        start=asked.period.start,
        end=asked.period.end,
        interval=step,
        series=error_series(session, asked, step),
        models=errors_by_model(session, asked),
        types=types if may_read else [_without_messages(each) for each in types],
        previous=error_figures(session, asked.previous),
    )


def error_figures(session: Session, asked: AiMetricsQuery) -> ErrorFigures:
    """Return how many requests of a period failed."""
    return ErrorFigures(**_errors_of(read_sums(session, asked, volume_measures)[0]))


def error_series(session: Session, asked: AiMetricsQuery, step: Interval) -> list[ErrorPoint]:
    """Return how many requests of each interval failed, empty ones too."""
    found = {
        row["at"]: _errors_of(row) for row in read_sums(session, asked, volume_measures, step=step)
    }
    nothing = {"total_requests": 0, "error_count": 0, "error_rate": None}
    return [
        ErrorPoint(at=each, **found.get(each, nothing))
        for each in points(asked.period, step, found)
    ]


def errors_by_model(session: Session, asked: AiMetricsQuery) -> list[ModelErrors]:
    """Return how many requests of each model failed, the most errors first."""
    rows = by_model(session, asked, volume_measures)
    found = [
        ModelErrors(provider=row["provider"], model=row["model"], **_errors_of(row)) for row in rows
    ]
    return sorted(
        found, key=lambda each: (-each.error_count, -each.total_requests, each.provider, each.model)
    )


def error_types(session: Session, asked: AiMetricsQuery) -> list[ErrorKind]:
    """Return the types of errors, the most frequent first, from the rows that are kept."""
    failed = [*matching_requests(asked, asked.period), raw.c.status == RequestStatus.ERROR]
    # An index holds all that is counted; of the rows themselves only the last of each type is read.
    # By model first: then no row has to be put in order, and several workers may count.
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
    )
    rows = session.execute(types).mappings().all()
    last = (raw.c.error_type, raw.c.created_at)
    said = select(*last, func.max(raw.c.error_message)).where(
        *failed, raw.c.created_at.in_([row["last_at"] for row in rows])
    )
    found = samples(session, failed, {row["error_type"]: row["requests"] for row in rows})
    messages = {(name, at): message for name, at, message in session.execute(said.group_by(*last))}
    return [
        ErrorKind(
            share=float(row["requests"] / row["every"]),
            message=messages.get((row["error_type"], row["last_at"])),
            samples=found.get(row["error_type"], []),
            **{name: row[name] for name in ("error_type", "requests", "models", "last_at")},
        )
        for row in rows
    ]


def samples(
    session: Session, failed: Sequence[ColumnElement[bool]], counts: Mapping[str | None, int]
) -> dict[str | None, list[FailedRequest]]:
    """Return the latest requests of each type of error: found among the newest of all types, else
    by type.
    """
    newest = (raw.c.created_at.desc(), raw.c.id)
    columns = [raw.c[name] for name in (*FailedRequest.model_fields, "error_type") if name in raw.c]
    requests = select(*columns).where(*failed)
    found = _by_type(session, requests.order_by(*newest).limit(NEWEST).subquery("newest"))
    rare = [name for name, count in counts.items() if len(found.get(name, ())) < min(count, SHOWN)]
    if rare:
        number = func.row_number().over(partition_by=raw.c.error_type, order_by=newest)
        is_rare = func.coalesce(raw.c.error_type, "").in_([name or "" for name in rare])
        numbered = requests.add_columns(number.label("number")).where(is_rare).subquery("numbered")
        latest = select(numbered).where(numbered.c.number <= SHOWN)
        found |= _by_type(session, latest.subquery("latest"))
    return found


def _by_type(session: Session, requests: Subquery) -> dict[str | None, list[FailedRequest]]:
    columns = [column for column in requests.c if column.key != "error_message"]
    message = shortened.text(requests.c.error_message).label("error_message")
    rows = select(*columns, message).order_by(requests.c.created_at.desc(), requests.c.id)
    found: dict[str | None, list[FailedRequest]] = {}
    for row in session.execute(rows).mappings():
        of_type = found.setdefault(row["error_type"], [])
        if len(of_type) < SHOWN:
            of_type.append(FailedRequest.model_validate(dict(row)))
    return found


def _without_messages(kind: ErrorKind) -> ErrorKind:
    hidden = [each.model_copy(update={"error_message": None}) for each in kind.samples]
    return kind.model_copy(update={"message": None, "samples": hidden})


def _errors_of(row: Mapping[str, Any]) -> dict[str, Any]:
    count, ended = row["errors"], row["requests"] - row["pending"]
    return {
        "total_requests": row["requests"],
        "error_count": count,
        "error_rate": rate(count, ended),
    }
