"""Compute `daily_metrics` of days that have ended, from rollups and deltas, never from raw rows.

Each has the environment in its dimensions, most of them in every further division, too:
- events, event_errors: all, and by event_type
- users_active, users_new (on that day for the first time in that environment)
- onboarding_started, onboarding_completed, onboarding_conversion (of those who began on that day, as far as it is known)
- requests, errors, pending, unpriced_requests, input_tokens, output_tokens, total_tokens, cost_usd, latency_p50_ms, _p95_, _p99_,
  first_token_p50_ms, _p95_, _p99_: all, and by provider and model
- batch_runs, batch_completed, batch_failed, batch_success: all, and by batch_job
- feedback_rated, feedback_positive, feedback_ratio
- annotations: all, and by annotation_type
- batch_stale, feedback_stale: 1, where an import or its undo changed that day after rows that its other figures were counted of
  had gone: they are as they were before
Rates are missing where nothing was counted; `users_active` of production is there for every day that was written.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import RowMapping, insert, text
from sqlalchemy.orm import Session

from core.activity.queries.events import ROLLED_ERRORS
from core.conversations.opinions import POSITIVE
from core.database import settings
from core.database.locks import Lock
from core.system.models import DailyMetric
from core.system.zone import first_whole_day

SHOWN_BY_DEFAULT = "production"


@dataclass(frozen=True)
class Days:
    """Days of a time zone, the last one excluded, and the moments between which they lie."""

    first: date
    end: date
    zone: str
    since: datetime
    until: datetime

    def as_given(self) -> dict[str, object]:
        """Return them as the statements name them."""
        return {"first": self.first, "end": self.end, "zone": self.zone, "since": self.since, "until": self.until}


def days_of(session: Session, first: date, end: date, zone: str) -> Days:
    """Return days with their moments, as Postgres sees that zone."""
    moments = "select cast(:first as timestamp) at time zone :zone, cast(:end as timestamp) at time zone :zone"
    since, until = session.execute(text(moments), {"first": first, "end": end, "zone": zone}).one()
    return Days(first, end, zone, since, until)


EVENTS = f"""
with counted as (
    select at, environment, event_type, events, errors from event_rollups where grain = 'day'
    union all select at, environment, event_type, events, errors from event_deltas
),
summed as (
    select (at at time zone :zone)::date as date, environment, event_type, sum(events) as events,
        sum({ROLLED_ERRORS}) as errors
    from counted where at >= :since and at < :until group by grouping sets ((1, 2, 3), (1, 2))
)
insert into daily_metrics (date, metric_type, metric_value, dimensions)
select date, name, value, jsonb_strip_nulls(jsonb_build_object('environment', environment, 'event_type', event_type))
from summed, lateral (values ('events', events), ('event_errors', errors)) as each (name, value)"""  # noqa: S608  a constant

USERS = """
with counted as (
    select day, environment, count(distinct user_id) as active from user_days where day >= :first and day < :end group by 1, 2
),
fresh as (
    select first_day as day, environment, count(*) as fresh from user_spans
    where app = '*' and first_day >= :first and first_day < :end group by 1, 2
)
insert into daily_metrics (date, metric_type, metric_value, dimensions)
select day, name, value, jsonb_build_object('environment', environment)
from counted left join fresh using (day, environment),
    lateral (values ('users_active', active), ('users_new', coalesce(fresh, 0))) as each (name, value)"""

ONBOARDING = """
with counted as (
    select (reached_1 at time zone :zone)::date as date, environment, count(*) as started, count(reached_5) as completed
    from subjects where is_whole and reached_1 >= :since and reached_1 < :until group by 1, 2
)
insert into daily_metrics (date, metric_type, metric_value, dimensions)
select date, name, value, jsonb_build_object('environment', environment)
from counted, lateral (values ('onboarding_started', started), ('onboarding_completed', completed),
    ('onboarding_conversion', completed::numeric / started)) as each (name, value)"""

COUNTED = (
    "at, environment, provider, model, status, requests, unpriced, input_tokens, output_tokens, total_tokens, cost_nano, "
    "latency_histogram, first_token_histogram"
)
SUMMED = f"""
with counted as (
    select {COUNTED} from ai_request_rollups where grain = 'day' and (provider, model) <> ('*', '*')
    union all select {COUNTED} from ai_request_deltas
),
summed as (
    select (at at time zone :zone)::date as date, environment, provider, model, sum(requests) as requests,
        coalesce(sum(requests) filter (where status = 'error'), 0) as errors,
        coalesce(sum(requests) filter (where status = 'pending'), 0) as pending,
        sum(unpriced) as unpriced, sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens,
        sum(total_tokens) as total_tokens, sum(cost_nano) / 1000000000 as cost,
        histogram_quantiles(histogram_sum(latency_histogram), array[0.5, 0.95, 0.99]) as latency,
        histogram_quantiles(histogram_sum(first_token_histogram), array[0.5, 0.95, 0.99]) as first_token
    from counted where at >= :since and at < :until group by grouping sets ((1, 2, 3, 4), (1, 2))
)
insert into daily_metrics (date, metric_type, metric_value, dimensions)
select date, name, value, jsonb_strip_nulls(jsonb_build_object('environment', environment, 'provider', provider, 'model', model))
from summed"""  # noqa: S608  names of our own
REQUESTS = f"""{SUMMED},
    lateral (values ('requests', requests), ('errors', errors), ('pending', pending), ('unpriced_requests', unpriced),
    ('input_tokens', input_tokens), ('output_tokens', output_tokens), ('total_tokens', total_tokens), ('cost_usd', cost),
    ('latency_p50_ms', latency[1]::numeric), ('latency_p95_ms', latency[2]::numeric), ('latency_p99_ms', latency[3]::numeric),
    ('first_token_p50_ms', first_token[1]::numeric), ('first_token_p95_ms', first_token[2]::numeric),
    ('first_token_p99_ms', first_token[3]::numeric)) as each (name, value)
where value is not null"""
# Of days that have figures: the others get theirs when they have ended.
COSTS = f"""{SUMMED}, lateral (values ('unpriced_requests', unpriced), ('cost_usd', cost)) as each (name, value)
where exists (select from daily_metrics as written where (written.date, metric_type, dimensions)
    = (summed.date, 'users_active', jsonb_build_object('environment', cast(:environment as text))))
on conflict (date, metric_type, dimensions) do update set metric_value = excluded.metric_value"""

BATCHES = """
with counted as (
    select (started_at at time zone :zone)::date as date, environment, batch_job, count(*) as runs,
        count(*) filter (where status = 'completed') as completed,
        count(*) filter (where status in ('failed', 'partial', 'lost')) as failed
    from batch_run_history where started_at >= :since and started_at < :until and not is_internal
    group by grouping sets ((1, 2, 3), (1, 2))
)
insert into daily_metrics (date, metric_type, metric_value, dimensions)
select date, name, value, jsonb_strip_nulls(jsonb_build_object('environment', environment, 'batch_job', batch_job))
from counted, lateral (values ('batch_runs', runs), ('batch_completed', completed), ('batch_failed', failed),
    ('batch_success', completed::numeric / nullif(completed + failed, 0))) as each (name, value)
where value is not null and date <> all(:kept_of_batches)"""

# In the other database; the rating is -1 or +1, or 1 to 5.
FEEDBACK = f"""
with counted as (
    select (created_at at time zone :zone)::date as date, environment, count(*) as rated,
        count(*) filter (where {POSITIVE}) as positive
    from ai_feedback where created_at >= :since and created_at < :until group by 1, 2
)
select date, name as metric_type, value as metric_value, jsonb_build_object('environment', environment) as dimensions
from counted, lateral (values ('feedback_rated', rated::numeric), ('feedback_positive', positive),
    ('feedback_ratio', positive::numeric / rated)) as each (name, value)"""  # noqa: S608  words of our own
ANNOTATIONS = """
select (created_at at time zone :zone)::date as date, 'annotations' as metric_type, count(*)::numeric as metric_value,
    jsonb_strip_nulls(jsonb_build_object('environment', environment, 'annotation_type', annotation_type)) as dimensions
from ai_admin_annotations where created_at >= :since and created_at < :until
group by grouping sets ((1, environment, annotation_type), (1, environment))"""

# A day on which nothing happened says so.
NOTHING = """
insert into daily_metrics (date, metric_type, metric_value, dimensions)
select day::date, name, 0, jsonb_build_object('environment', cast(:environment as text))
from generate_series(cast(:first as date), cast(:end as date) - 1, interval '1 day') as day,
    unnest(array['events', 'event_errors', 'users_active', 'users_new', 'requests', 'errors', 'total_tokens', 'cost_usd']) as name
on conflict do nothing"""

# Counted by days of the zone; what is missing begins where the data does.
MISSING = """
with since as (
    select min(at) as at from (
        select min(at) from event_rollups union all select min(at) from event_deltas
        union all select min(at) from ai_request_rollups union all select min(at) from ai_request_deltas
        union all select min(started_at) from batch_run_history where not is_internal
    ) as each (at)
)
select min(day)::date from since, generate_series((at at time zone :zone)::date, cast(:end as date) - 1, interval '1 day') as day
where not exists (select from daily_metrics where (date, metric_type, dimensions)
    = (day::date, 'users_active', jsonb_build_object('environment', cast(:environment as text))))"""


# What days have of figures whose rows have gone in part: these stay, for they can never be computed again.
KEPT = """
select distinct date from daily_metrics
where date >= :first and date < least(cast(:end as date), cast(:whole as date)) and metric_type = any(:metrics)"""
GONE = """
delete from daily_metrics where date >= :first and date < :end
    and not (date = any(:kept_of_batches) and metric_type = any(:of_batches))
    and not (date = any(:kept_of_feedback) and metric_type = any(:of_feedback))"""
STALE = """
insert into daily_metrics (date, metric_type, metric_value, dimensions)
select day, :mark, 1, jsonb_build_object('environment', cast(:environment as text)) from unnest(cast(:days as date[])) as day
on conflict do nothing"""
SINCE = """
select (min(at) at time zone :zone)::date from (
    select min(at) from event_rollups union all select min(at) from event_deltas
    union all select min(at) from ai_request_rollups union all select min(at) from ai_request_deltas
    union all select min(started_at) from batch_run_history where not is_internal
    union all select min(day)::timestamp at time zone :zone from user_days
    union all select min(date)::timestamp at time zone :zone from daily_metrics where metric_type = any(:kept)
) as each (at)"""


@dataclass(frozen=True)
class Perishable:
    """Figures that are counted of rows which retention takes: from when on the rows are all there, `Sealed` says."""

    table: str
    metrics: list[str]
    mark: str

    def kept(self, session: Session, days: Days) -> list[date]:
        """Return the days whose figures stay as they are: they have some, and not all that these were counted of is there."""
        whole = first_whole_day(session, settings.read(session, settings.Sealed).until(self.table), days.zone)
        if whole is None:
            return []
        given = {**days.as_given(), "whole": whole, "metrics": self.metrics}
        return list(session.scalars(text(KEPT), given))


OF_BATCHES = Perishable(
    "batch_run_history", ["batch_runs", "batch_completed", "batch_failed", "batch_success", "batch_stale"], "batch_stale"
)
OF_FEEDBACK = Perishable(
    "ai_feedback", ["feedback_rated", "feedback_positive", "feedback_ratio", "feedback_stale"], "feedback_stale"
)
PERISHABLE = {"batch_runs": OF_BATCHES, "feedback": OF_FEEDBACK}  # by the kind of row that an import brings


def first_missing(session: Session, *, end: date, zone: str) -> date | None:
    """Return the first day before `end` that has data or comes after such, and no figures."""
    found: date | None = session.scalar(text(MISSING), {"end": end, "zone": zone, "environment": SHOWN_BY_DEFAULT})
    return found


def first_written(session: Session) -> date | None:
    """Return the first day that has figures."""
    found: date | None = session.scalar(text("select min(date) from daily_metrics"))
    return found


def of_ai(ai: Session, days: Days) -> list[RowMapping]:
    """Return the figures of what is in the other database, as they are written."""
    return [row for statement in (FEEDBACK, ANNOTATIONS) for row in ai.execute(text(statement), days.as_given()).mappings()]


def write(session: Session, days: Days, others: list[RowMapping]) -> None:
    """Write all figures of these days, in place of what was written of them before, and with them others; one at a time."""
    given = days.as_given()
    session.execute(
        text("select pg_advisory_xact_lock(:lock), set_config('statement_timeout', '10min', true)"), {"lock": Lock.FIGURES}
    )
    kept_of_feedback = OF_FEEDBACK.kept(session, days)
    given |= {"kept_of_batches": OF_BATCHES.kept(session, days), "kept_of_feedback": kept_of_feedback}
    session.execute(text(GONE), {**given, "of_batches": OF_BATCHES.metrics, "of_feedback": OF_FEEDBACK.metrics})
    for statement in (EVENTS, USERS, ONBOARDING, REQUESTS, BATCHES):
        session.execute(text(statement), given)
    fresh = [dict(row) for row in others if row["date"] not in kept_of_feedback or row["metric_type"] not in OF_FEEDBACK.metrics]
    if fresh:
        session.execute(insert(DailyMetric), fresh)
    since: date | None = session.scalar(text(SINCE), {**given, "kept": OF_BATCHES.metrics + OF_FEEDBACK.metrics})
    if since is not None and since < days.end:  # of days before there was anything there is nothing to say
        session.execute(text(NOTHING), {**given, "first": max(since, days.first), "environment": SHOWN_BY_DEFAULT})


def mark_stale(session: Session, touched: Days, kinds: Collection[str], environment: str) -> None:
    """Mark the days whose figures could not follow rows of these kinds, since what they were counted of is not all there."""
    for kind in PERISHABLE.keys() & set(kinds):
        one = PERISHABLE[kind]
        given = {"mark": one.mark, "environment": environment, "days": one.kept(session, touched)}
        session.execute(text(STALE), given)


def write_costs(session: Session, days: Days) -> None:
    """Write what requests of these days cost by now, where the days have figures; all others stay, however old they are."""
    session.execute(
        text("select pg_advisory_xact_lock(:lock), set_config('statement_timeout', '10min', true)"), {"lock": Lock.FIGURES}
    )
    session.execute(text(COSTS), {**days.as_given(), "environment": SHOWN_BY_DEFAULT})
