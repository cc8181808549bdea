"""Filters of requests as SQL conditions, with parameters or with literal values."""

from collections.abc import Callable, Container
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Table,
    Text,
    bindparam,
    cast,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from core.ai_metrics.models import AiRequest
from core.ai_metrics.requests import LatencyRange
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery
from core.database.tables import table_of
from core.presentation.formatting import NONE, stored_value
from core.presentation.periods import Period
from core.presentation.rollup_pieces import pieces

raw = table_of(AiRequest)
ROLLUP_FILTERS = ("environment", "app", "provider", "model", "status")
LISTS = ("user_id", "conversation_id")
NAMED: dict[str, ColumnElement[str | None]] = {
    "error_type": func.nullif(raw.c.error_type, ""),
    "prompt_version": func.prompt_title(
        raw.c.prompt_name, raw.c.prompt_version, raw.c.prompt_label, type_=Text
    ),
    "experiment_arm": func.arm_title(raw.c.experiment_key, raw.c.experiment_arm, type_=Text),
}
# Columns that all rollups have, so that any of them tell their values apart
PLAIN = ("app", "model", "status")
# What requests can be broken down by: null is a request without a value
VALUES: dict[str, ColumnElement[str | None]] = NAMED | {
    name: func.nullif(raw.c[name], "") for name in ("release", *PLAIN)
}
DIMENSIONS = ("release", "prompt_version", "experiment_arm", "error_type", "tool")
Value = Callable[[str], BindParameter[Any]]


def matching_requests(query: AiMetricsQuery, period: Period) -> list[ColumnElement[bool]]:
    """Return the conditions on raw rows."""
    given = _filters(query)

    def value(name: str) -> BindParameter[Any]:
        return bindparam(name, given[name], unique=True, expanding=name in LISTS)

    return [
        raw.c.created_at >= period.start,
        raw.c.created_at < period.end,
        *_matching_requests(given, value),
    ]


def has_failed_call(tool: str | None) -> list[ColumnElement[bool]]:
    """Return the conditions that a request has a failed call: of a tool, else of any."""
    failed = "exists(@.error)" if tool is None else "exists(@.error) && @.name == $tool"
    path, names = cast(f"$[*] ? ({failed})", JSONPATH), cast({"tool": tool}, JSONB)
    found = func.jsonb_path_exists(raw.c.tool_calls, path, names, type_=Boolean)
    return [raw.c.tool_calls_count > 0, found]


def took_within(latency: LatencyRange) -> list[ColumnElement[bool]]:
    """Return the conditions that a request took so long; a pending one did not."""
    took = raw.c.total_latency_ms
    return [
        # A bar begins above the end of the one before, the first at zero
        took > latency.from_ms if latency.from_ms else took >= 0,
        took <= latency.to_ms,
        raw.c.status != RequestStatus.PENDING,
    ]


def filters_of(query: AiMetricsQuery) -> frozenset[str]:
    """Return the names of the filters that are set."""
    return frozenset(_filters(query))


def parameters(query: AiMetricsQuery, *, by_day: bool = True) -> dict[str, Any]:
    """Return a statement's parameters: filter values and the edges of the period's parts."""
    return _filters(query) | _edges(query.period, by_day=by_day)


def inside(
    at: ColumnElement[datetime], edges: tuple[str, str]
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions that a time is between two parameters."""
    return at >= bindparam(edges[0], required=True), at < bindparam(edges[1], required=True)


def matching(table: Table, filters: Container[str]) -> list[ColumnElement[bool]]:
    """Return the conditions on rows of rollups and of deltas, with parameters.

    Those of a dimension are in tables of their own (by_dimension.py).
    """
    found = _matching(table, filters, _parameter)
    for name in DIMENSIONS:
        if name in filters:
            found += [table.c.dimension == name, table.c.value == _parameter(name)]
    return found


def matching_between(filters: Container[str], edges: tuple[str, str]) -> list[ColumnElement[bool]]:
    """Return the conditions on raw rows, with parameters."""
    return [*inside(raw.c.created_at, edges), *_matching_requests(filters, _parameter)]


def _filters(query: AiMetricsQuery) -> dict[str, Any]:
    """Return the filter values by column; a `tool` matches `tool_calls` in raw rows."""
    watched = query.watched
    equal = {"provider": query.provider, "model": query.model, "status": query.status}
    given: dict[str, Any] = {name: stored_value(value) for name, value in equal.items() if value}
    more = {
        "app": watched.app,
        "release": watched.release,
        "user_id": watched.users,
        **{name: getattr(query, name) for name in NAMED},
        "conversation_id": query.conversations,
    }
    given |= {name: value for name, value in more.items() if value is not None}
    if query.tool is not None:
        given["tool"] = query.tool
        given["tool_calls"] = [{"name": query.tool}]
    for name in NAMED:
        if given.get(name) == NONE:
            given[f"no_{name}"] = given.pop(name)
    return given | {"environment": watched.environment}


def _edges(period: Period, *, by_day: bool) -> dict[str, Any]:
    """Return the edges of the period's parts; an empty part ends where it starts."""
    cut = pieces(period, by_day=by_day)
    inner = cut.unfolded[0] if cut.unfolded else Period(period.end, period.end, period.zone)
    days = cut.days[0] if cut.days else Period(inner.end, inner.end, period.zone)
    edges = {"start": period.start, "inner_start": inner.start, "days_start": days.start}
    return edges | {
        "days_end": days.end,
        "inner_end": inner.end,
        "end": period.end,
        "zone": period.zone,
    }


def _matching(table: Table, filters: Container[str], value: Value) -> list[ColumnElement[bool]]:
    """Return the conditions on columns that rollups, deltas and requests share."""
    return [table.c[name] == value(name) for name in ROLLUP_FILTERS if name in filters]


def _matching_requests(filters: Container[str], value: Value) -> list[ColumnElement[bool]]:
    columns = raw.c
    found = _matching(raw, filters, value)
    found += [columns.release == value("release")] if "release" in filters else []
    found += [named == value(name) for name, named in NAMED.items() if name in filters]
    found += [named.is_(None) for name, named in NAMED.items() if f"no_{name}" in filters]
    found += [columns[name].in_(value(name)) for name in LISTS if name in filters]
    # Most rows call none, which a number says sooner than what is called
    if "tool_calls" in filters:
        found += [columns.tool_calls_count > 0, columns.tool_calls.contains(value("tool_calls"))]
    return found


def _parameter(name: str) -> BindParameter[Any]:
    return bindparam(name, required=True, expanding=name in LISTS)
