"""What requests add to the half hours of rollups, in total and by dimension."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Numeric,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
    true,
)

from core.ai_metrics.ingest import rollups
from core.ai_metrics.models import HISTOGRAM
from core.database.rollups import Fold, half_hour_of

FRESH = "fresh_requests"  # what was stored of a batch, as statements name it
# What request_dimensions() takes, in its order.
NAMING = (
    "release",
    "prompt_name",
    "prompt_version",
    "prompt_label",
    "experiment_key",
    "experiment_arm",
    "error_type",
    "tool_calls",
)
# Longer times count as 24 hours, which is the highest bucket of histograms
LONGEST_MS, NANO, ZERO = (literal_column(each, Integer) for each in ("86400000", "1000000000", "0"))
PENDING, OK, NO_RELEASE = (literal_column(each, Text) for each in ("'pending'", "'ok'", "''"))
ADDED = ("priced", "cost_squares")
COUNTED = (
    *("created_at", "environment", "app", "provider", "model", "status"),
    *rollups.TOKENS,
    *("cost_usd", "total_latency_ms", "first_token_ms"),
)


def in_total() -> Select[Any]:
    """Return the sums of `fresh_requests`."""
    return _sums(table(FRESH, *map(column, COUNTED)), rollups.REQUESTS)


def by_dimension() -> Select[Any]:
    """Return the sums of `fresh_requests` by each dimension that a request has a value of."""
    fresh = table(FRESH, *map(column, (*COUNTED, *NAMING)))
    named = (
        func.request_dimensions(*(fresh.c[name] for name in NAMING))
        .table_valued("dimension", "value")
        .render_derived(name="named")
    )
    # Most requests have none, which this says sooner than the function.
    has_any = or_(
        fresh.c.release != NO_RELEASE,
        *(fresh.c[name].is_not(None) for name in NAMING[1:]),
    )
    rows = select(*(fresh.c[name] for name in COUNTED), named.c.dimension, named.c.value)
    joined = rows.select_from(fresh.join(named, true())).where(has_any)
    return _sums(joined.subquery("named_requests"), rollups.DIMENSIONS)


def costs_in_total() -> Select[Any]:
    """Return the sums of `fresh_requests` that migration 0043 added, and 0 of the others."""
    sums = in_total().subquery("costs")
    keys = ("at", *rollups.REQUESTS.keys, *rollups.REQUESTS.starred)
    added = [sums.c[name] if name in ADDED else ZERO.label(name) for name in rollups.SUMS]
    return select(*(sums.c[name] for name in keys), *added).where(sums.c.priced > ZERO)


def _sums(requests: FromClause, fold: Fold) -> Select[Any]:
    keys = ("at", *fold.keys, *fold.starred)
    sums = _grouped(_timed(requests), keys)
    return select(
        *(sums.c[name] for name in (*keys, *fold.sums)),
        _histogram(sums.c.slow).label("latency_histogram"),
        _histogram(sums.c.late).label("first_token_histogram"),
    )


def _timed(requests: FromClause) -> Subquery:
    def time(taken: ColumnElement[int]) -> ColumnElement[int]:
        # least() passes over nulls: without a latency there is none
        has_one = and_(requests.c.status != PENDING, taken.is_not(None))
        return case((has_one, func.least(taken, LONGEST_MS)))

    others = [each for each in requests.c if each.name not in ("created_at", "first_token_ms")]
    return select(
        half_hour_of(requests.c.created_at).label("at"),
        *others,
        time(requests.c.total_latency_ms).label("latency"),
        time(requests.c.first_token_ms).label("first_token"),
    ).subquery("timed")


def _grouped(timed: Subquery, keys: tuple[str, ...]) -> Subquery:
    rows, count = timed.c, func.count()
    # What failed or is pending and came without tokens has cost nothing that anybody knows of; one
    # that went well has cost something.
    may_cost = or_(rows.total_tokens.is_not(None), rows.status == OK)
    cost = func.coalesce(func.sum(rows.cost_usd), ZERO) * NANO
    squares = func.coalesce(func.sum(rows.cost_usd * rows.cost_usd), ZERO) * NANO * NANO
    sums = {
        "requests": count,
        "unpriced": count.filter(and_(rows.cost_usd.is_(None), may_cost)),
        **{name: func.coalesce(func.sum(rows[name]), ZERO) for name in rollups.TOKENS},
        "priced": func.count(rows.cost_usd),
        "cost_nano": cast(cost, BigInteger),
        "cost_squares": cast(squares, Numeric(40, 0)),
    }
    for counted, total, time in (
        ("latencies", "latency_ms", rows.latency),
        ("first_tokens", "first_token_ms", rows.first_token),
    ):
        sums |= {counted: func.count(time), total: func.coalesce(func.sum(time), ZERO)}
    # A list of buckets for each place: counting by place and bucket would compare all of a place's
    # texts for each time.
    buckets = {
        name: func.array_agg(func.latency_bucket(time)).filter(time.is_not(None))
        for name, time in (("slow", rows.latency), ("late", rows.first_token))
    }
    named = [value.label(name) for name, value in (sums | buckets).items()]
    by = [rows[name] for name in keys]
    return select(*by, *named).group_by(*by).subquery("sums")


def _histogram(buckets: ColumnElement[Any]) -> ColumnElement[Any]:
    bucket = func.unnest(buckets).column_valued("bucket")
    times = cast(func.count(), Integer).label("times")
    counted = select(bucket.label("bucket"), times).group_by(bucket).subquery("counted")
    made = func.histogram_of(
        func.array_agg(counted.c.bucket), func.array_agg(counted.c.times), type_=HISTOGRAM
    )
    return select(made).scalar_subquery()
