"""Outcomes of batch runs, and durations of runs and phases."""

from datetime import timedelta

import pytest

from core.batches.errors import RunMissing
from core.batches.queries import batch_runs, outcomes, phases
from core.batches.queries.kpis import run_kpis
from core.batches.views import BatchRunQuery
from core.database import settings
from core.database.db import transaction
from core.database.paging import Window
from core.embedded.postgres import Postgres
from core.errors import Forbidden
from core.identity.schemas import Actor, Role
from core.platform import clock
from core.presentation.periods import Period, Watched
from tests.factories.ai_metrics import moment
from tests.factories.batches import ran
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY = moment("2026-03-28T00:00+01:00")
# The second one has 23 hours
THREE_DAYS = Period(DAY, moment("2026-03-31T00:00+02:00"), "Europe/Berlin")
ASKED = BatchRunQuery(THREE_DAYS)


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ANALYST).actor


def test_the_rate_is_of_runs_that_ended_well_or_badly(actor: Actor) -> None:
    for state in ("completed", "completed", "completed", "failed", "partial", "lost"):
        ran(DAY, state)
    ran(DAY, "running", took_s=None)
    ran(DAY, "skipped by hand")
    with transaction() as session:
        found = outcomes.summary(session, ASKED, actor=actor)
    assert (found.runs, found.completed, found.failed, found.partial, found.lost) == (8, 3, 1, 1, 1)
    assert (found.running, found.other, found.success_rate) == (1, 1, 0.5)


def test_of_no_runs_there_are_zeros_and_nulls(actor: Actor) -> None:
    with transaction() as session:
        found = outcomes.summary(session, ASKED, actor=actor)
        days = outcomes.by_day(session, ASKED, actor=actor)
        assert outcomes.by_job(session, ASKED, actor=actor) == []
        assert phases.phases(session, ASKED, actor=actor) == []
    assert (found.runs, found.success_rate, found.avg_duration_ms, found.p95_duration_ms) == (
        0,
        None,
        None,
        None,
    )
    assert [each.runs for each in days] == [0, 0, 0]


def test_runs_of_the_hour_from_midnight_that_comes_twice_are_of_the_new_day(actor: Actor) -> None:
    night = moment("2026-10-25T00:00+00:00")
    for minutes in (-30, 30, 90):
        ran(night + timedelta(minutes=minutes), "completed")
    day = Period(night, moment("2026-10-26T00:00-01:00"), "Atlantic/Azores")
    with transaction() as session:
        found = outcomes.summary(session, BatchRunQuery(day), actor=actor)
        days = outcomes.by_day(session, BatchRunQuery(day), actor=actor)
    assert found.runs == 2
    assert [(each.at, each.runs) for each in days] == [(night, 2)]


def test_what_only_runs_or_is_unknown_has_no_rate(actor: Actor) -> None:
    ran(DAY, "running", took_s=None)
    ran(DAY, "?")
    with transaction() as session:
        assert outcomes.summary(session, ASKED, actor=actor).success_rate is None


def test_durations_are_of_the_runs_that_have_ended(actor: Actor) -> None:
    for seconds in (1, 2, 3, 10):
        ran(DAY, took_s=seconds)
    ran(DAY, "running", took_s=None)
    with transaction() as session:
        found = outcomes.summary(session, ASKED, actor=actor)
    assert (found.avg_duration_ms, found.p50_duration_ms, found.p95_duration_ms) == (
        4000,
        2000,
        10_000,
    )


def test_the_period_before_has_as_many_days(actor: Actor) -> None:
    ran(DAY - timedelta(seconds=1), "failed")
    ran(moment("2026-03-25T00:00+01:00"), "completed")
    ran(moment("2026-03-24T23:59+01:00"), "failed")
    with transaction() as session:
        found = outcomes.summary(session, ASKED, actor=actor)
    assert (found.runs, found.previous.runs, found.previous.success_rate) == (0, 2, 0.5)


@pytest.mark.parametrize(("length", "verdict"), [(6, "unknown"), (8, "different")])
def test_runs_are_compared_only_when_every_weekday_is_there(
    actor: Actor, length: int, verdict: str
) -> None:
    period = Period(DAY, DAY + timedelta(days=length), "UTC")
    for day in range(-length, length):
        for _ in range(2 if day < 0 else 1):
            ran(DAY + timedelta(days=day, hours=1))
    with transaction() as session:
        [runs, *_] = run_kpis(session, BatchRunQuery(period), actor=actor)
    assert (runs.verdict, runs.value, runs.before) == (verdict, length, 2 * length)


@pytest.mark.parametrize(("sealed", "before"), [(None, 16), (8, 16), (4, None)])
def test_runs_that_retention_has_partly_removed_are_not_compared(
    actor: Actor, sealed: int | None, before: int | None
) -> None:
    # The rest of the previous period made their number a significant rise
    period = Period(DAY, DAY + timedelta(days=8), "UTC")
    for day in range(-8, 8):
        ran(DAY + timedelta(days=day, hours=1))
        ran(DAY + timedelta(days=day, hours=2), "completed" if day < 0 else "failed")
    if sealed is not None:
        with transaction() as session:
            until = settings.Sealed(batch_run_history=DAY - timedelta(days=sealed))
            settings.write(session, until, by=None)
    with transaction() as session:
        [runs, success, *_] = run_kpis(session, BatchRunQuery(period), actor=actor)
    assert (runs.value, runs.before) == (16, before)
    assert success.verdict == ("unknown" if before is None else "worse")


def test_fewer_failed_runs_are_not_called_worse_although_more_of_all_runs_fail(
    actor: Actor,
) -> None:
    # The verdict is on the share of failed runs, which rose, and the figure shown is their number
    for number in range(100):
        ran(DAY - timedelta(hours=number + 1), "failed" if number < 20 else "completed")
    for number in range(20):
        ran(DAY + timedelta(hours=number), "failed" if number < 10 else "completed")
    period = Period(DAY, DAY + timedelta(days=5), "UTC")
    with transaction() as session:
        [_, success, bad, _] = run_kpis(session, BatchRunQuery(period), actor=actor)
    assert (success.value, success.before, success.verdict) == (0.5, 0.8, "worse")
    assert (bad.value, bad.before, bad.verdict) == (10, 20, "noise")


def test_a_day_that_is_not_over_is_in_no_sparkline(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment("2026-03-30T09:00+02:00"))
    for day in (0, 1):
        ran(DAY + timedelta(days=day, hours=1), "failed")
    with transaction() as session:
        found = {each.name: each.course for each in run_kpis(session, ASKED, actor=actor)}
    assert found == {
        "runs": [1, 1],
        "success": [0, 0],
        "bad": [1, 1],
        "duration": [60_000, 60_000],
    }


def test_days_are_those_of_the_zone_also_when_clocks_change(actor: Actor) -> None:
    ran(moment("2026-03-28T23:59+01:00"))
    ran(moment("2026-03-29T00:00+01:00"), "failed")
    ran(moment("2026-03-29T23:59+02:00"))
    ran(moment("2026-03-30T00:00+02:00"))
    with transaction() as session:
        found = outcomes.by_day(session, ASKED, actor=actor)
    assert [(each.runs, each.success_rate) for each in found] == [(1, 1.0), (2, 0.5), (1, 1.0)]


def test_each_batch_job_says_how_its_last_run_stands(actor: Actor) -> None:
    ran(DAY, "completed", job="nightly")
    ran(DAY + timedelta(hours=1), "failed", job="nightly")
    ran(DAY, "completed", job="hourly")
    with transaction() as session:
        found = outcomes.by_job(session, ASKED, actor=actor)
    assert [(each.batch_job, each.runs, each.success_rate, each.last_status) for each in found] == [
        ("hourly", 1, 1.0, "completed"),
        ("nightly", 2, 0.5, "failed"),
    ]


def test_runs_are_listed_from_the_last_one_and_filtered(actor: Actor) -> None:
    first = ran(DAY, "failed", job="a")
    second = ran(DAY + timedelta(hours=1), "completed", job="a")
    ran(DAY, environment="staging")
    third = ran(DAY + timedelta(hours=2), "failed", job="b")

    def listed(**given: str) -> list[str]:
        with transaction() as session:
            found = batch_runs.list_runs(
                session,
                BatchRunQuery(THREE_DAYS, **given),  # type: ignore[arg-type]  # by name
                window=Window(),
                actor=actor,
            )
        return [each.batch_run_id for each in found]

    assert listed() == [third, second, first]
    assert listed(job="a") == [second, first]
    assert listed(status="failed") == [third, first]
    assert listed(job="b", status="completed") == []


def test_a_run_has_no_release_and_no_user(actor: Actor) -> None:
    ran(DAY)
    for watched in (Watched(release="1"), Watched(user_id="u")):
        with transaction() as session:
            assert (
                outcomes.summary(session, BatchRunQuery(THREE_DAYS, watched), actor=actor).runs == 0
            )


def test_a_run_is_found_by_either_id(actor: Actor) -> None:
    name = ran(DAY, batch_run_id="2026-03-28 nightly", took_s=1.5)
    with transaction() as session:
        found = batch_runs.get_run(session, name, actor=actor)
        assert batch_runs.get_run(session, str(found.id), actor=actor) == found
        with pytest.raises(RunMissing):
            batch_runs.get_run(session, "another", actor=actor)
    assert found.duration_ms == 1500


def test_phases_are_measured_in_the_runs_that_report_them(actor: Actor) -> None:
    for number, took in enumerate((100, 200, 400)):
        ran(
            DAY + timedelta(days=number),
            phase_durations={"load": took, "send": 5.4, "odd": "n/a", "none": None},
        )
    ran(DAY, phase_durations={"load": 300})
    ran(DAY - timedelta(days=1), phase_durations={"load": 50})
    ran(DAY, job="other", phase_durations={"load": 7})
    ran(DAY)
    with transaction() as session:
        found = phases.phases(session, ASKED, actor=actor)
    assert [(each.batch_job, each.phase) for each in found] == [
        ("nightly", "load"),
        ("nightly", "send"),
        ("other", "load"),
    ]
    load, send, _ = found
    assert (load.runs, load.avg_ms, load.p50_ms, load.p95_ms, load.max_ms) == (
        4,
        250,
        200,
        400,
        400,
    )
    assert [(each.runs, each.p50_ms, each.p95_ms) for each in load.trend] == [
        (2, 100, 300),
        (1, 200, 200),
        (1, 400, 400),
    ]
    assert (load.previous.runs, load.previous.p50_ms) == (1, 50)
    assert (send.runs, send.p50_ms, send.previous.runs, send.previous.p50_ms) == (3, 5, 0, None)


def test_runs_are_for_those_who_watch(actor: Actor) -> None:
    reviewer = person(Role.REVIEWER).actor
    with transaction() as session:
        for ask in (outcomes.summary, outcomes.by_day, outcomes.by_job, phases.phases):
            with pytest.raises(Forbidden):
                ask(session, ASKED, actor=reviewer)
