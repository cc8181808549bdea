"""The form of a new evaluation, left and opened again, and its estimate."""

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.identity.schemas import SessionKind
from core.services import service
from core.services.schemas import NewService
from tests.factories import datasets
from tests.factories.identity import person
from tests.pages.conftest import Console, said, toasts

PAGE = "test/evaluations/page.py"


def go(app: AppTest, **query: str) -> AppTest:
    app.query_params.clear()
    app.query_params.update(query)
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> None:
    next(each for each in app.button if each.label == label).click().run()


def labels(app: AppTest) -> list[str]:
    return [each.label for each in app.selectbox]


def test_the_same_link_fills_in_a_form_that_was_left_and_is_opened_again(console: Console) -> None:
    # It opened an empty form with the rows of targets and scorers of the first
    boss = person(kind=SessionKind.BROWSER)
    link = {"new": "1", "dataset": str(datasets.dataset(boss.actor, datasets.question("a")).id)}
    app = go(console(boss, PAGE), **link)
    assert app.text_input[0].value == "Questions"
    go(app)
    assert go(app, **link).text_input[0].value == "Questions"
    assert next(each for each in app.selectbox if each.label == "Dataset").value == link["dataset"]


def test_a_form_that_was_left_begins_with_one_target_and_no_scorer(console: Console) -> None:
    app = go(console(person(kind=SessionKind.BROWSER), PAGE), new="1")
    press(app, "Add target")
    press(app, "Add scorer")
    assert {"Model of target 2", "Scorer 1"} <= set(labels(app))
    go(app)
    go(app, new="1")
    assert not {"Model of target 2", "Scorer 1"} & set(labels(app))


def test_another_target_begins_like_the_last_one(console: Console) -> None:
    app = go(console(person(kind=SessionKind.BROWSER), PAGE), new="1")
    next(each for each in app.selectbox if each.label == "Model of target 1").set_value("fake:echo")
    said = {each.label: each for each in app.text_area}["System prompt of target 1"]
    said.set_value("Answer briefly.").run()
    press(app, "Add target")
    models = {each.label: each.value for each in app.selectbox}
    texts = {each.label: each.value for each in app.text_area}
    assert models["Model of target 2"] == "fake:echo"
    assert texts["System prompt of target 2"] == "Answer briefly."


def test_an_estimate_is_shown_until_the_form_is_changed(console: Console) -> None:
    # It stayed beside fields that it was not made for
    app = go(console(person(kind=SessionKind.BROWSER), PAGE), new="1")
    app.text_input[0].set_value("Refunds").run()
    next(each for each in app.selectbox if each.label == "Model of target 1").set_value("fake:echo")
    questions = next(each for each in app.text_area if each.label == "Questions")
    questions.set_value("one => a\ntwo => b").run()
    press(app, "Estimate")
    assert "2 calls" in said(app)
    next(each for each in app.number_input if each.label == "Runs of each case").set_value(5).run()
    assert "2 calls" not in said(app)


def test_a_form_without_cases_or_scorers_says_what_to_enter(console: Console) -> None:
    app = go(console(person(kind=SessionKind.BROWSER), PAGE), new="1")
    app.text_input[0].set_value("Refunds").run()
    next(each for each in app.selectbox if each.label == "Model of target 1").set_value("fake:echo")
    press(app, "Start evaluation")
    assert toasts(app) == ["Enter questions, or choose a dataset."]
    questions = next(each for each in app.text_area if each.label == "Questions")
    questions.set_value("one => a\ntwo").run()
    press(app, "Start evaluation")
    assert toasts(app) == [
        "Add a scorer, or an expected text after => in each question.",
    ]
    press(app, "Add scorer")
    press(app, "Start evaluation")
    assert toasts(app) == ["Scorer 1: enter a text."]


@pytest.mark.parametrize(
    ("kind", "entered", "problem"),
    [
        ("Judge", "", "enter a rubric."),
        ("Latency", "", "enter milliseconds as a whole number."),
        ("Cost", "cheap", "enter US dollars as a number."),
        ("Number", "two", "enter a number."),
        ("Calls tool", "", "enter the name of a tool."),
        ("Pattern", "", "enter a pattern."),
        ("Pattern", "(", "Invalid RE2 pattern: missing ): (."),
    ],
)
def test_a_scorer_says_what_is_to_be_entered(
    console: Console, kind: str, entered: str, problem: str
) -> None:
    app = go(console(person(kind=SessionKind.BROWSER), PAGE), new="1")
    app.text_input[0].set_value("Refunds").run()
    next(each for each in app.selectbox if each.label == "Model of target 1").set_value("fake:echo")
    next(each for each in app.text_area if each.label == "Questions").set_value("one").run()
    press(app, "Add scorer")
    next(each for each in app.selectbox if each.label == "Scorer 1").set_value(kind).run()
    app.text_input(key=f"evaluations.scorer.1.value.{kind}").set_value(entered).run()
    press(app, "Start evaluation")
    [told] = toasts(app)
    assert told.startswith(f"Scorer 1: {problem}")


def test_a_service_is_offered_no_prompt_as_it_has_its_own(console: Console) -> None:
    boss = person(kind=SessionKind.BROWSER)
    given = {"name": "Bot", "chat_url": "http://127.0.0.1:9/chat", "token": "t", "is_active": True}
    with transaction() as session:
        added = service.add(session, NewService.model_validate(given), actor=boss.actor)
    app = go(console(boss, PAGE), new="1")
    model = next(each for each in app.selectbox if each.label == "Model of target 1")
    assert "Prompt or bot of target 1" in labels(app)
    model.set_value(f"service:{added.id}").run()
    assert "Prompt or bot of target 1" not in labels(app)
