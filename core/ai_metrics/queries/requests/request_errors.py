"""Errors of AI requests: in total, over time, by model and by type."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Subquery, cast, func, select
from sqlalchemy.orm import Session

from core.ai_metrics.queries.by_dimension import counted, find_by_value
from core.ai_metrics.queries.conditions import NAMED, matching_requests
from core.ai_metrics.queries.figures import by_model, volume_measures
from core.ai_metrics.queries.intervals import chosen, points
from core.ai_metrics.queries.rollup_coverage import is_all_there
from core.ai_metrics.queries.rollup_sources import raw, read_sums
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import (
    AiMetricsQuery,
    ErrorFigures,
    ErrorKind,
    ErrorPoint,
    Errors,
    FailedRequest,
    Interval,
    ModelErrors,
)
from core.cache.large_workspaces import cached_if_large
from core.database import shortened
from core.database.settings import Sealed, read
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.statistics.rates import rate

MOST_TYPES = 100
SHOWN, NEWEST = 3, 500  # samples of each type, and errors that are looked through for them


@dataclass(frozen=True)
class TypeCounts:
    """How many requests failed with a type of error, and of how many models."""

    error_type: str | None
    requests: int
    models: int


def errors(
    session: Session, query: AiMetricsQuery, interval: Interval | None = None, *, actor: Actor
) -> Errors:
    """Return errors in total, over time, by model and by type; raise TooFine."""
    require(actor, Permission.WATCH)
    step, whole = chosen(query.period, interval), error_figures(session, query)
    types = cached_if_large(
        session, ("types of errors", query), partial(error_types, session, query)
    )
    may_read = may(actor, Permission.READ_CONTENTS)
    return Errors(
        **whole.model_dump(),
        start=query.period.start,
        end=query.period.end,
        interval=step,
        series=error_series(session, query, step),
        models=errors_by_model(session, query),
        types=types if may_read else [_without_messages(each) for each in types],
        previous=error_figures(session, query.previous),
        is_previous_whole=is_all_there(session, query.previous),
    )


def error_figures(session: Session, query: AiMetricsQuery) -> ErrorFigures:
    """Return how many requests of a period failed."""
    return ErrorFigures(**_errors_of(read_sums(session, query, volume_measures)[0]))


def error_series(session: Session, query: AiMetricsQuery, step: Interval) -> list[ErrorPoint]:
    """Return how many requests of each interval failed, empty ones too."""
    found = {
        row["at"]: _errors_of(row) for row in read_sums(session, query, volume_measures, step=step)
    }
    nothing = {"total_requests": 0, "error_count": 0, "error_rate": None}
    return [
        ErrorPoint(at=each, **found.get(each, nothing))
        for each in points(query.period, step, found)
    ]


def errors_by_model(session: Session, query: AiMetricsQuery) -> list[ModelErrors]:
    """Return how many requests of each model failed, the most errors first."""
    rows = by_model(session, query, volume_measures)
    found = [
        ModelErrors(provider=row["provider"], model=row["model"], **_errors_of(row)) for row in rows
    ]
    return sorted(
        found, key=lambda each: (-each.error_count, -each.total_requests, each.provider, each.model)
    )


def error_types(session: Session, query: AiMetricsQuery) -> list[ErrorKind]:
    """Return the types of errors, the most frequent first, from the rows that are kept."""
    failed = [*matching_requests(query, query.period), raw.c.status == RequestStatus.ERROR]
    types = _rolled_up_types(session, query)
    if types is None:
        types = _types_of_rows(session, failed)
    every, types = sum(each.requests for each in types), types[:MOST_TYPES]
    found = samples(session, failed, {each.error_type: each.requests for each in types})
    last_at = {name: requests[0].created_at for name, requests in found.items()}
    last = (raw.c.error_type, raw.c.created_at)
    said = select(*last, func.max(raw.c.error_message)).where(
        *failed, raw.c.created_at.in_(last_at.values())
    )
    messages = {
        (name or None, at): message for name, at, message in session.execute(said.group_by(*last))
    }
    return [
        ErrorKind(
            error_type=each.error_type,
            requests=each.requests,
            share=each.requests / every,
            models=each.models,
            last_at=last_at[each.error_type],
            message=messages.get((each.error_type, last_at[each.error_type])),
            samples=found[each.error_type],
        )
        for each in types
        if each.error_type in found
    ]


def _rolled_up_types(session: Session, query: AiMetricsQuery) -> list[TypeCounts] | None:
    """Return the types of errors from rollups, the most frequent first; None where these do not
    have all types, or more than there are rows of.
    """
    if query.status is RequestStatus.PENDING or query.status is RequestStatus.OK:
        return []
    # Rollups outlive the rows: errors would be counted of which no sample is left
    if not read(session, Sealed).has_all(query.period.start, raw.name):
        return None
    failed = replace(query, status=RequestStatus.ERROR)
    rows = find_by_value(session, failed, counted, "error_type", by_model=True)
    if rows is None:
        return None
    counts, models = Counter[str | None](), defaultdict[str | None, set[str]](set)
    for row in rows:
        counts[row["value"]] += row["requests"]
        models[row["value"]].add(row["model"])
    found = [TypeCounts(name, count, len(models[name])) for name, count in counts.items()]
    return sorted(
        found, key=lambda each: (-each.requests, each.error_type is None, each.error_type)
    )


def _types_of_rows(session: Session, failed: Sequence[ColumnElement[bool]]) -> list[TypeCounts]:
    """Return the types of errors from raw rows, the most frequent first."""
    # An index holds all that is counted. By model first: then no row has to be put in order, and
    # several workers may count.
    error_type = NAMED["error_type"].label("error_type")
    models = (
        select(error_type, raw.c.model, func.count().label("requests"))
        .where(*failed)
        .group_by(error_type, raw.c.model)
        .subquery("models")
    )
    requests = cast(func.sum(models.c.requests), BigInteger)
    types = (
        select(models.c.error_type, requests, func.count())
        .group_by(models.c.error_type)
        .order_by(requests.desc(), models.c.error_type)
    )
    return [TypeCounts(*row) for row in session.execute(types)]


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
        places = _latest_of_each(session, failed, rare)
        ids, times = zip(*places, strict=True) if places else ((), ())
        latest = requests.where(raw.c.id.in_(ids), raw.c.created_at.in_(times))
        found |= _by_type(session, latest.subquery("latest"))
    return found


def _latest_of_each(
    session: Session, failed: Sequence[ColumnElement[bool]], types: Sequence[str | None]
) -> list[tuple[UUID, datetime]]:
    """Return the latest requests of some types of error: of these the index holds all."""
    newest = (raw.c.created_at.desc(), raw.c.id)
    number = func.row_number().over(partition_by=NAMED["error_type"], order_by=newest)
    is_wanted = func.coalesce(raw.c.error_type, "").in_([name or "" for name in types])
    numbered = select(raw.c.id, raw.c.created_at, number.label("number")).where(*failed, is_wanted)
    each = numbered.subquery("numbered").c
    rows = session.execute(select(each.id, each.created_at).where(each.number <= SHOWN))
    return [(key, at) for key, at in rows]


def _by_type(session: Session, requests: Subquery) -> dict[str | None, list[FailedRequest]]:
    columns = [column for column in requests.c if column.key != "error_message"]
    message = shortened.text(requests.c.error_message).label("error_message")
    rows = select(*columns, message).order_by(requests.c.created_at.desc(), requests.c.id)
    found: dict[str | None, list[FailedRequest]] = {}
    for row in session.execute(rows).mappings():
        of_type = found.setdefault(row["error_type"] or None, [])
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
