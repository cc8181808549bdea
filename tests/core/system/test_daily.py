"""The daily job writes the figures of ended days: missing ones, and recent ones again."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from core.ai_metrics import jobs as ai_metrics
from core.database import settings
from core.database.db import Database, transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from core.system import jobs
from core.system.service import daily_job
from tests.factories.conversations import stored
from tests.factories.history import at, batch_run, count, days_ago, events, rated, requests, tasks
from tests.factories.history import daily as figure
from tests.factories.identity import person
from tests.factories.reviews import annotated

STEPS = ("register_start", "register_complete", "login_success", "portfolio_complete")
ROW = "select date, metric_type, metric_value, dimensions from daily_metrics order by 1, 2, 4"


def onboarded(user: str, days: float, *, whole: bool) -> list[dict[str, object]]:
    """Return the events of a user who completed onboarding, or stopped after its first step."""
    types = [*(f"onboarding.{step}" for step in STEPS), "chat.session_start"]
    made = [
        {
            "event_type": kind,
            "user_id": user,
            "created_at": days_ago(days) + timedelta(minutes=number),
        }
        for number, kind in enumerate(types)
    ]
    return made if whole else made[:1]


def written() -> list[tuple[object, ...]]:
    """Return all figures."""
    with transaction() as session:
        return [tuple(row) for row in session.execute(text(ROW))]


def test_each_day_gets_its_events_by_type_and_its_errors(database: Postgres) -> None:
    yesterday: dict[str, object] = {"created_at": days_ago(1)}
    today: dict[str, object] = {"created_at": days_ago(0)}
    events(
        yesterday, yesterday, {**yesterday, "event_type": "auth.logout", "error_code": "e"}, today
    )
    daily_job.write_figures()
    assert figure("events", days_ago(1)) == 3
    assert figure("events", days_ago(1), event_type="page.view") == 2
    assert figure("event_errors", days_ago(1), event_type="auth.logout") == 1
    assert figure("events", days_ago(0)) is None  # it has not ended


def test_users_are_active_on_each_day_and_new_on_their_first(database: Postgres) -> None:
    events(
        *(
            {"user_id": user, "created_at": days_ago(days), "release": "2.0"}
            for user, days in (("a", 2), ("a", 1), ("b", 1), ("b", 1.1))
        )
    )
    daily_job.write_figures()
    assert count("daily_metrics", "dimensions->>'environment' <> 'production'") == 0
    assert [figure(name, days_ago(1)) for name in ("users_active", "users_new")] == [2, 1]
    assert [figure(name, days_ago(2)) for name in ("users_active", "users_new")] == [1, 1]


def test_conversion_is_of_those_who_began_on_that_day(database: Postgres) -> None:
    events(
        *onboarded("a", 1, whole=True),
        *onboarded("b", 1, whole=False),
        *onboarded("c", 2, whole=False),
    )
    daily_job.write_figures()
    assert figure("onboarding_started", days_ago(1)) == 2
    assert figure("onboarding_conversion", days_ago(1)) == 0.5
    assert figure("onboarding_conversion", days_ago(2)) == 0


@pytest.mark.parametrize("is_folded", [False, True])
def test_requests_are_counted_by_model_folded_or_not(database: Postgres, is_folded: bool) -> None:
    fine = {
        "created_at": days_ago(1),
        "input_tokens": 10,
        "output_tokens": 5,
        "cost_usd": "0.25",
        "total_latency_ms": 1000,
    }
    requests(fine, fine, {**fine, "model": "o1", "error_type": "x", "total_latency_ms": 9000})
    if is_folded:
        ai_metrics.fold(0)
    daily_job.write_figures()
    assert figure("requests", days_ago(1)) == 3
    assert figure("errors", days_ago(1), provider="openai", model="o1") == 1
    assert figure("total_tokens", days_ago(1)) == 45
    assert figure("cost_usd", days_ago(1), provider="openai", model="gpt-4o") == 0.5
    assert figure("latency_p50_ms", days_ago(1)) == pytest.approx(1000, rel=0.01)
    assert figure("latency_p99_ms", days_ago(1), provider="openai", model="o1") == pytest.approx(
        9000, rel=0.01
    )


def test_token_counts_beyond_what_a_figure_holds_are_written_as_the_most(
    database: Postgres,
) -> None:
    wrong = {"created_at": days_ago(2), "input_tokens": 2**31 - 1}
    requests(*[wrong] * 466, {"created_at": days_ago(1), "input_tokens": 7})
    daily_job.write_figures()
    assert figure("input_tokens", days_ago(2)) == 999_999_999_999
    assert figure("input_tokens", days_ago(1)) == 7


def test_annotations_are_counted_of_each_type(database: Postgres) -> None:
    answer = {
        "id": "m1",
        "role": "assistant",
        "content": "x",
        "created_at": days_ago(1).isoformat(),
    }
    stored({"id": "c", "messages": [answer]})
    requests({"created_at": days_ago(1)})
    for type_ in ("flag", "flag", "approved"):
        annotated(annotation_type=type_, created_at=days_ago(1))
    daily_job.write_figures()
    assert figure("annotations", days_ago(1)) == 3
    assert figure("annotations", days_ago(1), annotation_type="flag") == 2
    daily_job.write_figures()
    assert figure("annotations", days_ago(1), annotation_type="flag") == 2


def test_feedback_and_batch_success_are_shares(database: Postgres) -> None:
    for rating, scale in ((1, "thumbs"), (-1, "thumbs"), (4, "five"), (3, "five")):
        rated(rating, scale, days_ago(1))
    for status in ("completed", "failed", "completed", "odd", "lost"):
        batch_run("import", status, days_ago(1))
    daily_job.write_figures()
    assert figure("feedback_ratio", days_ago(1)) == 0.5
    assert figure("batch_runs", days_ago(1), batch_job="import") == 5
    assert figure("batch_success", days_ago(1)) == 0.5


def test_days_that_were_missed_are_caught_up_and_empty_ones_say_so(database: Postgres) -> None:
    events({"created_at": days_ago(40)}, {"created_at": days_ago(1)})
    daily_job.write_figures()
    assert figure("events", days_ago(40)) == 1
    assert figure("events", days_ago(20)) == 0
    assert count("daily_metrics", "metric_type = 'users_active'") == 40


def test_the_same_day_again_gives_the_same_rows(database: Postgres) -> None:
    events(*onboarded("a", 3, whole=True))
    requests({"created_at": days_ago(2), "total_latency_ms": 5})
    daily_job.write_figures()
    before = written()
    daily_job.write_figures()
    assert written() == before


def test_what_arrives_late_is_counted_by_the_next_run(database: Postgres) -> None:
    events({"created_at": days_ago(3)})
    daily_job.write_figures()
    events({"created_at": days_ago(3)})
    daily_job.write_figures()
    assert figure("events", days_ago(3)) == 2


@pytest.mark.parametrize("kind", ["events", "requests"])
def test_rows_that_arrive_months_late_are_counted_by_the_next_run(
    database: Postgres, kind: str
) -> None:
    events({"created_at": days_ago(70)})
    daily_job.write_figures()
    {"events": events, "requests": requests}[kind]({"created_at": days_ago(60)})
    daily_job.write_figures()
    assert figure(kind, days_ago(60)) == 1


def test_days_are_those_of_the_reporting_time_zone(database: Postgres) -> None:
    with transaction() as session:
        settings.write(session, settings.Workspace(reporting_time_zone="Pacific/Auckland"), by=None)
    late = days_ago(3).replace(hour=18)
    events({"created_at": late, "user_id": "a"}, zone="Pacific/Auckland")
    daily_job.write_figures()
    assert figure("events", late) is None
    assert figure("events", late + timedelta(days=1)) == 1


def test_a_run_is_in_the_batch_history_with_its_phases(database: Postgres) -> None:
    daily_job.run("attune.daily-1", triggered_by="somebody")
    with transaction() as session:
        row = session.execute(text("select * from batch_run_history")).mappings().one()
    assert (row["batch_job"], row["status"], row["triggered_by"]) == (
        "attune.daily",
        "completed",
        "somebody",
    )
    assert sorted(row["phase_durations"]) == ["figures", "partitions", "retention"]
    assert (row["total_jobs"], row["completed_jobs"]) == (3, 3)


def test_a_failed_phase_fails_the_run_and_a_second_try_goes_on_under_its_name(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OSError("no more")

    with monkeypatch.context() as patch:
        patch.setitem(daily_job.PHASES, "figures", fail)
        with pytest.raises(OSError, match="no more"):
            daily_job.run("attune.daily-1", triggered_by="schedule")
    assert (
        count(
            "batch_run_history", "status = 'failed' and error_summary = 'figures: OSError: no more'"
        )
        == 1
    )
    daily_job.run("attune.daily-1", triggered_by="schedule")
    assert (
        count(
            "batch_run_history",
            "status = 'completed' and error_summary is null and failed_jobs = 0",
        )
        == 1
    )


def test_expired_rows_are_deleted_though_no_figures_can_be_written(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ArithmeticError("too large")

    rated(1, "thumbs", days_ago(1))
    at(days_ago(-400), monkeypatch)
    monkeypatch.setitem(daily_job.PHASES, "figures", fail)
    with pytest.raises(ArithmeticError):
        daily_job.run("attune.daily-1", triggered_by="schedule")
    assert count("ai_feedback", database=Database.AI) == 0
    assert count("batch_run_history", "status = 'failed' and failed_jobs = 1") == 1


def test_it_is_caught_up_when_nobody_was_there_at_its_hour(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.catch_up(0)
    jobs.catch_up(0)
    assert tasks(daily_job.TASK, "todo") == 1
    daily_job.run("attune.daily-1", triggered_by="schedule")
    with transaction() as session:
        session.execute(text("delete from procrastinate_jobs"))
    jobs.catch_up(0)
    assert tasks(daily_job.TASK, "todo") == 0
    at(days_ago(-2), monkeypatch)
    jobs.catch_up(0)
    assert tasks(daily_job.TASK, "todo") == 1


def test_it_is_not_caught_up_while_it_runs(database: Postgres) -> None:
    # After a quarter of an hour a second run began, and was listed as failed
    jobs.catch_up(0)
    with transaction() as session:
        session.execute(text("update procrastinate_jobs set status = 'doing'"))
    jobs.catch_up(0)
    assert (tasks(daily_job.TASK, "doing"), tasks(daily_job.TASK, "todo")) == (1, 0)


def test_one_that_is_asked_for_while_it_runs_does_not_start_beside_it(database: Postgres) -> None:
    with transaction() as session:
        daily_job.defer(session, triggered_by="schedule")
        session.execute(text("update procrastinate_jobs set status = 'doing'"))
        daily_job.request(session, actor=person(Role.ADMIN).actor)
    assert (tasks(daily_job.TASK, "doing"), tasks(daily_job.TASK, "todo")) == (1, 0)
