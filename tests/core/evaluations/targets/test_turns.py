"""User messages in a row are turns: each is answered before the next one is sent."""

from typing import Any

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.queries import results
from core.evaluations.runs import call_waiter
from core.evaluations.schemas import EvaluationStatus
from core.evaluations.service import claims
from core.evaluations.views import EvaluationRunView, EvaluationView
from core.executions import encrypted_texts
from core.executions.models import Execution
from core.executions.runner import Runner
from core.platform.ids import new_id
from tests.factories.evaluations import answering, app_answered, read, run, silence, started
from tests.factories.identity import Person, person

ASKED = [
    {"role": "user", "content": answering("first")},
    {"role": "user", "content": answering("second good")},
]


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def begun(one: Person, messages: list[dict[str, str]], **more: Any) -> Any:  # noqa: ANN401
    return started(one.actor, test_cases=[{"messages": messages}], **more)


def run_of(one: Person, found: EvaluationView) -> EvaluationRunView:
    with transaction() as session:
        [row] = results.list_cases(session, found.id, actor=one.actor).items
        [kept] = results.get_case(session, found.id, row.id, actor=one.actor).runs
        return kept


def sent() -> list[list[str]]:
    """Return the messages of each call."""
    with transaction() as session:
        rows = session.scalars(select(Execution).order_by(Execution.created_at)).all()
        return [
            [it.content for it in encrypted_texts.open_messages(row.messages, row.id)]
            for row in rows
        ]


def test_the_second_turn_is_asked_after_the_answer_to_the_first(one: Person) -> None:
    evaluation_id = begun(one, ASKED)
    run(evaluation_id)
    found = read(one.actor, evaluation_id)
    assert (found.status, found.success_rate.value) == (EvaluationStatus.COMPLETED, 1.0)
    kept = run_of(one, found)
    assert (kept.earlier, kept.text, kept.attempts) == (("first",), "second good", 2)
    assert sent() == [[], [answering("first"), "first"]]


def test_a_kill_between_turns_pays_for_no_answer_twice(one: Person) -> None:
    evaluation_id = begun(one, ASKED)
    with transaction() as session:
        taken = claims.take(session, evaluation_id, new_id())
        assert taken is not None
        [claimed] = claims.claim(session, taken, most=1)
    assert call_waiter.CallWaiter(taken).answer(claimed) is None
    silence()
    run(evaluation_id)
    assert read(one.actor, evaluation_id).success_rate.value == 1.0
    assert len(sent()) == 2


def test_a_turn_that_fails_is_a_failed_call(one: Person) -> None:
    failing = '#fake {"fault": "auth", "fail_after": 0}\nquestion'
    evaluation_id = begun(one, [{"role": "user", "content": failing}, ASKED[1]])
    run(evaluation_id)
    assert read(one.actor, evaluation_id).results[0].failed == 1


def test_an_app_answers_all_turns_by_itself(one: Person) -> None:
    evaluation_id = begun(one, ASKED, target={"app": "shop-bot"})
    app_answered(one.actor, evaluation_id, "good")
    run(evaluation_id)
    assert read(one.actor, evaluation_id).success_rate.value == 1.0


@pytest.mark.parametrize(
    ("roles", "turns"), [("u", 1), ("uu", 2), ("suau", 1), ("uauuu", 3), ("uusu", 2)]
)
def test_messages_of_a_user_in_a_row_are_turns(roles: str, turns: int) -> None:
    # Sent at once, the second question was asked before the first was answered
    names = {"u": "user", "a": "assistant", "s": "system"}
    case = EvaluatedCase.model_validate(
        {"messages": [{"role": names[it], "content": it} for it in roles]}
    )
    assert case.turns == turns
    whole = case.with_answers(["x"] * (turns - 1))
    assert len(whole.messages) == len(roles) + turns - 1
    assert whole.turns == 1
