"""How answers sound is said beside their scores, and decides none of them."""

from decimal import Decimal

import pytest

from core.database.db import transaction
from core.evaluations.queries import results
from core.evaluations.queries.answer_scores import list_scores
from core.evaluations.views import EvaluationView
from core.executions.runner import Runner
from core.scoring.schemas import ScoreResult
from tests.factories.ab_tests import JUDGE, Judges
from tests.factories.evaluations import answering, evaluated
from tests.factories.identity import Person, person

GOOD = answering("good")


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def scores_of_first_case(one: Person, found: EvaluationView) -> tuple[ScoreResult, ...]:
    with transaction() as session:
        [row, *_] = results.list_cases(session, found.id, actor=one.actor).items
        case = results.get_case(session, found.id, row.id, actor=one.actor)
    return case.runs[0].scores


def test_four_traits_are_stored_beside_the_scores(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    judges = Judges(traits={"good": (10, 20, 30, 40)})
    judges.install(monkeypatch)
    found = evaluated(one.actor, GOOD, personality_judge_id=JUDGE)
    contains, personality = scores_of_first_case(one, found)
    assert (contains.passed, personality.passed, personality.score) == (True, None, None)
    assert personality.details == {
        "formality_score": 10,
        "enthusiasm_score": 20,
        "technical_depth_score": 30,
        "empathy_score": 40,
    }
    assert personality.reason == "About: good"
    assert (found.success_rate.value, found.results[0].not_scored) == (1, 0)
    [call] = judges.calls
    assert "settings" not in call.messages[-1].content  # the judge knows no sliders


def test_a_judge_that_never_answers_in_form_gives_the_reason_and_no_figures(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judges(traits={"good": None}).install(monkeypatch)
    found = evaluated(one.actor, GOOD, personality_judge_id=JUDGE)
    _, personality = scores_of_first_case(one, found)
    assert (personality.details, personality.cost_usd) == ({}, Decimal(0))
    assert "requested form" in personality.reason
    with transaction() as session:
        [answer] = list_scores(session, found.id)
    assert (answer.passed, answer.analysis) == (True, personality)


def test_a_judge_that_is_missing_leaves_the_answers_scored(one: Person) -> None:
    found = evaluated(one.actor, GOOD, personality_judge_id="fake:none")
    assert found.success_rate.value == 1
    _, personality = scores_of_first_case(one, found)
    assert personality.details == {}


def test_without_such_a_judge_nothing_is_said(one: Person) -> None:
    assert len(scores_of_first_case(one, evaluated(one.actor, GOOD))) == 1
