"""Labels with a gate: set, moved through or past it, and rolled back, on the prompt's page."""

from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.executions.runner import Runner
from core.identity.schemas import Role, SessionKind
from core.prompts.queries.labels import list_moves
from tests.factories import promotions
from tests.factories.datasets import dataset, question
from tests.factories.evaluations import evaluated
from tests.factories.identity import Person, person
from tests.factories.promotions import FAILING, PASSING, REASON, gate, move, passed_through
from tests.factories.prompts import create, label, save
from tests.pages.conftest import Console, as_read, said, toasts

PROMPTS, EVALUATIONS = "test/prompts/page.py", "test/evaluations/page.py"


@pytest.fixture
def admin(runner: Runner) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


@pytest.fixture
def prompt(admin: Person) -> UUID:
    """Return a prompt whose production went from version 1 to 2; version 3 would pass."""
    made = create(admin.actor, "support", "", system_prompt=FAILING)
    for text in ("Be brief.", PASSING):
        save(admin.actor, made.id, system_prompt=text)
    for version in (1, 2):
        label(admin.actor, made.id, version)
    return made.id


def opened(console: Console, admin: Person, page: str, **query: str) -> AppTest:
    app = console(admin, page)
    app.query_params.update(query)
    return app.run()


def labels(console: Console, admin: Person, prompt: UUID) -> AppTest:
    return opened(console, admin, PROMPTS, prompt=str(prompt), section="Labels")


def press(app: AppTest, key: str) -> AppTest:
    found: AppTest = app.button(key=key).click().run()
    return found


def test_a_gate_offers_shared_datasets_and_the_scorers_of_evaluations(
    console: Console, admin: Person, prompt: UUID
) -> None:
    dataset_id = promotions.shared_dataset(admin.actor, name="Refunds")
    dataset(admin.actor, question("x"), name="Mine alone")
    evaluated(admin.actor, dataset_id=str(dataset_id), test_cases=[], name="Usual")
    app = press(labels(console, admin, prompt), "prompts.label.production.gate")
    offered = {each.label: each.options for each in app.selectbox}
    assert offered["Dataset"] == ["Refunds"]
    assert offered["Answers are scored by"] == ["The cases' own scorers", "As in “Usual”"]


def test_a_label_says_what_its_gate_asks_for(console: Console, admin: Person, prompt: UUID) -> None:
    made = promotions.shared_dataset(admin.actor, name="Refunds")
    gate(admin.actor, prompt, made, by_lower_bound=True, scorers=[promotions.CONTAINS])
    shown = said(labels(console, admin, prompt))
    assert "Gate: the lower bound must reach 90.0% on Refunds (newest version), 1 scorer" in shown


def test_without_a_shared_dataset_the_form_says_what_is_missing(
    console: Console, admin: Person, prompt: UUID
) -> None:
    app = press(labels(console, admin, prompt), "prompts.label.production.gate")
    assert "Share a dataset with cases first." in said(app)


def test_a_move_says_what_the_gate_asks_for_and_takes_a_reason(
    console: Console, admin: Person, prompt: UUID
) -> None:
    gate(admin.actor, prompt, promotions.shared_dataset(admin.actor))
    app = press(labels(console, admin, prompt), "prompts.label.production.move")
    assert "Version 3 has not been evaluated on Questions" in app.warning[0].value
    assert "Reason to move without passing" in [each.label for each in app.text_input]


def test_a_passed_version_needs_no_reason(console: Console, admin: Person, prompt: UUID) -> None:
    gate(admin.actor, prompt, promotions.shared_dataset(admin.actor))
    passed_through(admin.actor, prompt, 3)
    app = press(labels(console, admin, prompt), "prompts.label.production.move")
    assert as_read(app.success[0].value) == "100.0% of 1 (no interval) passed; 90.0% must pass."
    assert "Reason to move without passing" not in [each.label for each in app.text_input]


def test_the_history_says_why_a_label_was_moved(
    console: Console, admin: Person, prompt: UUID
) -> None:
    gate(admin.actor, prompt, promotions.shared_dataset(admin.actor))
    passed_through(admin.actor, prompt, 3)
    move(admin.actor, prompt, 3)
    move(admin.actor, prompt, 1, reason=REASON)
    rows = labels(console, admin, prompt).dataframe[0].value.to_dict("records")
    assert [row["Why"] for row in rows[:2]] == [REASON, "Passed its gate"]


def test_a_gated_label_goes_back_by_a_click_on_its_reason(
    console: Console, admin: Person, prompt: UUID
) -> None:
    gate(admin.actor, prompt, promotions.shared_dataset(admin.actor))
    app = press(labels(console, admin, prompt), f"prompts.label.{prompt}.production.back.0")
    assert toasts(app) == ["production points at version 1 again"]
    with transaction() as session:
        assert list_moves(session, prompt)[0].reason == "Wrong answers in production"


def test_a_reason_to_go_back_is_not_taken_over_to_another_prompt(
    console: Console, admin: Person, prompt: UUID
) -> None:
    other = create(admin.actor, "sales", "", system_prompt=FAILING).id
    save(admin.actor, other, system_prompt=PASSING)
    dataset_id = promotions.shared_dataset(admin.actor)
    for version in (1, 2):
        label(admin.actor, other, version)
    for each in (prompt, other):
        gate(admin.actor, each, dataset_id)
    app = labels(console, admin, prompt)
    next(each for each in app.text_input if each.label == "Another reason").set_value(REASON).run()
    app.query_params["prompt"] = str(other)
    app.run()
    assert [each.value for each in app.text_input if each.label == "Another reason"] == [""]


def test_the_evaluation_of_a_gate_is_started_as_it_asks(
    console: Console, admin: Person, prompt: UUID
) -> None:
    gate(admin.actor, prompt, promotions.shared_dataset(admin.actor))
    query = {"new": "1", "gate": "production", "template": str(prompt), "version": "3"}
    app = opened(console, admin, EVALUATIONS, **query)
    assert "Questions, version 1, scored by the cases' own scorers; 90.0% must pass" in said(app)
    assert app.text_input[0].value == "support@3 for production"
    next(each for each in app.button if each.label == "Start evaluation").click().run()
    assert toasts(app) == ["Evaluation started"]


def test_the_model_of_a_gate_is_shown_where_it_is_set_and_used(
    console: Console, admin: Person, prompt: UUID
) -> None:
    gate(admin.actor, prompt, promotions.shared_dataset(admin.actor), model_id="fake:plain")
    app = labels(console, admin, prompt)
    shown = "Gate: 90.0% must pass on Questions (newest version), answered by fake:plain"
    assert shown in said(app)
    press(app, "prompts.label.production.gate")
    model = app.selectbox(key="prompts.gate.model")
    assert model.value == "fake:plain"
    assert model.help.startswith("Applies to versions without a model;")
    query = {"new": "1", "gate": "production", "template": str(prompt), "version": "3"}
    app = opened(console, admin, EVALUATIONS, **query)
    assert "Questions, version 1, answered by fake:plain, scored by" in said(app)
    assert "Model" not in [each.label for each in app.selectbox]


def test_a_gate_of_less_than_a_percent_can_be_changed(
    console: Console, admin: Person, prompt: UUID
) -> None:
    gate(admin.actor, prompt, promotions.shared_dataset(admin.actor), least_rate=0.005)
    app = press(labels(console, admin, prompt), "prompts.label.production.gate")
    assert app.number_input(key="prompts.gate.rate").value == 0.5
