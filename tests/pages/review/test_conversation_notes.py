"""Notes beside a conversation, and the mentions on a colleague's page."""

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Multiselect, TextArea

from core.conversations import service
from core.conversations.notes import LONGEST_NOTE, NewNote
from core.database.db import transaction
from core.identity.models import AdminUser
from core.identity.schemas import Role
from pages._ui import cache
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person
from tests.pages.conftest import TUNING, YOU, Console, said, toasts

pytestmark = pytest.mark.usefixtures("database")


def note(app: AppTest) -> TextArea:
    return next(each for each in app.text_area if each.label == "Note")


def mention(app: AppTest) -> Multiselect[str]:
    return next(each for each in app.multiselect if each.label == "Mention")


def test_a_note_is_written_and_its_colleague_is_told(console: Console) -> None:
    stored(conversation("c", messages=2, title="Where is it?"))
    author, ada = person(Role.REVIEWER), person(Role.ADMIN, email="ada@example.com")
    app = console(author, TUNING)
    app.query_params["conversation"] = "c"
    app.run()
    note(app).set_value("Is this <b>known</b>?")
    mention(app).set_value(["ada@example.com"])
    next(each for each in app.button if each.label == "Add note").click().run()
    assert toasts(app) == ["Note added, Admin mentioned"]
    assert "@Admin Is this <b>known</b>?" in said(app)
    assert note(app).value == ""
    assert mention(app).value == []
    cache.forget()
    links = [str(getattr(each, "label", "")) for each in console(ada).sidebar.get("page_link")]
    assert "1 new mention" in links
    page = said(console(ada, YOU))
    assert "Is this <b>known</b>?" in page
    assert "New" in page
    assert ":blue-badge[New]" not in said(console(ada, YOU))


def test_an_author_deletes_a_note_after_a_question(console: Console) -> None:
    stored(conversation("c", messages=2))
    app = console(person(Role.REVIEWER), TUNING)
    app.query_params["conversation"] = "c"
    app.run()
    note(app).set_value("Mine")
    next(each for each in app.button if each.label == "Add note").click().run()
    next(each for each in app.button if each.label == "Delete note").click().run()
    app.button(key="notes.confirm").click().run()
    assert toasts(app) == ["Note deleted"]
    assert "Mine" not in said(app)


def test_an_empty_note_is_refused_in_words(console: Console) -> None:
    stored(conversation("c", messages=2))
    app = console(person(Role.REVIEWER), TUNING)
    app.query_params["conversation"] = "c"
    app.run()
    next(each for each in app.button if each.label == "Add note").click().run()
    assert "Write a note." in said(app)


def test_a_note_that_is_refused_stays_in_its_field(console: Console) -> None:
    # A form clears itself in the browser, whatever becomes of it
    stored(conversation("c", messages=2))
    author = person(Role.REVIEWER)
    person(Role.ADMIN, email="ada@example.com")
    app = console(author, TUNING)
    app.query_params["conversation"] = "c"
    app.run()
    longest = "x" * LONGEST_NOTE
    note(app).set_value(longest)
    mention(app).set_value(["ada@example.com"])
    next(each for each in app.button if each.label == "Add note").click().run()
    assert "Use at most" in toasts(app)[0]
    assert note(app).value == longest


def test_a_note_that_was_begun_is_not_offered_on_another_conversation(console: Console) -> None:
    stored(conversation("c", messages=2), conversation("d", messages=2))
    app = console(person(Role.REVIEWER), TUNING)
    app.query_params["conversation"] = "c"
    app.run()
    note(app).set_value("Of c only").run()
    app.query_params["conversation"] = "d"
    app.run()
    assert note(app).value == ""


def test_a_chosen_colleague_is_told_though_a_longer_name_in_the_text_begins_alike(
    console: Console,
) -> None:
    stored(conversation("c", messages=2))
    author, ann = person(Role.REVIEWER), person(Role.ADMIN, email="ann@example.com")
    other = person(Role.ADMIN)
    with transaction() as session:
        session.get_one(AdminUser, ann.actor.id).full_name = "Ann"
        session.get_one(AdminUser, other.actor.id).full_name = "Ann Lee"
    app = console(author, TUNING)
    app.query_params["conversation"] = "c"
    app.run()
    note(app).set_value("@Ann Lee please look")
    mention(app).set_value(["ann@example.com"])
    next(each for each in app.button if each.label == "Add note").click().run()
    assert toasts(app) == ["Note added, Ann, Ann Lee mentioned"]
    cache.forget()
    links = [str(getattr(each, "label", "")) for each in console(ann).sidebar.get("page_link")]
    assert "1 new mention" in links


def test_a_name_that_nobody_has_is_not_said_to_be_mentioned(console: Console) -> None:
    stored(conversation("c", messages=2))
    app = console(person(Role.REVIEWER), TUNING)
    app.query_params["conversation"] = "c"
    app.run()
    note(app).set_value("@Nemo please look")
    next(each for each in app.button if each.label == "Add note").click().run()
    assert toasts(app) == ["Note added"]


def test_colleagues_of_one_name_are_mentioned_by_their_emails(console: Console) -> None:
    stored(conversation("c", messages=2))
    author = person(Role.REVIEWER)
    people = [person(Role.ADMIN, email=f"{each}@example.com") for each in ("sam", "smith")]
    with transaction() as session:
        for each in people:
            session.get_one(AdminUser, each.actor.id).full_name = "Sam Smith"
    app = console(author, TUNING)
    app.query_params["conversation"] = "c"
    app.run()
    assert {"@sam@example.com", "@smith@example.com"} <= set(mention(app).options)
    note(app).set_value("please look")
    mention(app).set_value(["sam@example.com"])
    next(each for each in app.button if each.label == "Add note").click().run()
    assert toasts(app) == ["Note added, Sam Smith mentioned"]
    cache.forget()
    links = [
        [str(getattr(it, "label", "")) for it in console(each).sidebar.get("page_link")]
        for each in people
    ]
    assert ["1 new mention" in each for each in links] == [True, False]


def test_all_new_mentions_are_shown_however_many(console: Console) -> None:
    stored(conversation("c", messages=2))
    author, ada = person(Role.REVIEWER), person(Role.ADMIN, email="ada@example.com")
    with transaction() as session:
        for number in range(22):
            body = f"@ada@example.com note {number:02}"
            service.add_note(session, NewNote(conversation_id="c", body=body), actor=author.actor)
    page = said(console(ada, YOU))
    assert "note 00" in page
    assert "note 00" not in said(console(ada, YOU))
