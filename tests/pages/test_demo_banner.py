"""Demo data is marked on every page; people with permission can remove it there."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.demo import queries, service
from core.demo.stories import stories
from core.identity.schemas import Role
from core.imports.schemas import ImportStatus
from core.platform import clock
from pages._ui import cache
from tests.factories import activity
from tests.factories.identity import Person, person
from tests.pages.conftest import AI_METRICS, OVERVIEW, SETTINGS, USERS, YOU, Console, as_read, said

FOLLOW = """
import streamlit as st
from pages import demo_banner

runs = st.session_state["runs"] = st.session_state.get("runs", 0) + 1
if runs == 1:
    demo_banner.follow(st.session_state["actor"], st.session_state["demo"])
st.markdown(f"run {runs}")
"""
TOLD = "demo.stories"
SYNTHETIC = "all data is synthetic"


def load(admin: Person) -> None:
    with transaction() as session:
        service.load(session, actor=admin.actor)


def test_every_page_says_it_and_only_an_administrator_may_remove_it(console: Console) -> None:
    admin, reviewer = person(Role.ADMIN), person(Role.REVIEWER)
    load(admin)
    for page in (SETTINGS, YOU):
        app = console(admin, page)
        assert SYNTHETIC in said(app)
        assert "Remove demo data" in [button.label for button in app.button]
    app = console(reviewer, YOU)
    assert SYNTHETIC in said(app)
    assert "Remove demo data" not in [button.label for button in app.button]


def test_rows_of_ones_own_beside_the_demo_are_named(console: Console) -> None:
    admin = person(Role.ADMIN)
    load(admin)
    activity.store([activity.event("signup.start", clock.now())])
    app = console(admin, YOU)
    assert SYNTHETIC not in said(app)
    assert "Demo data is mixed with yours" in said(app).replace("**", "")
    assert "Remove demo data" in [button.label for button in app.button]


@pytest.mark.parametrize(
    ("status", "runs"), [(ImportStatus.RUNNING, 1), (ImportStatus.COMPLETED, 2)]
)
def test_the_page_is_drawn_again_once_the_demo_is_loaded(
    database: object, status: ImportStatus, runs: int
) -> None:
    # The banner said "loading…" until someone reloaded the page
    admin = person(Role.ADMIN)
    load(admin)
    app = AppTest.from_string(FOLLOW)
    with transaction() as session:
        app.session_state["demo"] = queries.find_demo(session)
        row = queries.find_row(session)
        assert row is not None
        row.status, row.position = status, 10
    app.session_state["actor"] = admin.actor
    cache.forget()
    assert f"run {runs}" in said(app.run())


@pytest.mark.parametrize("page", [AI_METRICS, USERS, OVERVIEW])
def test_an_empty_page_says_that_the_demo_is_loading_and_not_to_send_data(
    console: Console, page: str
) -> None:
    admin = person(Role.ADMIN)
    load(admin)
    app = console(admin, page)
    assert "Demo data is loading" in said(app)
    assert "over HTTP" not in said(app)


def test_removing_is_asked_once_and_then_begins(console: Console) -> None:
    admin = person(Role.ADMIN)
    load(admin)
    with transaction() as session:
        row = queries.find_row(session)
        assert row is not None
        row.status, row.position = ImportStatus.COMPLETED, 10
    app = console(admin, SETTINGS)
    app.button(key="demo.remove").click().run()
    app.button(key="demo.confirm").click().run()
    assert "removing…" in said(app)
    with transaction() as session:
        found = queries.find_demo(session)
    assert found is not None
    assert found.is_going


def test_undoing_the_import_of_the_demo_asks_as_its_banner_does(console: Console) -> None:
    # It named neither the examples nor one's own annotations, which went with it
    admin = person(Role.ADMIN)
    load(admin)
    with transaction() as session:
        row = queries.find_row(session)
        assert row is not None
        row.status, row.position = ImportStatus.COMPLETED, 10
        row.counts = {"events": {"accepted": 10, "duplicates": 0, "rejected": 0}}
        import_id = row.id
    app = console(admin, SETTINGS).button_group[0].set_value("Import").run()
    app.button(f"undo-{import_id}").click().run()
    assert "all annotations on demo messages, including yours" in said(app)
    app.button(key="demo.confirm").click().run()
    assert "removing…" in said(app)


def test_what_is_too_old_for_an_undo_offers_none(console: Console) -> None:
    admin = person(Role.ADMIN)
    load(admin)
    with transaction() as session:
        row = queries.find_row(session)
        assert row is not None
        row.status, row.position, row.started_at = (
            ImportStatus.COMPLETED,
            10,
            clock.now() - timedelta(days=40),
        )
    app = console(admin, YOU)
    assert "too old to remove" in said(app)
    assert "Remove demo data" not in [button.label for button in app.button]


def test_an_empty_workspace_is_offered_one_and_says_nothing_otherwise(console: Console) -> None:
    app = console(person(Role.ADMIN), SETTINGS)
    assert SYNTHETIC not in said(app)
    app.button(key="demo.load").click().run()
    assert SYNTHETIC in said(app)
    assert "demo.load" not in [button.key for button in app.button]


def test_what_to_look_for_is_told_once_it_is_there_to_who_may_watch(console: Console) -> None:
    admin, reviewer = person(Role.ADMIN), person(Role.REVIEWER)
    load(admin)
    assert TOLD not in [button.key for button in console(admin, YOU).button]  # it is still coming
    with transaction() as session:
        row = queries.find_row(session)
        assert row is not None
        row.status, row.position = ImportStatus.COMPLETED, 10
    cache.forget()
    assert TOLD not in [button.key for button in console(reviewer, YOU).button]
    app = console(admin, YOU)
    app.button(key=TOLD).click().run()
    links = {as_read(link.proto.label) for link in app.get("page_link")}
    assert {story.question for story in stories(clock.now())} <= links


def test_each_question_about_the_demo_leads_to_an_answer_of_its_own() -> None:
    told = stories(clock.now())
    assert len({(story.page, str(story.query)) for story in told}) == len(told)
    [version] = [story for story in told if "version 9" in story.question]
    assert version.query["prompt_version"] == "concierge@9"  # shows before and after its promotion
