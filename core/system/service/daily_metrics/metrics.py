"""Compute `daily_metrics` of days that have ended, from rollups and deltas, never from raw rows.

Each has the environment in its dimensions, most of them in every further division, too:
- events, event_errors: all, and by event_type
- users_active, users_new (on that day for the first time in that environment)
- onboarding_started, onboarding_completed, onboarding_conversion (of those who began on that day,
  as far as it is known)
- requests, errors, pending, unpriced_requests, input_tokens, output_tokens, total_tokens, cost_usd,
  latency_p50_ms, _p95_, _p99_,
  first_token_p50_ms, _p95_, _p99_: all, and by provider and model
- batch_runs, batch_completed, batch_failed, batch_success: all, and by batch_job
- feedback_rated, feedback_positive, feedback_ratio
- annotations: all, and by annotation_type
- batch_stale, feedback_stale: 1, where an import or its undo changed that day after rows that its
  other figures were counted of
  had gone: they are as they were before
Rates are missing where nothing was counted; `users_active` of production is there for every day
that was written.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import Date, Numeric, cast, delete, func, insert, select, text
from sqlalchemy.orm import Session

from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.conversations.opinions import ConversationOpinion, rated
from core.database import settings
from core.database.locks import Lock
from core.database.sql_files import statement
from core.database.tables import table_of
from core.knowledge.models import Feedback
from core.presentation.periods import midnight
from core.system.models import DailyMetric
from core.system.service.reporting_time_zone import first_whole_day

SHOWN_BY_DEFAULT = "production"
Metric = dict[str, Any]  # a row of daily_metrics
read, feedback = partial(statement, __package__), table_of(Feedback)


@dataclass(frozen=True)
class Days:
    """Days of a time zone, `end` excluded, and the times of their start and end."""

    first: date
    end: date
    zone: str
    since: datetime
    until: datetime

    def as_given(self) -> dict[str, object]:
        """Return the parameters of the statements."""
        return {
            "first": self.first,
            "end": self.end,
            "zone": self.zone,
            "since": self.since,
            "until": self.until,
        }


def days_of(first: date, end: date, zone: str) -> Days:
    """Return days with their times."""
    return Days(first, end, zone, midnight(first, zone), midnight(end, zone))


@dataclass(frozen=True)
class Perishable:
    """Figures counted from rows that retention deletes; `Sealed` says which are complete."""

    table: str
    metrics: list[str]
    mark: str

    def kept(self, session: Session, days: Days) -> list[date]:
        """Return the days whose figures stay because their rows are incomplete."""
        whole = first_whole_day(
            session, settings.read(session, settings.Sealed).until(self.table), days.zone
        )
        if whole is None:
            return []
        given = {**days.as_given(), "whole": whole, "metrics": self.metrics}
        return list(session.scalars(read("kept_days"), given))


OF_BATCHES = Perishable(
    "batch_run_history",
    ["batch_runs", "batch_completed", "batch_failed", "batch_success", "batch_stale"],
    "batch_stale",
)
OF_FEEDBACK = Perishable(
    "ai_feedback",
    ["feedback_rated", "feedback_positive", "feedback_ratio", "feedback_stale"],
    "feedback_stale",
)
PERISHABLE = {"batch_runs": OF_BATCHES, "feedback": OF_FEEDBACK}  # by kind of imported row


def first_missing(session: Session, *, end: date, zone: str) -> date | None:
    """Return the first day before `end` without figures, from the first day with data."""
    found: date | None = session.scalar(
        read("first_missing"), {"end": end, "zone": zone, "environment": SHOWN_BY_DEFAULT}
    )
    return found


def first_late(session: Session, *, end: date, zone: str) -> date | None:
    """Return the first day before `end` that got events or AI requests after its figures."""
    found: date | None = session.scalar(read("first_late"), {"end": end, "zone": zone})
    return found


def first_written(session: Session) -> date | None:
    """Return the first day that has figures, or None."""
    found: date | None = session.scalar(text("select min(date) from daily_metrics"))
    return found


def of_ai(ai: Session, days: Days) -> list[Metric]:
    """Return the figures from the database `ai`."""
    annotations = ai.execute(read("annotation_metrics"), days.as_given()).mappings()
    return [*_of_feedback(ai, days), *map(dict, annotations)]


def _of_feedback(ai: Session, days: Days) -> Iterator[Metric]:
    day = cast(func.timezone(days.zone, feedback.c.created_at), Date).label("day")
    positive = func.count().filter(
        rated(ConversationOpinion.POSITIVE, feedback.c.rating, feedback.c.scale)
    )
    counts = (
        func.count().label("rated"),
        positive.label("positive"),
        (cast(positive, Numeric) / func.count()).label("ratio"),
    )
    within = feedback.c.created_at >= days.since, feedback.c.created_at < days.until
    found = (
        select(day, feedback.c.environment, *counts)
        .where(*within)
        .group_by(day, feedback.c.environment)
    )
    for row in ai.execute(found):
        metrics = {
            "feedback_rated": row.rated,
            "feedback_positive": row.positive,
            "feedback_ratio": row.ratio,
        }
        for name, value in metrics.items():
            dimensions = {"environment": row.environment}
            yield {
                "date": row.day,
                "metric_type": name,
                "metric_value": value,
                "dimensions": dimensions,
            }


def write(session: Session, days: Days, others: list[Metric]) -> None:
    """Replace all figures of these days, with `others` from the other database."""
    given = days.as_given()
    # Two that replace the same days would insert the same figures
    session.execute(
        text("select pg_advisory_xact_lock(:lock), set_config('statement_timeout', '10min', true)"),
        {"lock": Lock.FIGURES},
    )
    kept_of_feedback = OF_FEEDBACK.kept(session, days)
    given |= {"metrics": None, "environment": SHOWN_BY_DEFAULT}
    given |= {
        "kept_of_batches": OF_BATCHES.kept(session, days),
        "kept_of_feedback": kept_of_feedback,
        "last_step": read_workspace_funnel(session).funnel.last + 1,
    }
    session.execute(
        read("delete_metrics"),
        {**given, "of_batches": OF_BATCHES.metrics, "of_feedback": OF_FEEDBACK.metrics},
    )
    for name in (
        "event_metrics",
        "user_metrics",
        "onboarding_metrics",
        "request_metrics",
        "batch_metrics",
    ):
        session.execute(read(name), given)
    fresh = [
        row
        for row in others
        if row["date"] not in kept_of_feedback or row["metric_type"] not in OF_FEEDBACK.metrics
    ]
    if fresh:
        session.execute(insert(DailyMetric), fresh)
    since: date | None = session.scalar(
        read("first_data"), {**given, "kept": OF_BATCHES.metrics + OF_FEEDBACK.metrics}
    )
    if since is not None and since < days.end:  # days before the first data get no figures
        session.execute(read("empty_days"), {**given, "first": max(since, days.first)})


def mark_stale(session: Session, touched: Days, kinds: Collection[str], environment: str) -> None:
    """Mark days whose figures could not follow an import: rows are missing."""
    for kind in PERISHABLE.keys() & set(kinds):
        one = PERISHABLE[kind]
        given = {"mark": one.mark, "environment": environment, "days": one.kept(session, touched)}
        session.execute(read("mark_stale"), given)


def write_costs(session: Session, days: Days) -> None:
    """Write the current costs of requests on days that have figures."""
    session.execute(
        text("select pg_advisory_xact_lock(:lock), set_config('statement_timeout', '10min', true)"),
        {"lock": Lock.FIGURES},
    )
    given = {
        **days.as_given(),
        "metrics": ["unpriced_requests", "cost_usd"],
        "environment": SHOWN_BY_DEFAULT,
    }
    session.execute(read("request_metrics"), given)


def write_onboarding(session: Session, days: Days) -> None:
    """Write the onboarding figures of these days by the workspace's funnel."""
    session.execute(
        text("select pg_advisory_xact_lock(:lock), set_config('statement_timeout', '10min', true)"),
        {"lock": Lock.FIGURES},
    )
    daily = table_of(DailyMetric)
    session.execute(
        delete(daily).where(
            daily.c.metric_type.startswith("onboarding_"),
            daily.c.date >= days.first,
            daily.c.date < days.end,
        )
    )
    last_step = read_workspace_funnel(session).funnel.last + 1
    session.execute(read("onboarding_metrics"), {**days.as_given(), "last_step": last_step})
