"""Cases of any file can be run, and those that cannot are refused with the request."""

import json

import pytest
from pydantic import ValidationError
from sqlalchemy import select, update

from core.database.db import transaction
from core.evaluations import encrypted_texts
from core.evaluations.models import EvaluationCase
from core.evaluations.queries import results
from core.evaluations.runner import UNEXPECTED
from core.evaluations.schemas import EvaluationStatus
from core.executions.runner import Runner
from tests.factories.datasets import imported
from tests.factories.evaluations import answering, evaluated, new, read, run, started
from tests.factories.identity import Person, person

CALLED = [
    {"role": "user", "content": "Where is my order?"},
    {"role": "assistant", "content": "I look it up.", "tool_calls": [{"name": "find_order"}]},
    {"role": "tool", "content": "It is in Berlin."},
    {"role": "assistant", "content": "In Berlin."},
    {"role": "user", "content": "When will it come?"},
    {"role": "assistant", "content": "Tomorrow."},
]


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def test_results_of_tools_in_a_chat_are_facts_that_were_known(one: Person) -> None:
    # A message of role tool needs the ID of its call, which cases do not keep
    made = imported(one.actor, json.dumps({"messages": CALLED}), "chat.jsonl").dataset
    assert made is not None
    found = evaluated(one.actor, dataset_id=str(made.id), test_cases=[])
    assert (found.status, found.progress.failed) == (EvaluationStatus.COMPLETED, 0)
    with transaction() as session:
        [row] = session.scalars(select(EvaluationCase))
        case = encrypted_texts.case_of(row)
    assert [it.role for it in case.messages] == ["user", "assistant", "assistant", "user"]
    assert case.context == {"tool_results": ["It is in Berlin."]}


@pytest.mark.parametrize("value", [[1], {}, "many", 10**400, "nan"])
def test_an_expected_number_that_is_none_is_refused(value: object) -> None:
    expected = {"type": "numeric", "value": value}
    with pytest.raises(ValidationError):
        new(test_cases=[{"input": "How many?", "expected_output": expected}])


@pytest.mark.parametrize("value", [3, 3.0, "3", " 3 "])
def test_an_expected_number_may_be_a_text(value: object) -> None:
    expected = {"type": "numeric", "value": value}
    [case] = new(test_cases=[{"input": "How many?", "expected_output": expected}]).test_cases
    assert case.case().assertions[0].model_dump()["value"] == 3


def test_an_expected_text_without_keywords_is_refused_by_the_name_of_the_field() -> None:
    with pytest.raises(ValidationError, match="The type contains needs `keywords`"):
        new(test_cases=[{"input": "How many?", "expected_output": {"type": "contains"}}])


def test_a_case_ends_with_the_last_question_that_is_not_empty(one: Person) -> None:
    said = [*CALLED[:2], {"role": "user", "content": " "}]
    made = imported(one.actor, json.dumps({"messages": said}), "chat.jsonl").dataset
    assert made is not None
    found = evaluated(one.actor, dataset_id=str(made.id), test_cases=[])
    assert (found.status, found.progress.failed) == (EvaluationStatus.COMPLETED, 0)


def test_a_case_that_cannot_be_sent_fails_by_itself(one: Person) -> None:
    # It broke the job, which was begun again every few seconds
    long = [{"role": "system", "content": "x" * 900_000}] * 2
    cases = [{"messages": [*long, {"role": "user", "content": "?"}]}, {"input": answering("good")}]
    found = evaluated(one.actor, test_cases=cases)
    assert (found.status, found.progress.failed) == (EvaluationStatus.COMPLETED, 1)
    with transaction() as session:
        [failed] = [
            run
            for row in results.list_cases(session, found.id, actor=one.actor).items
            for run in results.get_case(session, found.id, row.id, actor=one.actor).runs
            if run.error is not None
        ]
    assert failed.error == (
        "This case can't be sent: system_prompt: String should have at most 1000000 characters."
    )


def test_an_evaluation_whose_cases_cannot_be_read_ends_with_an_error(one: Person) -> None:
    evaluation_id = started(one.actor)
    with transaction() as session:
        session.execute(update(EvaluationCase).values(content=b"broken"))
    run(evaluation_id)
    found = read(one.actor, evaluation_id)
    assert (found.status, found.error) == (EvaluationStatus.FAILED, UNEXPECTED)
