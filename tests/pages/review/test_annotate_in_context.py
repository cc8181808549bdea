"""Answers are annotated and queued where a conversation is read, on its page and in the drawer."""

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from core.annotations.queries import annotation_list
from core.annotations.schemas import AnnotationFilter, AnnotationView
from core.database import settings
from core.database.db import Database, transaction
from core.database.paging import Window
from core.identity.schemas import Actor, Role
from tests.factories.conversations import conversation, stored
from tests.factories.identity import Person, person
from tests.factories.reviews import annotated, message_id
from tests.pages.conftest import TUNING, Console, said, toasts

pytestmark = pytest.mark.usefixtures("database")


def opened(console: Console, who: Person, **query: str) -> AppTest:
    app = console(who, TUNING)
    app.query_params.update(query)
    return app.run()


def notes(actor: Actor) -> list[AnnotationView]:
    with transaction(Database.AI) as ai:
        return annotation_list.list_annotations(
            ai, AnnotationFilter(), Window(10), actor=actor
        ).items


def way(app: AppTest, label: str) -> list[str]:
    return [button.key or "" for button in app.button if button.label == label]


@pytest.mark.parametrize("where", ["page", "drawer"])
def test_an_answer_is_annotated_where_it_is_read(console: Console, where: str) -> None:
    stored(conversation("c", messages=4))
    reviewer = person(Role.REVIEWER)
    with transaction() as session:
        key = str(session.scalar(text("select id from conversations")))
    query = {"conversation": key} if where == "page" else {"view": "conversations", "row": key}
    query |= {} if where == "page" else {"days": "3660"}
    app = opened(console, reviewer, **query)
    assert len(way(app, "Annotate")) == 2  # of four messages, the answers
    app.button(key=f"annotation.rate_review.{message_id('m3')}").click().run()
    app.text_area(key=f"review.response.{message_id('m3')}").set_value("Better.").run()
    app.button(key="annotation.save").click().run()
    [made] = notes(reviewer.actor)
    assert (made.message_id, made.annotation_type) == (message_id("m3"), "correction")
    assert made.suggested_response == "Better."
    assert toasts(app) == ["Annotation saved"]
    assert len(way(app, "Annotate")) == 2


def test_a_form_without_a_type_stays_open(console: Console) -> None:
    stored(conversation("c", messages=2))
    app = opened(console, person(Role.REVIEWER), conversation="c")
    app.button(key=f"annotation.rate_review.{message_id()}").click().run()
    app.button(key="annotation.save").click().run()
    assert "Choose a type" in said(app)
    app.button(key="annotation.cancel").click().run()
    assert len(way(app, "Annotate")) == 1


def test_an_answer_joins_the_queue_once(console: Console) -> None:
    stored(conversation("c", messages=2))
    app = opened(console, person(Role.REVIEWER), conversation="c")
    for words in ("Added to the queue", "Already in the queue"):
        app.button(key=f"annotation.playlist_add.{message_id()}").click().run()
        assert toasts(app) == [words]
    with transaction(Database.AI) as ai:
        assert ai.scalar(text("select count(*) from review_items")) == 1


def test_those_who_only_read_are_offered_neither(console: Console) -> None:
    stored(conversation("c", messages=2))
    with transaction() as session:
        settings.write(session, settings.Workspace(analysts_read_messages=True), by=None)
    app = opened(console, person(Role.ANALYST), conversation="c")
    assert "text 1" in said(app)
    assert way(app, "Annotate") == way(app, "Add to queue") == []


def test_an_annotation_shows_who_reviewed_and_applied_it(console: Console) -> None:
    stored(conversation("c", messages=2))
    annotated(
        status="applied",
        reviewed_by_name="Ada",
        reviewed_at="2026-11-18T09:00:00Z",
        applied_by_name="Grace",
        applied_at="2026-11-19T10:00:00Z",
    )
    app = opened(console, person(Role.REVIEWER), conversation="c")
    assert "Reviewed by Ada · 18 Nov 09:00 · Applied by Grace · 19 Nov 10:00" in said(app)


def test_changes_of_an_annotation_are_saved_or_cancelled_before_another_form_opens(
    console: Console,
) -> None:
    stored(conversation("c", messages=4))
    edited = annotated("m1")
    app = opened(console, person(Role.ADMIN), conversation="c")
    app.button(key=f"annotation.edit.{edited}").click().run()
    comment = f"review.comment.{message_id('m1')}"
    app.text_area(key=comment).set_value("Name the plan").run()
    app.button(key=f"annotation.rate_review.{message_id('m3')}").click().run()
    assert "Save or cancel its changes first" in said(app)
    assert app.text_area(key=comment).value == "Name the plan"
    app.button(key="annotation.cancel").click().run()
    app.button(key=f"annotation.rate_review.{message_id('m3')}").click().run()
    assert app.text_area(key=f"review.comment.{message_id('m3')}").value == ""
