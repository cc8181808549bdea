"""Repricing as a job: correct progress after an interruption, and daily metrics of any age
follow.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update

from core.ai_metrics import repricing as flows
from core.ai_metrics.models import AiRequest
from core.ai_metrics.repricing import Reprice, RepriceProgress, RepriceReport
from core.batches.errors import RunMissing
from core.batches.models import BatchRunRecord
from core.database.db import Session, transaction
from core.database.settings import Workspace, write
from core.database.tables import CoreAudit
from core.embedded.postgres import Postgres
from core.errors import Forbidden
from core.executions.models import Execution
from core.identity.schemas import Actor, Role
from core.jobs import queue
from core.platform import clock
from core.platform.ids import new_id
from core.providers.queries import token_prices
from core.providers.service import price_list
from core.system import jobs
from core.system.service import daily_job, reprice_runs
from core.system.service.reprice_runs import RepriceRun
from tests.factories.executions import executed
from tests.factories.history import batch_run, count, days_ago, requests, tasks
from tests.factories.history import daily as figure
from tests.factories.identity import person
from tests.factories.requests import price

OWN = "our-own-model"
OLD, MILLION = 60, 1_000_000


class Killed(BaseException):
    """What no handler catches."""


@pytest.fixture
def boss(database: Postgres) -> Actor:
    token_prices.clear_cache()  # what the test before has priced
    return person().actor


def ask(boss: Actor, *, days: int = OLD + 1, dry_run: bool = False) -> RepriceRun:
    given = Reprice(dry_run=dry_run, start=days_ago(days), end=days_ago(0))
    with transaction() as session:
        return reprice_runs.request(session, flows.span_of(given), dry_run=dry_run, actor=boss)


def seen(boss: Actor, run: RepriceRun) -> RepriceRun:
    with transaction() as session:
        return reprice_runs.get_run(session, run.id, actor=boss)


def name_of(run: RepriceRun) -> str:
    with transaction() as session:
        return session.scalars(
            select(BatchRunRecord.batch_run_id).where(BatchRunRecord.id == run.id)
        ).one()


def some(*days: float) -> None:
    requests(
        *(
            {"id": f"r{day}", "created_at": days_ago(day), "model": OWN, "input_tokens": MILLION}
            for day in days
        )
    )


def sum_of_costs() -> Decimal:
    with transaction() as session:
        return sum(
            (cost or Decimal(0) for cost in session.scalars(select(AiRequest.cost_usd))), Decimal(0)
        )


def test_a_run_waits_then_works_then_says_what_came_of_it(boss: Actor) -> None:
    some(OLD, 3, 2)
    price(boss, OWN, days_ago(90), input="1.5")
    asked = ask(boss)
    assert (asked.status, asked.days, asked.days_done, asked.requested_by) == (
        "queued",
        62,
        0,
        boss.email,
    )
    assert tasks("system.reprice") == 1
    jobs.reprice(name_of(asked))
    done = seen(boss, asked)
    assert (done.status, done.days_done, done.error) == ("completed", 62, None)
    assert done.completed_at is not None
    assert (done.report.requests_changed, done.report.difference_usd) == (3, Decimal("4.5"))
    assert sum_of_costs() == Decimal("4.5")


def test_one_run_works_at_a_time_and_apart_from_short_jobs(boss: Actor) -> None:
    # Two repricings work on the same days, and four held all places of the worker
    ask(boss), ask(boss)
    with transaction() as session:
        queued = text("select queue_name, lock from procrastinate_jobs where task_name = :task")
        found = session.execute(queued, {"task": reprice_runs.TASK}).all()
    assert found == [(queue.LONG, reprice_runs.TASK)] * 2


def test_the_figures_of_each_repriced_day_hold_the_new_cost_however_old_they_are(
    boss: Actor,
) -> None:
    some(OLD, 3)
    batch_run("nightly", "completed", days_ago(OLD))
    daily_job.write_figures()
    assert [figure("cost_usd", days_ago(day)) for day in (OLD, 3)] == [0, 0]
    assert figure("unpriced_requests", days_ago(OLD), provider="openai", model=OWN) == 1
    with transaction() as session:
        session.execute(text("delete from batch_run_history"))
    price(boss, OWN, days_ago(90), input="1.5")
    jobs.reprice(name_of(ask(boss)))
    for day in (OLD, 3):
        assert (
            figure("cost_usd", days_ago(day))
            == figure("cost_usd", days_ago(day), provider="openai", model=OWN)
            == 1.5
        )
        assert figure("unpriced_requests", days_ago(day)) == 0
    # What is no cost stays: of a day so old, its rows may be gone.
    assert figure("batch_runs", days_ago(OLD)) == 1
    assert figure("cost_usd", days_ago(OLD - 1)) == 0


def test_days_are_those_of_the_reporting_time_zone(boss: Actor) -> None:
    with transaction() as session:
        write(session, Workspace(reporting_time_zone="Asia/Tokyo"), by=None)
    late = days_ago(40).replace(hour=20)  # in Tokyo, the next day
    requests(
        {"id": "r", "created_at": late, "model": OWN, "input_tokens": MILLION}, zone="Asia/Tokyo"
    )
    daily_job.write_figures()
    price(boss, OWN, days_ago(90), input="1.5")
    given = Reprice(dry_run=False, start=late, end=late + timedelta(minutes=1))
    with transaction() as session:
        run = reprice_runs.request(session, flows.span_of(given), dry_run=False, actor=boss)
    jobs.reprice(name_of(run))
    assert figure("cost_usd", days_ago(39)) == 1.5


def test_a_day_without_figures_gets_none_from_this(boss: Actor) -> None:
    some(3)
    price(boss, OWN, days_ago(90), input="1.5")
    jobs.reprice(name_of(ask(boss)))
    assert count("daily_metrics") == 0
    daily_job.write_figures()
    assert figure("cost_usd", days_ago(3)) == 1.5


def test_a_dry_run_by_a_job_changes_nothing(boss: Actor) -> None:
    some(3)
    daily_job.write_figures()
    price(boss, OWN, days_ago(90), input="1.5")
    asked = ask(boss, dry_run=True)
    jobs.reprice(name_of(asked))
    assert seen(boss, asked).report.difference_usd == Decimal("1.5")
    assert sum_of_costs() == 0
    assert figure("cost_usd", days_ago(3)) == 0
    assert count("audit_log", "action = 'price.reprice'") == 0


def test_a_killed_run_goes_on_with_the_next_day_and_its_report_is_whole(
    boss: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    some(4, 3, 2, 1)
    daily_job.write_figures()
    price(boss, OWN, days_ago(90), input="1.5")
    asked, noted = ask(boss), reprice_runs._note_day  # noqa: SLF001  where it is to break off

    def die(session: Session, name: str, so_far: RepriceProgress) -> None:
        noted(session, name, so_far)
        if so_far.report.requests_changed == 3:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(reprice_runs, "_note_day", die)
        with pytest.raises(Killed):
            jobs.reprice(name_of(asked))
    halfway = seen(boss, asked)
    assert (halfway.status, halfway.report.requests_changed, sum_of_costs()) == (
        "running",
        2,
        Decimal(3),
    )
    jobs.reprice(name_of(asked))
    done = seen(boss, asked)
    assert (done.status, done.days_done, done.report.requests_changed) == ("completed", 62, 4)
    assert done.report.difference_usd == sum_of_costs() == Decimal(6)
    assert [figure("cost_usd", days_ago(day)) for day in (4, 3, 2, 1)] == [1.5] * 4


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_job_that_comes_again_after_its_run_has_ended_counts_nothing_twice(
    boss: Actor, dry_run: bool
) -> None:
    # A worker that is killed between the end of the run and that of its job has the job done again
    executed(boss)
    price(boss, "echo", days_ago(90), provider="fake")
    with transaction() as session:
        session.execute(update(Execution).values(created_at=days_ago(2)))
    asked = ask(boss, dry_run=dry_run)
    jobs.reprice(name_of(asked))
    ended = seen(boss, asked)
    assert (ended.status, ended.report.requests_examined) == ("completed", 1)
    jobs.reprice(name_of(asked))
    assert seen(boss, asked) == ended


def test_what_goes_wrong_is_said_and_a_second_try_ends_it(
    boss: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    some(2)
    price(boss, OWN, days_ago(90), input="1.5")
    asked = ask(boss)

    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(reprice_runs, "_write_days", fail)
        with pytest.raises(RuntimeError):
            jobs.reprice(name_of(asked))
    failed = seen(boss, asked)
    assert (failed.status, failed.error) == ("failed", "RuntimeError: the disk is full")
    jobs.reprice(name_of(asked))
    assert (seen(boss, asked).status, seen(boss, asked).error) == ("completed", None)


def test_a_price_that_another_process_has_just_removed_is_no_longer_used(boss: Actor) -> None:
    own = price(boss, OWN, days_ago(90), input="1.5")
    some(2)
    with transaction() as session:
        price_list.remove(session, own.id, actor=boss)
    jobs.reprice(name_of(ask(boss)))
    assert sum_of_costs() == 0


def test_who_asked_is_in_the_audit_log(boss: Actor) -> None:
    run = ask(boss)
    with transaction() as session:
        row = session.scalars(select(CoreAudit).where(CoreAudit.action == "price.reprice")).one()
    assert (row.actor_id, row.targets["run"]) == (boss.id, name_of(run))


def test_a_look_at_very_many_requests_is_a_job(
    boss: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    some(2, 1)
    given = Reprice(start=days_ago(3), end=clock.now())
    assert isinstance(reprice_runs.reprice(given, actor=boss), RepriceReport)
    monkeypatch.setattr(reprice_runs, "MOST_REQUESTS", 1)
    assert isinstance(reprice_runs.reprice(given, actor=boss), RepriceRun)
    assert isinstance(
        reprice_runs.reprice(given.model_copy(update={"start": days_ago(1.1)}), actor=boss),
        RepriceReport,
    )
    old = given.model_copy(update={"start": days_ago(500), "end": days_ago(50)})
    assert isinstance(reprice_runs.reprice(old, actor=boss), RepriceRun)


def test_only_runs_of_this_kind_are_found_here(boss: Actor) -> None:
    other = batch_run("nightly", "completed", days_ago(1))
    for each in (other, new_id()):
        with pytest.raises(RunMissing), transaction() as session:
            reprice_runs.get_run(session, each, actor=boss)
    with transaction() as session:
        assert reprice_runs.find_latest(session, actor=boss) is None
    run = ask(boss)
    with transaction() as session:
        assert reprice_runs.find_latest(session, actor=boss) == run


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
def test_it_is_for_administrators(database: Postgres, role: Role) -> None:
    with pytest.raises(Forbidden):
        reprice_runs.reprice(Reprice(), actor=person(role).actor)
    with pytest.raises(Forbidden):
        ask(person(role).actor)
    with pytest.raises(Forbidden), transaction() as session:
        reprice_runs.find_latest(session, actor=person(role).actor)
