"""A case can be made of an annotation by who may run models."""

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.database.paging import Window
from core.datasets.queries import datasets as queries
from core.identity.schemas import Role
from pages._ui import guard, state
from pages._ui.review import case_button
from tests.factories.conversations import conversation, one, stored
from tests.factories.identity import Person, person
from tests.factories.reviews import annotated
from tests.pages.conftest import TUNING, Console, said

PRESS = """
import streamlit as st
from pages._ui import errors, state
from pages._ui.review import case_button

case_button.open_conversation(st.session_state["conversation"])
st.error(state.get(state.PROBLEM, ""))
errors.say_what_happened()
"""

pytestmark = pytest.mark.usefixtures("database")


def opened(console: Console, who: Person) -> AppTest:
    stored(conversation("c"))
    id_ = annotated(suggested_response="Better.")
    app = console(who, TUNING)
    app.query_params.update({"view": "annotations", "days": "3660", "row": str(id_)})
    return app.run()


def test_an_admin_is_asked_for_the_dataset_of_an_annotation(console: Console) -> None:
    app = opened(console, person(Role.SUPER_ADMIN))
    [button] = [it for it in app.button if it.label == "Add to dataset"]
    button.click().run()
    assert app.selectbox(key="case.dataset").options == ["New dataset"]
    assert app.text_input(key="case.name").label == "Name of the new dataset"


@pytest.mark.parametrize("where", ["page", "drawer"])
def test_an_annotation_becomes_a_case_where_its_conversation_is_read(
    console: Console, where: str
) -> None:
    stored(conversation("c"))
    id_ = annotated(suggested_response="Better.")
    app = console(person(Role.SUPER_ADMIN), TUNING)
    drawer = {"view": "conversations", "days": "3660", "row": str(one("id"))}
    app.query_params.update({"conversation": "c"} if where == "page" else drawer)
    app.run().button(key=f"case.{id_}").click().run()
    assert app.selectbox(key="case.dataset").options == ["New dataset"]
    # Of the annotation: an answer of the whole conversation could be kept as it is
    assert "case.keeps" not in [each.key for each in app.checkbox]


def test_a_reviewer_who_runs_no_models_is_not_offered_it(console: Console) -> None:
    app = opened(console, person(Role.REVIEWER))
    assert [it for it in app.button if it.label == "Add to dataset"] == []


def test_a_case_can_be_made_of_a_conversation(console: Console) -> None:
    stored(conversation("c"))
    app = console(person(Role.SUPER_ADMIN), TUNING)
    app.query_params.update({"conversation": "c"})
    app.run()
    [button] = [it for it in app.button if it.label == "Add to dataset"]
    button.click().run()
    assert app.selectbox(key="case.dataset").options == ["New dataset"]
    assert "messages up to the last question" in said(app)


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Person:
    """Have cases added at once to a new dataset of an admin."""

    def add_at_once(add: case_button.Add, **_: object) -> None:
        state.put(case_button.CHOSEN, None)
        state.put(case_button.NAME, "mine")
        case_button._add(add, {None: case_button.NEW})  # noqa: SLF001  as the dialog does

    who = person(Role.SUPER_ADMIN)
    monkeypatch.setattr(guard, "cookie", lambda: who.token)
    monkeypatch.setattr(case_button, "_open", add_at_once)
    return who


def pressed() -> AppTest:
    app = AppTest.from_string(PRESS)
    app.session_state["conversation"] = one("id")
    return app.run()


def test_a_case_that_is_refused_leaves_no_empty_dataset(admin: Person) -> None:
    stored(conversation("c", 0))
    app = pressed()
    assert "no user has written in it" in said(app)
    with transaction() as session:
        assert queries.list_datasets(session, Window(10), actor=admin.actor).items == []


def test_the_message_about_a_new_case_leads_to_its_dataset(admin: Person) -> None:
    stored(conversation("c"))
    app = pressed()
    with transaction() as session:
        [dataset] = queries.list_datasets(session, Window(10), actor=admin.actor).items
    [toast] = app.toast
    assert toast.value == f"Case added to mine · [Open dataset](/datasets?dataset={dataset.id})"
