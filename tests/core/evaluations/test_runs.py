"""Evaluations call each target for each run of each case, and score what it answers."""

from dataclasses import dataclass
from threading import Thread
from uuid import UUID

import pytest

from core.database.db import transaction
from core.evaluations.queries import results
from core.evaluations.runs import call_waiter
from core.evaluations.schemas import EvaluationStatus, ResultStatus
from core.evaluations.views import EvaluationView
from core.executions.runner import Runner
from core.executions.service import executions
from core.identity.schemas import Role
from core.platform.config import config
from tests.factories.evaluations import answering, evaluated, read, run, started, until
from tests.factories.executions import begun
from tests.factories.history import count
from tests.factories.identity import Person, person
from tests.factories.providers import limited


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def case_id(one: Person, evaluation: EvaluationView, position: int) -> UUID:
    with transaction() as session:
        rows = results.list_cases(session, evaluation.id, actor=one.actor).items
    return next(row.id for row in rows if row.position == position)


def test_every_target_answers_every_case_in_every_run(one: Person) -> None:
    found = evaluated(
        one.actor,
        answering("good"),
        answering("bad"),
        targets=[{"model_id": "fake:echo"}, {"model_id": "fake:plain", "prompt": "Be brief."}],
        runs=3,
    )
    assert found.status is EvaluationStatus.COMPLETED
    assert (found.progress.done, found.progress.total) == (12, 12)
    assert [target.success_rate.value for target in found.results] == [0.5, 0.5]
    assert [target.consistency for target in found.results] == [0.5, 0.5]
    assert [target.completed for target in found.results] == [6, 6]


def test_other_answers_give_other_figures(one: Person) -> None:
    good = evaluated(one.actor, *[answering("good")] * 10)
    mixed = evaluated(one.actor, *[answering("good")] * 9, answering("bad"))
    assert (good.success_rate.value, mixed.success_rate.value) == (1.0, 0.9)
    assert mixed.success_rate.low == pytest.approx(0.595850, abs=1e-6)
    assert mixed.success_rate.high == pytest.approx(0.982124, abs=1e-6)
    assert mixed.average_score == pytest.approx(0.9)


def test_under_ten_cases_a_rate_has_no_interval(one: Person) -> None:
    found = evaluated(one.actor, answering("good"))
    assert (found.success_rate.low, found.success_rate.high) == (None, None)
    assert [it.kind for it in found.recommendations] == ["too_few_cases"]


def test_runs_of_a_single_case_are_what_its_rate_counts(one: Person) -> None:
    found = evaluated(one.actor, answering("good"), runs=12)
    assert found.success_rate.n == 12
    assert found.success_rate.low is not None


def test_a_case_keeps_every_answer_with_its_scores(one: Person) -> None:
    found = evaluated(one.actor, answering("good"), answering("bad"), runs=2)
    with transaction() as session:
        case = results.get_case(session, found.id, case_id(one, found, 2), actor=one.actor)
    assert [run.text for run in case.runs] == ["bad", "bad"]
    assert [run.scores[0].passed for run in case.runs] == [False, False]
    assert all(run.latency_ms is not None and run.attempts == 1 for run in case.runs)


def test_the_worst_cases_come_first(one: Person) -> None:
    found = evaluated(one.actor, answering("good"), answering("bad"))
    with transaction() as session:
        page = results.list_cases(session, found.id, actor=one.actor)
    assert [row.position for row in page.items] == [2, 1]
    assert page.total_count == 2


def test_a_call_that_fails_is_in_no_rate_and_keeps_its_reason(one: Person) -> None:
    failing = '#fake {"fault": "auth", "fail_after": 0}\nquestion'
    found = evaluated(one.actor, answering("good"), failing)
    [target] = found.results
    assert (target.failed, target.success_rate.n) == (1, 1)
    assert found.recommendations[0].kind == "calls_failed"
    with transaction() as session:
        [run] = results.get_case(session, found.id, case_id(one, found, 2), actor=one.actor).runs
    assert run.status is ResultStatus.FAILED
    assert run.error


def test_expectations_of_a_case_are_scored_besides_the_evaluations_scorers(one: Person) -> None:
    cases = [
        {"input": answering("good 12"), "expected_output": {"type": "numeric", "value": 12}},
        {"input": answering("good 13"), "expected_output": {"type": "numeric", "value": 12}},
    ]
    found = evaluated(one.actor, test_cases=cases)
    by_scorer = {each.number: (each.passed, each.failed) for each in found.results[0].by_scorer}
    assert by_scorer == {1: (2, 0), 0: (1, 1)}
    assert found.success_rate.value == 0.5


def test_the_scorers_of_cases_are_recommended_by_the_name_that_the_results_have(
    one: Person,
) -> None:
    case = {"input": answering("good 13"), "expected_output": {"type": "numeric", "value": 12}}
    found = evaluated(one.actor, test_cases=[case] * 12)
    assert "begin with what fails “Scorers of the cases”" in found.recommendations[0].text


def test_rates_are_told_by_tag(one: Person) -> None:
    cases = [{"input": answering("good"), "tags": ["easy"]}, {"input": answering("bad")}]
    found = evaluated(one.actor, test_cases=cases)
    [tag] = found.results[0].by_tag
    assert (tag.tag, tag.success_rate.value, tag.success_rate.n) == ("easy", 1.0, 1)


def test_each_run_has_the_next_seed(one: Person) -> None:
    found = evaluated(one.actor, runs=2, parameters={"seed": 7})
    assert found.manifest.targets[0]["parameters"] == {"seed": 7}
    assert found.manifest.targets[0]["seeds"] == "seed + run - 1"


def test_cases_are_listed_by_tag(one: Person) -> None:
    cases = [{"input": answering("good"), "tags": ["easy"]}, {"input": answering("bad")}]
    found = evaluated(one.actor, test_cases=cases)
    with transaction() as session:
        page = results.list_cases(session, found.id, actor=one.actor, tag="easy")
        none = results.list_cases(session, found.id, actor=one.actor, tag="hard")
    assert [row.position for row in page.items] == [1]
    assert (none.items, none.total_count) == ([], 0)


@dataclass
class Clock:
    """Stands in for the module `time`, and is put forward by hand."""

    now_s: float = 0.0
    looks: int = 0

    def monotonic(self) -> float:
        """Return the time."""
        self.looks += 1
        return self.now_s


def test_waiting_in_a_providers_queue_is_no_time_of_a_call(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, clock = person(Role.ADMIN), Clock()
    limited(one, max_concurrent=1)
    monkeypatch.setattr(call_waiter, "time", clock)
    before = begun(one.actor, '#fake {"delay_s": 600}')
    until(lambda: count("provider_turns", "started_at is not null") == 1)
    evaluation_id = started(one.actor, answering("good"))
    working = Thread(target=run, args=(evaluation_id,))
    working.start()
    until(lambda: count("provider_turns", "started_at is null") == 1)
    clock.looks = 0
    until(lambda: clock.looks > 0)
    clock.now_s += 2 * config().evaluation_call_timeout_s
    with transaction() as session:
        executions.cancel(session, before.id, text="", actor=one.actor)
    working.join(60)
    found = read(one.actor, evaluation_id)
    assert (found.progress.done, found.progress.failed) == (1, 0)


def test_times_are_those_of_answers_and_not_of_failed_calls(one: Person) -> None:
    # Calls that are refused at once made the median a few milliseconds
    failing = '#fake {"fault": "auth", "fail_after": 0}\nquestion'
    found = evaluated(one.actor, failing, failing, answering("good", delay_s=0.3))
    [target] = found.results
    assert target.median_ms is not None
    assert target.p95_ms is not None
    assert 300 <= target.median_ms == target.p95_ms
