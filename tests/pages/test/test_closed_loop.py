"""From each object to the next: evaluate, open a failed case, write a version, see its effect."""

from datetime import timedelta
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.evaluations.queries import results
from core.evaluations.views import EvaluationView
from core.executions.runner import Runner
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from core.playground import queries
from pages._ui import guard
from tests.factories.ai_metrics import request, send
from tests.factories.bots import made as bot_made
from tests.factories.datasets import cases_of, dataset, question
from tests.factories.evaluations import evaluated
from tests.factories.history import count
from tests.factories.identity import Person, person
from tests.factories.prompts import create, label, save
from tests.pages.conftest import AI_METRICS, PLAYGROUND, Console, said

PROMPTS, EVALUATIONS = "test/prompts/page.py", "test/evaluations/page.py"
DATASETS, BOTS = "test/datasets/page.py", "test/bots/page.py"
CONTAINS = {"kind": "contains", "values": ["refund"]}
# As Streamlit does with a second press before the page is drawn anew
PRESSED_TWICE = """
from uuid import UUID

import streamlit as st

from core.evaluations.cases.case_schemas import ReplayedRun
from core.platform.ids import new_id
from pages.test.evaluations import case_actions

ids = [UUID(st.query_params[name]) for name in ("evaluation", "case")]
press = *ids, ReplayedRun(), new_id()
case_actions.replay(*press)
case_actions.replay(*press)
"""


@pytest.fixture
def admin(runner: Runner) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


@pytest.fixture
def prompt(admin: Person) -> UUID:
    """Return a public prompt of two versions."""
    made = create(admin.actor, "support", "", system_prompt="Be kind.", visibility="public")
    save(admin.actor, made.id, system_prompt="Offer a refund.", note="Names refunds")
    return made.id


@pytest.fixture
def refunds(admin: Person) -> UUID:
    return dataset(admin.actor, question("Money back?", reference="Yes."), name="Refunds").id


def evaluate(admin: Person, prompt: UUID, refunds: UUID, version: int) -> EvaluationView:
    return evaluated(
        admin.actor,
        target={"template_id": str(prompt), "version": version, "model_id": "fake:echo"},
        scorers=[CONTAINS],
        dataset_id=str(refunds),
        test_cases=[],
    )


def opened(console: Console, admin: Person, page: str, **query: str) -> AppTest:
    app = console(admin, page)
    app.query_params.update(query)
    return app.run()


def press(app: AppTest, words: str) -> AppTest:
    found: AppTest = next(each for each in app.button if each.label == words).click().run()
    return found


def chosen(app: AppTest, label_: str) -> object:
    return next(each for each in app.selectbox if each.label == label_).value


def failed_case(console: Console, admin: Person, evaluation: EvaluationView) -> AppTest:
    """Open the only case of an evaluation."""
    with transaction() as session:
        [row] = results.list_cases(session, evaluation.id, actor=admin.actor).items
    query = {"evaluation": str(evaluation.id), "section": "Cases", "case": str(row.id)}
    return opened(console, admin, EVALUATIONS, **query)


def test_a_dataset_is_evaluated_from_its_page(
    console: Console, admin: Person, refunds: UUID
) -> None:
    app = press(opened(console, admin, DATASETS, dataset=str(refunds)), "Evaluate")
    assert chosen(app, "Dataset") == str(refunds)
    assert app.text_input[0].value == "Refunds"


def test_a_version_is_evaluated_from_its_page(
    console: Console, admin: Person, prompt: UUID
) -> None:
    app = opened(console, admin, PROMPTS, prompt=str(prompt), version="1")
    app = press(app, "Evaluate")
    assert chosen(app, "Prompt or bot of target 1") == str(prompt)
    assert (chosen(app, "Version of target 1"), app.text_input[0].value) == (1, "support@1")


def test_a_bot_is_evaluated_from_its_versions(console: Console, admin: Person) -> None:
    bot = bot_made(admin.actor, bot_name="Rosa")
    app = opened(console, admin, BOTS, bot=str(bot.id))
    app.button_group(key="bots.section").set_value("Versions").run()
    assert "No evaluations yet" in said(app)
    app = press(app, "Evaluate version 1")
    assert chosen(app, "Prompt or bot of target 1") == f"bot:{bot.id}"


def test_what_an_address_names_and_is_gone_is_left_out(console: Console, admin: Person) -> None:
    gone = "0190a6e0-0000-7000-8000-000000000000"
    query = {"new": "1", "dataset": gone, "template": "x", "bot": gone, "gate": "a", "version": "y"}
    app = opened(console, admin, EVALUATIONS, **query)
    assert app.text_input[0].value == ""


def test_a_failed_case_opens_in_the_playground_beside_its_reference(
    console: Console, admin: Person, prompt: UUID, refunds: UUID
) -> None:
    evaluation = evaluate(admin, prompt, refunds, 1)
    app = failed_case(console, admin, evaluation)
    app.button(key="evaluations.replay.1.1").click().run()
    with transaction() as session:
        session_id = queries.find_newest_session(session, owner=admin.actor.id)
    app = opened(console, admin, PLAYGROUND, session=str(session_id))
    shown = said(app)
    assert "**Reference**" in shown
    assert "Yes." in shown
    assert "New is better" not in [button.label for button in app.button]
    app.button(key="replay.again").click().run()
    with transaction() as session:
        assert queries.find_newest_session(session, owner=admin.actor.id) != session_id


def test_a_case_whose_button_is_pressed_twice_is_opened_in_one_session(
    admin: Person, prompt: UUID, refunds: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation = evaluate(admin, prompt, refunds, 1)
    with transaction() as session:
        [row] = results.list_cases(session, evaluation.id, actor=admin.actor).items
    monkeypatch.setattr(guard, "cookie", lambda: admin.token)
    app = AppTest.from_string(PRESSED_TWICE, default_timeout=60)
    app.query_params.update({"evaluation": str(evaluation.id), "case": str(row.id)})
    assert not app.run().exception
    assert count("playground_sessions") == 1


def test_a_failed_case_leads_to_the_next_version_of_its_prompt(
    console: Console, admin: Person, prompt: UUID, refunds: UUID
) -> None:
    app = failed_case(console, admin, evaluate(admin, prompt, refunds, 1))
    app.button(key="evaluations.version.1.1").click().run()
    assert next(each for each in app.button_group if each.label == "Section").value == "Versions"
    assert chosen(app, "Version") == 1
    save(admin.actor, prompt, system_prompt="Be brief.")
    app = failed_case(console, admin, evaluate(admin, prompt, refunds, 3))
    app.button(key="evaluations.version.1.1").click().run()
    assert next(each for each in app.button_group if each.label == "Section").value == "Edit"


def test_a_passed_case_has_no_actions(
    console: Console, admin: Person, prompt: UUID, refunds: UUID
) -> None:
    app = failed_case(console, admin, evaluate(admin, prompt, refunds, 2))
    assert "New version" not in [button.label for button in app.button]


def test_versions_have_a_trend_and_a_chain(
    console: Console, admin: Person, prompt: UUID, refunds: UUID
) -> None:
    for version in (1, 2):
        evaluate(admin, prompt, refunds, version)
    label(admin.actor, prompt, 2)
    app = opened(console, admin, PROMPTS, prompt=str(prompt), section="Evaluations")
    table = app.dataframe[0].value.fillna("").to_dict("records")
    changed = [(row["Version"], row["What changed"]) for row in table]
    assert changed == [(2, "Names refunds"), (1, "")]
    app = opened(console, admin, PROMPTS, prompt=str(prompt), version="2")
    links = [str(each.proto.label) for each in app.get("page_link")]
    assert {"Refunds", "evaluation 100% of 1", "effect"} <= set(links)
    assert "**support v2**" in [each.value for each in app.markdown]


def test_the_evaluations_page_shows_trends(
    console: Console, admin: Person, prompt: UUID, refunds: UUID
) -> None:
    evaluate(admin, prompt, refunds, 1)
    app = opened(console, admin, EVALUATIONS)
    app.button_group(key="evaluations.view").set_value("Trend over versions").run()
    assert "No evaluations yet" in said(app)  # of the first prompt, `default`
    subject = next(each for each in app.selectbox if each.label == "Prompt or bot")
    subject.set_value(str(prompt)).run()
    assert app.dataframe[0].value.to_dict("records")[0]["Version"] == 1


def test_a_case_is_opened_by_its_address_on_any_page_of_the_list(
    console: Console, admin: Person
) -> None:
    made = dataset(admin.actor, *(question(f"Question {n}?") for n in range(30)))
    last = cases_of(admin.actor, made.id)[-1]
    app = opened(console, admin, DATASETS, dataset=str(made.id), row=str(last.id))
    assert "Question 29?" in said(app)


def test_ai_metrics_filtered_by_a_version_show_it_beside_the_one_before(
    console: Console, admin: Person, prompt: UUID
) -> None:
    for version in (1, 2):
        label(admin.actor, prompt, version)
        at = clock.now() - timedelta(hours=1)
        send(request(at, prompt_name="support", prompt_version=str(version)))
    app = opened(console, admin, AI_METRICS, prompt_version="support@2")
    assert "support@2, after support@1, became production on" in said(app)
    rows = app.dataframe[0].value.to_dict("records")
    assert [row["Prompt version"] for row in rows] == ["support@1", "support@2"]


def test_a_chain_says_in_words_how_many_more_evaluations_there_are(
    console: Console, admin: Person, prompt: UUID, refunds: UUID
) -> None:
    for _ in range(2):
        evaluate(admin, prompt, refunds, 2)
    app = opened(console, admin, PROMPTS, prompt=str(prompt), section="Versions")
    labels = [str(link.proto.label) for link in app.get("page_link")]
    assert [label for label in labels if label.endswith(" and 1 more")]
