"""A judge's verdict counts only in the requested form, and its calls are stored and priced."""

import json
from decimal import Decimal
from uuid import UUID

import pytest

from core.database.db import transaction
from core.executions import queries
from core.executions.schemas import ExecutionStatus, ExecutionView
from core.identity.schemas import Role
from core.scoring.model_access import ExecutedModels, unfit_judge_reason
from core.scoring.schemas import ScoreResult
from tests.factories.identity import Person, person
from tests.factories.scoring import QUESTION, scored, spec

pytestmark = pytest.mark.usefixtures("runner")


def rubric(**script: object) -> str:
    """Return a rubric that scripts the fake judge's first answer."""
    return f"#fake {json.dumps(script)}\nIs the answer right?"


def judged(one: Person, rubric: str, text: str = "Paris", **more: object) -> ScoreResult:
    scorer = spec("judge", rubric=rubric, **{"judge_model_id": "fake:echo", **more})
    return scored(scorer, text, QUESTION, ExecutedModels(one.actor))


def executions(one: Person, found: ScoreResult) -> list[ExecutionView]:
    with transaction() as session:
        return [
            queries.get_execution(session, UUID(id_), owner=one.actor.id)
            for id_ in found.details["execution_ids"]
        ]


@pytest.fixture
def one() -> Person:
    return person(Role.ADMIN)


@pytest.mark.parametrize(
    ("rating", "score", "passed"), [(1, 0, False), (3, 0.5, False), (4, 0.75, True), (5, 1, True)]
)
def test_a_rating_becomes_a_score(one: Person, rating: int, score: float, passed: bool) -> None:
    found = judged(one, rubric(json={"rationale": "As it should be.", "score": rating}))
    assert (found.score, found.passed, found.reason) == (score, passed, "As it should be.")
    assert found.details["judge_model_id"] == "fake:echo"


def test_the_call_is_an_execution_of_the_account_with_its_cost(one: Person) -> None:
    found = judged(one, rubric(json={"rationale": "Good.", "score": 5}), name="right")
    (execution,) = executions(one, found)
    assert execution.status is ExecutionStatus.COMPLETED
    assert execution.metadata == {"scorer": "right"}
    assert found.cost_usd == execution.usage.estimated_cost == Decimal(0)


@pytest.mark.parametrize(
    "script",
    [
        {"text": "Great answer, 5 of 5!"},
        {"json": {"rationale": "Good.", "score": 6}},
        {"json": {"rationale": "Good.", "score": "5"}},
        {"json": {"rationale": "Good.", "score": 4.5}},
        {"json": {"score": 5}},
        {"json": {"rationale": "x" * 4001, "score": 5}},
        {"text": ""},
    ],
)
def test_an_answer_of_another_form_is_asked_for_once_more(
    one: Person, script: dict[str, object]
) -> None:
    found = judged(one, rubric(**script))
    assert found.details["rating"] == 1  # the fake's example of the form
    assert len(found.details["execution_ids"]) == 2


def test_a_rating_in_a_fence_of_markdown_is_read_at_once(one: Person) -> None:
    # It was asked for again, and not scored when the fence came again
    text = f"```json\n{json.dumps({'rationale': 'Good.', 'score': 4})}\n```"
    found = judged(one, rubric(text=text))
    assert found.score == 0.75
    assert len(found.details["execution_ids"]) == 1


def test_a_judge_that_never_keeps_the_form_does_not_score(one: Person) -> None:
    found = judged(one, rubric(text="Five."), judge_model_id="fake:plain")
    assert (found.score, found.passed) == (None, None)
    assert "requested form" in found.reason
    assert len(found.details["execution_ids"]) == 2


def test_a_judge_that_fails_does_not_score_and_says_why(one: Person) -> None:
    found = judged(one, rubric(fault="auth", fail_after=0))
    assert (found.score, found.passed) == (None, None)
    assert found.reason == executions(one, found)[0].error.detail  # type: ignore[union-attr]
    missing = judged(one, "Right?", judge_model_id="fake:none")
    assert missing.score is None
    assert "not found" in missing.reason


def test_without_models_a_judge_does_not_score() -> None:
    assert scored(spec("judge", rubric="Right?"), "Paris").score is None


def test_an_account_that_may_not_run_models_gets_no_verdict() -> None:
    found = judged(person(Role.ANALYST), rubric(json={"rationale": "Good.", "score": 5}))
    assert found.score is None


def test_the_packaged_model_is_marked_unfit() -> None:
    assert "cannot judge" in (unfit_judge_reason("local:smollm2-135m-instruct") or "")
    assert unfit_judge_reason("smollm2-135m-instruct") is not None
    assert unfit_judge_reason("local:llama-3-70b") is None
    assert unfit_judge_reason("openai:gpt-5") is None
    assert unfit_judge_reason(None) is None
