"""An own app as a target: its answers arrive from outside, are scored by the worker, count once."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.evaluations import jobs
from core.evaluations.app_schemas import AnswersReport, AppAnswers, AppWork
from core.evaluations.errors import AnswersRefused, IdempotencyKeyUsed
from core.evaluations.models import EvaluationResult
from core.evaluations.queries import app_work, reports, results
from core.evaluations.queries.evaluations import list_lost
from core.evaluations.schemas import EvaluationResume, EvaluationStatus, ResultStatus
from core.evaluations.service import app_answers, evaluations
from core.executions.runner import Runner
from core.platform.ids import new_id
from tests.factories.evaluations import answering, app_answered, read, run, silence, started
from tests.factories.identity import Person, person

APP = {"app": "shop-bot"}


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def begun(one: Person, cases: int = 3, **more: Any) -> UUID:  # noqa: ANN401  fields of any kind
    inputs = [f"question {number}" for number in range(cases)]
    return started(one.actor, *inputs, **{"target": APP} | more)


def work_of(one: Person, evaluation_id: UUID, **more: Any) -> AppWork:  # noqa: ANN401
    with transaction() as session:
        return app_work.list_work(session, evaluation_id, actor=one.actor, **more)


def send(one: Person, evaluation_id: UUID, *answers: dict[str, Any]) -> AnswersReport:
    sent = AppAnswers.model_validate({"answers": answers})
    with transaction() as session:
        return app_answers.store(session, evaluation_id, sent, actor=one.actor)


def lost(evaluation_id: UUID) -> bool:
    with transaction() as session:
        return evaluation_id in {row.id for row in list_lost(session)}


def test_the_work_says_what_is_asked_and_not_what_is_expected(one: Person) -> None:
    cases = [{"input": "a", "reference": "secret", "context": {"plan": "pro"}, "tags": ["x"]}]
    evaluation_id = begun(one, test_cases=cases, runs=2)
    work = work_of(one, evaluation_id)
    assert [(it.app, it.position, it.run) for it in work.items] == [
        ("shop-bot", 1, 1),
        ("shop-bot", 1, 2),
    ]
    assert (work.items[0].context, work.items[0].tags) == ({"plan": "pro"}, ("x",))
    assert "secret" not in work.model_dump_json()


def test_answers_are_scored_by_the_worker_with_time_and_cost(one: Person) -> None:
    evaluation_id = begun(one, 2)
    first, second = work_of(one, evaluation_id).items
    report = send(
        one,
        evaluation_id,
        {"id": first.id, "text": "good", "latency_ms": 40, "cost_usd": "0.002"},
        {"id": second.id, "text": "bad", "latency_ms": 60, "cost_usd": "0.001"},
    )
    assert (report.accepted, report.duplicates, report.rejected) == (2, 0, ())
    assert read(one.actor, evaluation_id).progress.waiting == 0
    run(evaluation_id)
    found = read(one.actor, evaluation_id)
    assert (found.status, found.success_rate.value) == (EvaluationStatus.COMPLETED, 0.5)
    assert (found.spent_usd, found.unpriced) == (Decimal("0.003"), 0)
    [target] = found.results
    assert (target.title, target.app, target.p95_ms) == ("app: shop-bot", "shop-bot", 60)


def test_costs_of_answers_that_add_up_to_more_than_a_million_are_summed(one: Person) -> None:
    # An own app may claim almost a million for each answer; the column had no room for the sum
    evaluation_id = begun(one, 2)
    app_answered(one.actor, evaluation_id, "good", "900000", "900000")
    run(evaluation_id)
    found = read(one.actor, evaluation_id)
    assert (found.status, found.spent_usd) == (EvaluationStatus.COMPLETED, Decimal(1_800_000))


def test_the_same_answer_sent_twice_counts_once_and_the_first_one_stays(one: Person) -> None:
    evaluation_id = begun(one, 2)
    first, second = work_of(one, evaluation_id).items
    good = {"id": first.id, "text": "good"}
    assert send(one, evaluation_id, good, {**good, "text": "bad"}).duplicates == 1
    run(evaluation_id)
    again = send(one, evaluation_id, {**good, "text": "bad"}, {"id": second.id, "text": "good"})
    assert (again.accepted, again.duplicates) == (1, 1)
    run(evaluation_id)
    assert send(one, evaluation_id, good).duplicates == 1  # after its end, too
    found = read(one.actor, evaluation_id)
    assert (found.success_rate.value, found.progress.done) == (1.0, 2)


def test_what_names_no_run_of_an_app_is_rejected_and_the_others_are_stored(one: Person) -> None:
    evaluation_id = begun(one, 1, target=None, targets=[{"model_id": "fake:echo"}, APP], runs=1)
    with transaction() as session:
        of_model = session.scalars(
            select(EvaluationResult.id).where(EvaluationResult.target == 1)
        ).one()
    [waiting] = work_of(one, evaluation_id).items
    report = send(
        one, evaluation_id, {"id": new_id()}, {"id": of_model}, {"id": waiting.id, "text": "good"}
    )
    assert report.accepted == 1
    assert [it.index for it in report.rejected] == [0, 1]


def test_an_error_of_the_app_is_a_failed_call_that_can_be_made_again(one: Person) -> None:
    evaluation_id = begun(one, 1)
    [waiting] = work_of(one, evaluation_id).items
    send(one, evaluation_id, {"id": waiting.id, "error": "ValueError: no stock"})
    run(evaluation_id)
    failed = read(one.actor, evaluation_id)
    assert (failed.results[0].failed, failed.success_rate.n) == (1, 0)
    with transaction() as session:
        [row] = results.list_cases(session, evaluation_id, actor=one.actor).items
        [kept] = results.get_case(session, evaluation_id, row.id, actor=one.actor).runs
    assert (kept.status, kept.error) == (ResultStatus.FAILED, "ValueError: no stock")
    with transaction() as session:
        evaluations.rerun_failed(session, evaluation_id, actor=one.actor)
    assert read(one.actor, evaluation_id).progress.waiting == 1
    app_answered(one.actor, evaluation_id, "good")
    run(evaluation_id)
    assert read(one.actor, evaluation_id).success_rate.value == 1.0


def test_one_that_waits_holds_no_job_and_others_go_on(one: Person) -> None:
    waits = begun(one)
    other = started(one.actor, answering("good"))
    run(waits)
    assert not read(one.actor, waits).progress.is_waiting  # the app may be about to answer
    silence()
    found = read(one.actor, waits)
    assert (found.status, found.progress.is_waiting) == (EvaluationStatus.RUNNING, True)
    run(other)
    assert read(one.actor, other).status is EvaluationStatus.COMPLETED
    assert not lost(waits)
    jobs.resume(0)
    app_answered(one.actor, waits, "good")
    silence()
    assert lost(waits)  # answers that no job has scored
    run(waits)
    assert read(one.actor, waits).status is EvaluationStatus.COMPLETED


def test_a_model_beside_the_app_does_not_wait_for_it(one: Person) -> None:
    evaluation_id = started(
        one.actor, *[answering("good")] * 2, target=None, targets=[{"model_id": "fake:echo"}, APP]
    )
    run(evaluation_id)
    found = read(one.actor, evaluation_id)
    assert [it.completed for it in found.results] == [2, 0]
    assert (found.progress.done, found.progress.waiting) == (2, 2)
    app_answered(one.actor, evaluation_id, "bad")
    run(evaluation_id)
    with transaction() as session:
        [compared] = reports.compare(
            session, evaluation_id, evaluation_id, baseline_target=1, actor=one.actor
        ).targets
    assert (compared.title, compared.passes.only_baseline) == ("app: shop-bot", 2)


def test_a_cancelled_one_has_no_work_and_takes_no_answers_until_it_is_resumed(
    one: Person,
) -> None:
    evaluation_id = begun(one, 1)
    [waiting] = work_of(one, evaluation_id).items
    with transaction() as session:
        evaluations.cancel(session, evaluation_id, actor=one.actor)
    assert work_of(one, evaluation_id).items == []
    with pytest.raises(AnswersRefused):
        send(one, evaluation_id, {"id": waiting.id, "text": "good"})
    assert read(one.actor, evaluation_id).progress.waiting == 1
    with transaction() as session:
        evaluations.resume(session, evaluation_id, EvaluationResume(), actor=one.actor)
    app_answered(one.actor, evaluation_id, "good")
    run(evaluation_id)
    assert read(one.actor, evaluation_id).success_rate.value == 1.0


def test_work_is_read_page_by_page_for_one_of_two_apps(one: Person) -> None:
    apps = [{"app": "a", "release": "1"}, {"app": "b"}]
    evaluation_id = begun(one, 3, target=None, targets=apps, runs=2)
    seen, cursor = list[tuple[int, int]](), None
    while True:
        page = work_of(one, evaluation_id, app="b", limit=4, cursor=cursor)
        seen += [(it.position, it.run) for it in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [(case, number) for case in (1, 2, 3) for number in (1, 2)]
    assert [it.title for it in read(one.actor, evaluation_id).results] == ["app: a 1", "app: b"]


def test_a_key_starts_an_evaluation_once(one: Person) -> None:
    first, again = (begun(one, idempotency_key="build 7") for _ in range(2))
    assert first == again
    assert begun(one, idempotency_key="build 8") != first
    assert begun(person(), idempotency_key="build 7") != first
    with pytest.raises(IdempotencyKeyUsed):
        begun(one, 4, idempotency_key="build 7")
