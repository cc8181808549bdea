"""An answer that a model makes hostile breaks neither its evaluation nor the reading of it."""

import json

import pytest

from core.database.db import transaction
from core.evaluations.queries import results
from core.evaluations.schemas import EvaluationStatus, ResultStatus
from core.executions.runner import Runner
from tests.factories.evaluations import answering, evaluated
from tests.factories.identity import Person, person

HALF = '{"a": "\\ud83d"}'


def nested(levels: int) -> str:
    return f'{{"a": {"[" * levels}{"]" * levels}}}'


def calling(arguments: str) -> str:
    """Return an input that the fake provider answers with a tool call."""
    script = {"text": "good", "tool_calls": [{"name": "search", "arguments": arguments}]}
    return f"#fake {json.dumps(script)}\nquestion"


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


@pytest.mark.parametrize("arguments", [nested(220), nested(400), nested(5_000), HALF])
def test_arguments_that_could_not_be_stored_leave_the_answer_readable(
    one: Person, arguments: str
) -> None:
    found = evaluated(one.actor, calling(arguments), answering("good"))
    assert (found.status, found.progress.failed) == (EvaluationStatus.COMPLETED, 0)
    with transaction() as session:
        page = results.list_cases(session, found.id, actor=one.actor)
        cases = [results.get_case(session, found.id, it.id, actor=one.actor) for it in page.items]
    assert [run.status for case in cases for run in case.runs] == [ResultStatus.COMPLETED] * 2
