"""The page of a document."""

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import Database, transaction
from core.identity.schemas import Role, SessionKind
from core.knowledge.documents import queries, service
from core.knowledge.documents.schemas import DocumentChangeBody
from tests.factories import imports
from tests.factories.conversations import START
from tests.factories.identity import person
from tests.pages.conftest import Console, said

KNOWLEDGE = "review/knowledge/page.py"


def after_a_left_edit(console: Console) -> AppTest:
    row = {"id": "faq", "title": "Hours", "content": "9 to 5", "created_at": START.isoformat()}
    imports.send("document", row)
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), KNOWLEDGE)
    app.query_params["document"] = "faq"
    app.run()
    app.button(key="documents.edit").click().run()
    app.text_area(key="documents.edit.content").set_value("8 to 4").run()
    app.button(key="documents.back").click().run()
    return app


def test_a_document_without_a_title_is_named_by_its_id_before_it_is_deleted(
    console: Console,
) -> None:
    imports.send("document", {"id": "faq-7", "content": "c", "created_at": START.isoformat()})
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), KNOWLEDGE)
    app.query_params["document"] = "faq-7"
    app.run()
    app.button(key="documents.delete").click().run()
    assert "“faq-7” will be deleted." in said(app)


def test_a_tag_with_a_comma_stays_one_when_something_else_is_edited(console: Console) -> None:
    row = {"id": "faq", "title": "Hours", "content": "9 to 5", "tags": ["Bonn, Rhine", "hours"]}
    imports.send("document", row | {"created_at": START.isoformat()})
    who = person(Role.ADMIN, kind=SessionKind.BROWSER)
    app = console(who, KNOWLEDGE)
    app.query_params["document"] = "faq"
    app.run()
    app.button(key="documents.edit").click().run()
    app.text_area(key="documents.edit.content").set_value("8 to 4")
    app.button(key="documents.save").click().run()
    with transaction(Database.AI) as ai:
        changed = queries.get_document(ai, "faq", actor=who.actor)
    assert (changed.content, changed.tags) == ("8 to 4", ["Bonn, Rhine", "hours"])


def test_a_tag_that_is_too_long_is_named_as_what_is_wrong(console: Console) -> None:
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), KNOWLEDGE)
    app.button(key="documents.new").click().run()
    for name, value in {"title": "Hours", "tags": "x" * 201}.items():
        app.text_input(key=f"documents.edit.{name}").set_value(value)
    app.text_area(key="documents.edit.content").set_value("9 to 5")
    app.button(key="documents.save").click().run()
    assert "tags to 200" in said(app)


def test_an_edit_that_was_left_goes_on_with_what_was_entered(console: Console) -> None:
    app = after_a_left_edit(console)
    app.query_params["document"] = "faq"
    app.run()
    assert not app.exception
    assert app.text_area(key="documents.edit.content").value == "8 to 4"
    assert app.text_input(key="documents.edit.title").value == "Hours"
    app.button(key="documents.cancel").click().run()
    assert ("9 to 5" in said(app), list(app.text_area)) == (True, [])


def test_a_new_document_that_was_left_is_still_a_draft_with_its_text(console: Console) -> None:
    imports.send("document", {"id": "faq", "content": "c", "created_at": START.isoformat()})
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), KNOWLEDGE)
    app.button(key="documents.new").click().run()
    assert app.selectbox(key="documents.edit.status").value == "draft"
    app.text_area(key="documents.edit.content").set_value("9 to 5").run()
    app.query_params["document"] = "faq"
    app.run()
    del app.query_params["document"]
    app.run()
    assert app.selectbox(key="documents.edit.status").value == "draft"
    assert app.text_area(key="documents.edit.content").value == "9 to 5"


def test_an_open_new_document_is_not_begun_again(console: Console) -> None:
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), KNOWLEDGE)
    app.button(key="documents.new").click().run()
    assert app.button(key="documents.new").disabled
    app.button(key="documents.cancel").click().run()
    assert not app.button(key="documents.new").disabled


def test_a_new_document_does_not_fill_the_editor_of_one_that_was_left(console: Console) -> None:
    app = after_a_left_edit(console)
    app.button(key="documents.new").click().run()
    app.text_area(key="documents.edit.content").set_value("Another text")
    app.query_params["document"] = "faq"  # as by the browser's way back
    app.run()
    assert not app.exception
    assert ("9 to 5" in said(app), list(app.text_area)) == (True, [])


def test_a_history_that_is_cut_says_how_many_changes_there_are(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_HISTORY_BYTES", 1)
    imports.send("document", {"id": "faq", "content": "a", "created_at": START.isoformat()})
    who = person(Role.ADMIN, kind=SessionKind.BROWSER)
    for content in ("b", "c"):
        with transaction(Database.AI) as ai:
            service.change_document(ai, "faq", DocumentChangeBody(content=content), actor=who.actor)
    app = console(who, KNOWLEDGE)
    app.query_params["document"] = "faq"
    app.run()
    assert "Showing the newest 1 of 2 changes · the API returns all of them" in said(app)
