"""A week of a small product, seen in each of two reporting zones.

The week is 2 to 8 March 2026. New York is five hours behind UTC, and four from the 8th on: its
clocks change that morning. So its week begins at 05:00 UTC on the 2nd and ends at 04:00 UTC on the
9th. Four things change sides by that: fay's morning of the 2nd (its first of March, so the week
before), ann's and dan's night of the 3rd (its second), and eve's night of the 9th (its eighth).

Who is who, in the steps of onboarding (1 to 5, S1 to S5): ann   all five in order, S1 10:00 to S5
16 hours later; once more asks than any other bob   S1 and S2 without a name, an error E1 without a
name, then S3 with one: the session is his, from its beginning on cat   S2 before S1 (does not
count), then S3 on the phone (not either, without S2): one step dan   S1 on the web, S2 on the phone
a day and a half later: two steps of all apps, one on the web, not begun on the phone eve   S1 late
on Sunday in New York, S2 after either week: it counts all the same fay   S1, S2, S3 in three
minutes gus   came through the week before; looks at a page in this one hal   nothing but errors:
two E1, and two requests that time out old   S1 and S2 in February and nothing since: his 30 days
have passed jan   only asks the assistant, and again yesterday ian   in staging, with the one
request there visit a session that nobody ever gives a name: S1, and an error without a code Nothing
happens on the 5th in either zone, and on the 8th only eve, in New York.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from core.activity import jobs as activity_jobs
from core.activity.ingest import events as activity
from core.activity.queries.funnels.funnel import STEPS
from core.activity.schemas import NewEvent
from core.ai_metrics import jobs as ai_jobs
from core.ai_metrics.ingest import requests as ai_metrics
from core.ai_metrics.schemas import NewRequest
from core.batches import ingest as batches
from core.batches.schemas import NewBatchRun
from core.database import partitions, settings
from core.database.db import Database, transaction
from core.ingest.rows import RowSource
from core.knowledge.feedback import ingest as feedback
from core.knowledge.schemas import NewFeedback

NEW_YORK = "America/New_York"
# Whoever has not been there since the 17th at noon is stuck
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
FIRST, END = date(2026, 3, 2), date(2026, 3, 9)
ADDRESS = {"start": FIRST.isoformat(), "end": END.isoformat()}

S1, S2, S3, S4, S5 = STEPS
LOGIN_ERROR, REGISTER_ERROR = "onboarding.login_error", "onboarding.register_error"
Row = tuple[str, str, str, dict[str, Any]]

EVENTS: tuple[Row, ...] = (
    # when (UTC), what, app, who and what else
    ("02-10 09:00", S1, "web", {"user_id": "old"}),
    ("02-10 09:30", S2, "web", {"user_id": "old"}),
    ("02-24 10:00", S1, "web", {"user_id": "gus"}),
    ("02-24 10:01", S2, "web", {"user_id": "gus"}),
    ("02-24 10:02", S3, "web", {"user_id": "gus"}),
    ("02-24 10:03", S4, "web", {"user_id": "gus"}),
    ("02-24 10:04", S5, "web", {"user_id": "gus"}),
    ("03-02 03:00", S1, "web", {"user_id": "fay"}),
    ("03-02 03:01", S2, "web", {"user_id": "fay"}),
    ("03-02 03:03", S3, "web", {"user_id": "fay"}),
    ("03-02 10:00", S1, "web", {"user_id": "ann"}),
    ("03-02 10:02", S2, "web", {"user_id": "ann"}),
    ("03-02 10:05", S3, "web", {"user_id": "ann"}),
    ("03-02 10:15", S4, "web", {"user_id": "ann"}),
    ("03-03 02:00", S5, "web", {"user_id": "ann"}),
    ("03-03 02:30", S1, "web", {"user_id": "dan"}),
    ("03-03 09:00", S1, "web", {"session_id": "of bob"}),
    ("03-03 09:05", S2, "web", {"session_id": "of bob"}),
    ("03-03 09:07", LOGIN_ERROR, "web", {"session_id": "of bob", "error_code": "E1"}),
    ("03-03 09:10", S3, "web", {"session_id": "of bob", "user_id": "bob"}),
    ("03-03 12:00", S1, "web", {"user_id": "ian", "environment": "staging"}),
    ("03-04 08:00", S2, "web", {"user_id": "cat"}),
    ("03-04 08:10", S1, "web", {"user_id": "cat"}),
    ("03-04 08:20", S3, "phone", {"user_id": "cat"}),
    ("03-04 12:00", S2, "phone", {"user_id": "dan"}),
    ("03-06 15:00", "page.view", "web", {"user_id": "gus"}),
    ("03-06 19:59", S1, "web", {"session_id": "visit"}),
    ("03-06 20:00", REGISTER_ERROR, "web", {"session_id": "visit"}),
    ("03-07 12:00", LOGIN_ERROR, "web", {"user_id": "hal", "error_code": "E1"}),
    ("03-07 12:05", LOGIN_ERROR, "web", {"user_id": "hal", "error_code": "E1"}),
    ("03-09 03:30", S1, "web", {"user_id": "eve"}),
    ("03-09 10:00", S2, "web", {"user_id": "eve"}),
)

OK, PENDING = {"status": "ok"}, {"status": "pending"}
LATE, TOO_MANY = (
    {"status": "error", "error_type": "timeout"},
    {"status": "error", "error_type": "rate_limit"},
)
# when (UTC), app, model, user, ms to the end and to the first token, tokens in and out, dollars
# (None is unpriced), how it ended
REQUESTS: tuple[tuple[Any, ...], ...] = (
    ("02-24 10:00", "web", "a", "gus", 250, None, None, None, "0.001", OK),
    ("02-24 10:01", "web", "a", "gus", 260, None, None, None, "0.001", LATE),
    ("03-02 03:10", "web", "a", "fay", 100, 50, 10, 5, "0.001", OK),
    ("03-02 10:20", "web", "a", "ann", 200, 60, 20, 10, "0.002", OK),
    ("03-02 10:30", "web", "a", "ann", 300, None, 30, 15, "0.003", OK),
    ("03-02 11:00", "web", "b", "ann", 1000, None, 40, 0, None, LATE),
    ("03-03 02:10", "web", "a", "ann", 400, 80, 10, 10, "0.004", OK),
    ("03-03 09:20", "phone", "a", "bob", 500, 100, 50, 50, "0.005", OK),
    ("03-03 09:21", "phone", "a", "bob", None, None, None, None, None, PENDING),
    ("03-03 12:00", "staging", "a", "ian", 5, None, 1, 1, "1", OK),
    ("03-04 12:10", "phone", "b", "dan", 600, 120, 60, 40, "0.01", OK),
    ("03-04 12:20", "phone", "b", "dan", None, None, None, None, "0", TOO_MANY),
    ("03-04 12:21", "phone", "b", None, 50, None, None, None, "0", TOO_MANY),
    ("03-06 15:10", "web", "a", "gus", 700, 140, 70, 30, "0.006", OK),
    ("03-06 15:11", "web", "a", "gus", 50, None, None, None, None, PENDING),
    ("03-06 16:00", "web", "b", "jan", 800, 200, 80, 20, "0.02", OK),
    ("03-07 12:10", "web", "b", "hal", 30_000, None, None, None, None, LATE),
    ("03-07 12:11", "web", "b", "hal", 20_000, None, None, None, None, LATE),
    ("03-09 03:40", "web", "a", "eve", 900, 150, 90, 10, "0.007", OK),
    ("03-19 09:00", "web", "a", "jan", 10, None, None, None, "0.001", OK),
)

RUNS: tuple[dict[str, Any], ...] = (
    {
        "batch_run_id": "good",
        "batch_job": "nightly",
        "started_at": "03-03 02:30",
        "status": "running",
    },
    {
        "batch_run_id": "good",
        "batch_job": "nightly",
        "started_at": "03-03 02:30",
        "status": "completed",
        "took": "03-03 02:35",
    },
    {
        "batch_run_id": "bad",
        "batch_job": "nightly",
        "started_at": "03-07 01:00",
        "status": "failed",
        "took": "03-07 01:01",
    },
    {
        "batch_run_id": "still",
        "batch_job": "hourly",
        "started_at": "03-04 12:00",
        "status": "running",
    },
)

RATINGS: tuple[tuple[str, int, str, str], ...] = (
    ("03-02 03:20", 1, "thumbs", "production"),
    ("03-02 12:00", 1, "thumbs", "production"),
    ("03-03 10:00", -1, "thumbs", "production"),
    ("03-04 10:00", 5, "five", "production"),
    ("03-06 10:00", 3, "five", "production"),
    ("03-06 11:00", 1, "thumbs", "staging"),
)


def at(text: str) -> datetime:
    """Return a moment of the year, in UTC."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def arrive(zone: str = "UTC", *, is_folded: bool = True) -> None:
    """Send all of it, latest first, to a workspace of a zone; folded into the rollups, or
    not yet.
    """
    with transaction() as session:
        settings.write(session, settings.Workspace(reporting_time_zone=zone), by=None)
    source = RowSource("production", zone)
    given, asked = events()[::-1], requests()[::-1]
    partitions.create_for(
        "user_activity_events", [each.created_at for each in given if each.created_at]
    )
    partitions.create_for(
        "ai_request_metrics", [each.created_at for each in asked if each.created_at]
    )
    with transaction() as session:
        assert activity.store(session, given, source) == len(EVENTS)
    with transaction() as session:
        assert ai_metrics.store(session, asked, source) == len(REQUESTS)
    with transaction() as session:
        batches.store(session, runs(), source)
    with transaction(Database.AI) as session:
        assert feedback.store(session, ratings(), source) == len(RATINGS)
    if is_folded:
        activity_jobs.fold(0)
        ai_jobs.fold(0)


def events() -> list[NewEvent]:
    """Return the events as a sender brings them."""
    return [
        NewEvent(id=f"e{number}", created_at=at(moment), event_type=kind, app=app, **more)
        for number, (moment, kind, app, more) in enumerate(EVENTS)
    ]


def requests() -> list[NewRequest]:
    """Return the AI requests as a sender brings them."""
    return [_request(f"r{number}", row) for number, row in enumerate(REQUESTS)]


def runs() -> list[NewBatchRun]:
    """Return what the batch runs have said of themselves."""
    rows = [
        {**row, "started_at": at(row["started_at"]), "completed_at": _at(row.get("took"))}
        for row in RUNS
    ]
    return msgspec.convert(
        [{name: value for name, value in row.items() if name != "took"} for row in rows],
        list[NewBatchRun],
    )


def ratings() -> list[NewFeedback]:
    """Return the feedback as a sender brings it."""
    rows = [
        {
            "id": f"f{number}",
            "created_at": at(moment),
            "rating": rating,
            "scale": scale,
            "environment": environment,
        }
        for number, (moment, rating, scale, environment) in enumerate(RATINGS)
    ]
    return msgspec.convert(rows, list[NewFeedback])


def by_day(dates: Sequence[date], counted: dict[date, int]) -> list[int]:
    """Return what was counted of each day, 0 of a day without."""
    return [counted.get(day, 0) for day in dates]


def _at(text: str | None) -> datetime | None:
    return at(text) if text is not None else None


def _request(name: str, row: tuple[Any, ...]) -> NewRequest:
    moment, app, model, user, latency, first, tokens_in, tokens_out, dollars, ended = row
    return NewRequest(
        id=name,
        created_at=at(moment),
        environment="staging" if app == "staging" else "production",
        app="web" if app == "staging" else app,
        provider="acme",
        model=model,
        user_id=user,
        total_latency_ms=latency,
        first_token_ms=first,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        cost_usd=Decimal(dollars) if dollars is not None else None,
        **ended,
    )
