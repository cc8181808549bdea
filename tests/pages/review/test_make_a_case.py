"""A case can be made of an annotation by who may run models."""

import pytest
from streamlit.testing.v1 import AppTest

from core.identity.schemas import Role
from tests.factories.conversations import conversation, stored
from tests.factories.identity import Person, person
from tests.factories.reviews import annotated
from tests.pages.conftest import TUNING, Console

pytestmark = pytest.mark.usefixtures("database")


def opened(console: Console, who: Person) -> AppTest:
    stored(conversation("c"))
    id_ = annotated(suggested_response="Better.")
    app = console(who, TUNING)
    app.query_params.update({"view": "annotations", "days": "3660", "row": str(id_)})
    return app.run()


def test_an_admin_is_asked_for_the_dataset_of_an_annotation(console: Console) -> None:
    app = opened(console, person(Role.SUPER_ADMIN))
    [button] = [it for it in app.button if it.label == "Make a case"]
    button.click().run()
    assert app.selectbox(key="case.dataset").options == ["New dataset"]
    assert app.text_input(key="case.name").label == "Name of the new dataset"


def test_a_reviewer_who_runs_no_models_is_not_offered_it(console: Console) -> None:
    app = opened(console, person(Role.REVIEWER))
    assert [it for it in app.button if it.label == "Make a case"] == []


def test_a_case_can_be_made_of_a_conversation(console: Console) -> None:
    stored(conversation("c"))
    app = console(person(Role.SUPER_ADMIN), TUNING)
    app.query_params.update({"conversation": "c"})
    app.run()
    [button] = [it for it in app.button if it.label == "Make a case"]
    button.click().run()
    assert app.selectbox(key="case.dataset").options == ["New dataset"]
