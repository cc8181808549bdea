"""Folds what batches have added into the rollups: half hours and days, each model and all of them (`*`)."""

from typing import Any, cast

from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

LOCK = 0x61747472
AT_ONCE = 20_000

SUMS = (
    "requests",
    "unpriced",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
    "cost_nano",
    "latencies",
    "latency_ms",
    "first_tokens",
    "first_token_ms",
)
HISTOGRAMS = ("latency_histogram", "first_token_histogram")

# Sorted, so that two that fold at once would wait for each other and not lock up.
FOLD = text(f"""
with taken as (
    delete from ai_request_deltas where id in (select id from ai_request_deltas order by id limit :at_once for update skip locked)
    returning *
),
grains as (
    select *, at as half_hour, date_trunc('day', at, :zone) as day from taken
),
summed as (
    select case when grouping(half_hour) = 0 then 'half_hour' else 'day' end as grain, coalesce(half_hour, day) as at,
        environment, app, coalesce(provider, '*') as provider, coalesce(model, '*') as model, status,
        {", ".join(f"sum({name})::bigint as {name}" for name in SUMS)},
        {", ".join(f"histogram_sum({name}) as {name}" for name in HISTOGRAMS)}
    from grains group by environment, app, status,
        grouping sets ((half_hour, provider, model), (half_hour), (day, provider, model), (day))
)
insert into ai_request_rollups as present (grain, at, environment, app, provider, model, status, {", ".join(SUMS + HISTOGRAMS)})
select grain, at, environment, app, provider, model, status, {", ".join(SUMS + HISTOGRAMS)} from summed
order by grain, at, environment, app, provider, model, status
on conflict (grain, at, environment, app, provider, model, status) do update set
    {", ".join(f"{name} = present.{name} + excluded.{name}" for name in SUMS)},
    {", ".join(f"{name} = histogram_add(present.{name}, excluded.{name})" for name in HISTOGRAMS)}""")  # noqa: S608  our own names


def fold(session: Session, *, zone: str) -> int:
    """Fold some of what waits into the rollups; return how many rollup rows changed, 0 when nothing waited."""
    if not session.scalar(text("select pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}):
        return 0
    folded = cast("CursorResult[Any]", session.execute(FOLD, {"zone": zone, "at_once": AT_ONCE}))
    return folded.rowcount
