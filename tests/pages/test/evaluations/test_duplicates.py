"""A new evaluation that begins with all that an earlier one was of."""

from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.datasets.service import datasets as dataset_service
from core.evaluations.queries import results
from core.evaluations.views import EvaluationView
from core.identity.schemas import SessionKind
from core.prompts.service import prompts as prompt_service
from tests.factories import datasets, prompts
from tests.factories.evaluations import read, started
from tests.factories.identity import Person, person
from tests.pages.conftest import Console

PAGE = "test/evaluations/page.py"
SCORERS = [
    {"kind": "contains", "values": ["good"]},
    {"kind": "contains", "values": ["bad"], "negate": True},
    {"kind": "contains", "values": ["a", "b"], "weight": 2},
    {"kind": "exact"},
    {"kind": "numeric", "value": 7},
    {"kind": "judge", "rubric": "It is kind.", "judge_model_id": "fake:echo"},
    {"kind": "judge", "rubric": "It is kind.\nAnd short.", "judge_model_id": "fake:echo"},
    {"kind": "latency", "max_ms": 900},
]
SETTINGS = {"scorers": SCORERS, "threshold": 0.5, "runs": 3, "cost_limit_usd": "1.5"}


@pytest.fixture
def boss(database: object) -> Person:
    return person(kind=SessionKind.BROWSER)


def press(app: AppTest, label: str) -> None:
    next(each for each in app.button if each.label == label).click().run()
    assert not app.exception


def duplicate(console: Console, boss: Person, evaluation: EvaluationView) -> EvaluationView:
    """Press Duplicate and, in the form, Start evaluation; return what was started."""
    app = console(boss, PAGE)
    app.query_params["evaluation"] = str(evaluation.id)
    app.run()
    press(app, "Cancel")
    press(app, "Duplicate")
    assert app.text_input[0].value == evaluation.name
    assert not app.info
    press(app, "Start evaluation")
    new = UUID(str(app.query_params["evaluation"]))
    assert new != evaluation.id
    return read(boss.actor, new)


def same(evaluation: EvaluationView) -> tuple[object, ...]:
    """Return what two evaluations of the same settings have alike."""
    scorers = sorted(map(str, evaluation.scorers))
    return (
        evaluation.definition_targets,
        scorers,
        evaluation.threshold,
        evaluation.runs,
        evaluation.cost_limit_usd,
        evaluation.dataset_id,
        evaluation.manifest.split,
    )


def test_a_duplicate_has_the_targets_questions_scorers_and_runs(
    console: Console, boss: Person
) -> None:
    targets = [
        {"model_id": "fake:echo", "prompt": "Be brief.", "parameters": {"temperature": 0.3}},
        {"model_id": "fake:plain"},
    ]
    expected = {"type": "contains", "keywords": ["refund"]}
    cases = [{"input": "May I return it?", "expected_output": expected}, {"input": "Where is it?"}]
    first = read(boss.actor, started(boss.actor, targets=targets, test_cases=cases, **SETTINGS))
    second = duplicate(console, boss, first)
    assert same(second) == same(first)
    with transaction() as session:
        assert results.read_cases(session, second.id) == results.read_cases(session, first.id)


def test_a_duplicate_has_the_dataset_its_split_and_the_version_of_the_prompt(
    console: Console, boss: Person
) -> None:
    dataset = datasets.dataset(boss.actor, *(datasets.question(each) for each in "abcdefgh"))
    prompt = prompts.create(boss.actor, "tone", "{{input}}", variables=[{"name": "input"}])
    prompts.save(boss.actor, prompt.id, prompt="Say {{input}}")
    target = {"template_id": str(prompt.id), "version": 1, "model_id": "fake:plain"}
    asked = {"dataset_id": dataset.id, "split": "tune", "test_cases": []}
    first = read(boss.actor, started(boss.actor, target=target, **asked, **SETTINGS))
    assert same(duplicate(console, boss, first)) == same(first)


@pytest.mark.parametrize(
    "case",
    [
        {"input": "two\nlines"},
        {"input": " "},
        {"input": f"a => {'b' * 3000}"},  # more than a text that an answer must contain may have
        {"input": "one", "assertions": [{"kind": "exact", "value": "x"}]},
    ],
)
def test_questions_that_a_line_cannot_say_are_left_to_be_entered(
    console: Console, boss: Person, case: dict[str, object]
) -> None:
    id_ = started(boss.actor, test_cases=[case])
    app = console(boss, PAGE)
    app.query_params.update({"new": "1", "earlier": str(id_)})
    app.run()
    assert not app.exception
    assert next(each for each in app.text_area if each.label == "Questions").value == ""
    assert [each.value for each in app.info] == [
        "Not copied: questions that are not one line with one expected text."
    ]


def test_what_the_form_has_no_fields_for_is_said(console: Console, boss: Person) -> None:
    targets = [{"model_id": "fake:echo", "parameters": {"max_tokens": 9}}, {"app": "mobile"}]
    id_ = started(boss.actor, "one", targets=targets, personality_judge_id="fake:echo")
    app = console(boss, PAGE)
    app.query_params.update({"new": "1", "earlier": str(id_)})
    [said] = app.run().info
    assert said.value == (
        "Not copied: own apps, parameters other than the temperature, the judge of how answers "
        "sound."
    )


def test_a_removed_prompt_and_dataset_are_said(console: Console, boss: Person) -> None:
    dataset = datasets.dataset(boss.actor, datasets.question("a"))
    prompt = prompts.create(boss.actor, "tone", "{{input}}", variables=[{"name": "input"}])
    target = {"template_id": str(prompt.id), "model_id": "fake:plain"}
    id_ = started(boss.actor, target=target, dataset_id=dataset.id, test_cases=[])
    with transaction() as session:
        prompt_service.delete_prompt(session, prompt.id, actor=boss.actor)
        dataset_service.delete_dataset(session, dataset.id, actor=boss.actor)
    app = console(boss, PAGE)
    app.query_params.update({"new": "1", "earlier": str(id_)})
    [said] = app.run().info
    assert said.value == (
        "Not copied: unavailable prompts, bots, services or models, the unavailable dataset."
    )


def test_an_evaluation_of_nobody_fills_in_nothing(console: Console, boss: Person) -> None:
    other = person(kind=SessionKind.BROWSER)
    app = console(other, PAGE)
    app.query_params.update({"new": "1", "earlier": str(started(boss.actor))})
    app.run()
    assert not app.exception
    assert app.text_input[0].value == ""
