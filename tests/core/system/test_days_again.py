"""Daily metrics follow an import and its undo, however old the days; those that can't be computed
stay and are marked.
"""

from base64 import b64decode
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from core.database import settings
from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.imports.schemas import TouchedRows
from core.insights.kpis import overview_kpis
from core.insights.schemas import WatchScope
from core.jobs import outbox
from core.platform import clock
from core.presentation.periods import Watched, last_days
from core.system.jobs import write_again
from core.system.service import daily_job, retention
from pages._ui import kpis
from tests.factories.history import batch_run, count, days_ago, events, rated
from tests.factories.history import daily as figure
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
OLD = 60.0


def touched(days: float, *kinds: str, until: float | None = None) -> None:
    """Have the days written that something has come or gone of."""
    span = {
        "since": days_ago(days).isoformat(),
        "until": days_ago(days if until is None else until).isoformat(),
    }
    write_again({**span, "kinds": list(kinds), "environment": "production"})


def test_history_that_comes_late_is_in_the_figures_of_its_days() -> None:
    events(
        {"user_id": "a", "created_at": days_ago(OLD + 20)},
        {"user_id": "a", "created_at": days_ago(1)},
    )
    daily_job.write_figures()
    assert figure("users_active", days_ago(OLD)) == 0
    events(*({"user_id": f"u{number}", "created_at": days_ago(OLD)} for number in range(3)))
    touched(OLD)
    assert [figure(name, days_ago(OLD)) for name in ("users_active", "users_new", "events")] == [
        3,
        3,
        3,
    ]


def test_who_is_known_from_earlier_is_no_longer_new_on_a_later_day() -> None:
    # Who is new on a day depends on what came before it
    events(
        {"user_id": "b", "created_at": days_ago(OLD + 1)},
        {"user_id": "a", "created_at": days_ago(40)},
    )
    daily_job.write_figures()
    assert figure("users_new", days_ago(40)) == 1
    events({"user_id": "a", "created_at": days_ago(OLD)})
    touched(OLD)
    assert [figure("users_new", days_ago(days)) for days in (OLD, 40)] == [1, 0]


def test_figures_that_can_be_computed_no_more_stay_and_are_marked() -> None:
    events({"created_at": days_ago(500)})
    rated(1, "thumbs", days_ago(400))
    batch_run("nightly", "completed", days_ago(50))
    daily_job.write_figures()
    with transaction() as session:
        settings.write(session, settings.Retention(batch_runs_kept=0), by=None)
    with transaction(Database.AI) as ai:
        ai.execute(text("update ai_feedback set received_at = created_at"))
    retention.apply()
    rated(-1, "thumbs", days_ago(400))
    batch_run("nightly", "failed", days_ago(50))
    touched(400, "feedback", "events", until=50)
    assert [figure(name, days_ago(400)) for name in ("feedback_ratio", "feedback_stale")] == [1, 1]
    # None came of that kind
    assert [figure(name, days_ago(50)) for name in ("batch_runs", "batch_stale")] == [1, None]
    touched(50, "batch_runs")
    assert [figure(name, days_ago(50)) for name in ("batch_runs", "batch_stale")] == [1, 1]


def test_outdated_days_are_marked_in_the_answer_and_on_the_line() -> None:
    with transaction() as session:
        for place in (2, 3):
            row = {"day": days_ago(place).date(), "metric": "feedback_stale"}
            columns = "insert into daily_metrics (date, metric_type, metric_value, dimensions)"
            session.execute(
                text(f"""{columns} values (:day, :metric, 1, '{{"environment": "production"}}')"""),
                row,
            )
    scope = WatchScope(last_days(7, zone="UTC"), Watched())
    with transaction() as core, transaction(Database.AI) as ai:
        found = {
            each.name: each
            for each in overview_kpis(core, ai, scope, actor=person(Role.ANALYST).actor)
        }
    assert (found["feedback"].stale, found["users"].stale) == ([3, 4], [])
    line = kpis.course([1.0] * 7, "", is_worse=False, stale=found["feedback"].stale)
    assert b64decode(line.split("base64,")[1].split("'")[0]).count(b"stroke-dasharray") == 2


def test_without_retention_in_between_old_runs_and_ratings_are_counted_again() -> None:
    events({"created_at": days_ago(500)})
    daily_job.write_figures()
    rated(1, "thumbs", days_ago(400))
    batch_run("nightly", "completed", days_ago(400))
    touched(400, "feedback", "batch_runs")
    names = ("feedback_ratio", "feedback_stale", "batch_success", "batch_stale")
    assert [figure(name, days_ago(400)) for name in names] == [1, None, 1, None]


def test_days_before_there_was_anything_have_no_figures_any_more() -> None:
    events(
        {"user_id": "a", "created_at": days_ago(OLD)}, {"user_id": "b", "created_at": days_ago(5)}
    )
    daily_job.write_figures()
    assert figure("users_active", days_ago(OLD)) == 1
    with transaction() as session:
        for table in ("event_deltas", "user_days"):
            at = "day" if table == "user_days" else "at"
            session.execute(text(f"delete from {table} where {at} < now() - interval '50 days'"))
    touched(OLD)
    assert figure("users_active", days_ago(OLD)) is None
    assert figure("users_active", days_ago(5)) == 1


def test_what_is_told_becomes_a_job() -> None:
    payload = TouchedRows(
        since=days_ago(3), until=days_ago(2), kinds=[], environment="production"
    ).model_dump(mode="json")
    with transaction() as session:
        outbox.add(session, "imports.touched", payload)
    outbox.relay(Database.CORE)
    assert count("procrastinate_jobs", f"task_name = '{daily_job.AGAIN}'") == 1


def test_nothing_is_written_before_the_first_daily_job() -> None:
    at: datetime = clock.now() - timedelta(days=2)
    events({"created_at": at})
    touched(2)
    assert count("daily_metrics") == 0
