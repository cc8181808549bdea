"""The form of an annotation in its drawer, and the steps to the annotations beside it."""

import pytest
from streamlit.testing.v1 import AppTest

from core.identity.schemas import SessionKind
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person
from tests.factories.reviews import annotated
from tests.pages.conftest import TUNING, Console

pytestmark = pytest.mark.usefixtures("database")


def labels(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def test_a_form_that_was_left_is_closed_and_does_not_hide_the_steps_of_others(
    console: Console,
) -> None:
    # It opened again with what was stored when it was opened first
    stored(conversation("c", messages=4))
    edited, other = annotated("m1"), annotated("m3", number=1)
    app = console(person(kind=SessionKind.BROWSER), TUNING)
    app.query_params.update({"view": "annotations", "days": "3660", "row": str(edited)})
    app.run()
    app.button(key="annotation.edit").click().run()
    assert "Save changes" in labels(app)
    assert "Next" not in labels(app)

    app.query_params["row"] = str(other)
    app.run()
    assert {"Previous", "Next", "Edit"} <= labels(app)

    app.query_params["row"] = str(edited)
    app.run()
    assert "Save changes" not in labels(app)


def test_the_filters_of_the_list_are_there_after_the_way_back_from_a_conversation(
    console: Console,
) -> None:
    stored(conversation("c", messages=2))
    filters = {"view": "annotations", "days": "3660", "status": "pending"}
    app = console(person(kind=SessionKind.BROWSER), TUNING)
    app.query_params.update({**filters, "row": str(annotated("m1"))})
    app.run()
    app.button(key="annotation.open").click().run()
    assert "conversation" in app.query_params
    next(each for each in app.button if each.label == "All annotations").click().run()
    assert dict(app.query_params.items()) == filters
