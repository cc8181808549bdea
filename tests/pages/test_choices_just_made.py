"""What is chosen right before a press counts, though the page has not been drawn in between."""

from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from core.activity.service import saved_funnels
from core.bots.queries import scenarios
from core.database.db import transaction
from core.database.paging import Window
from core.executions.runner import Runner
from core.identity.schemas import Role, SessionKind
from core.imports import queries
from core.imports.schemas import ImportView
from core.imports.service import files
from core.imports.uploads import Upload
from core.platform.ids import new_id
from tests.factories import bots
from tests.factories.annotations import rows, waiting
from tests.factories.bots import JUDGE
from tests.factories.identity import Person, person
from tests.pages.conftest import SETTINGS, TUNING, Console

FILE = b"timestamp,model_name,prompt_tokens\n2026-11-03T05:06:07Z,gpt-4o,5\n"


@pytest.fixture
def admin(runner: Runner) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def labelled(found: Any, label: str) -> Any:  # noqa: ANN401  an element
    return next(each for each in found if each.label == label)


def section(console: Console, admin: Person, name: str) -> AppTest:
    return console(admin, SETTINGS).button_group[0].set_value(name).run()


@pytest.fixture
def opened(console: Console, admin: Person) -> AppTest:
    """Return Settings with a file that could be imported."""
    import_id = new_id()
    with Upload(import_id) as upload:
        upload.write(FILE)
        stored = upload.keep()
    files.add(import_id, "requests.csv", stored, actor=admin.actor)
    app = section(console, admin, "Import")
    return app.button(f"open-{import_id}").click().run()


def imported(admin: Person) -> ImportView:
    with transaction() as session:
        [found] = queries.list_imports(session, window=Window(), actor=admin.actor).items
        return queries.get_import(session, found.id, actor=admin.actor)


@pytest.mark.parametrize(
    ("key", "words"), [("imports.start", "Stop import"), ("imports.try", "Stop dry run")]
)
def test_a_file_goes_into_the_environment_that_was_just_entered(
    admin: Person, opened: AppTest, key: str, words: str
) -> None:
    # Arguments of a callback are those of the run that drew the button
    labelled(opened.text_input, "Environment").set_value("shop")
    opened.button(key).click().run()
    assert imported(admin).environment == "shop"
    assert labelled(opened.button, words)


def test_a_file_is_not_imported_as_what_it_was_until_just_now(
    admin: Person, opened: AppTest
) -> None:
    labelled(opened.selectbox, "Row type").select("conversations")
    opened.button("imports.start").click().run()
    assert (imported(admin).mapping or {}).get("kind") != "ai_requests"


def test_a_mapping_is_saved_with_the_choice_that_was_just_made(
    admin: Person, opened: AppTest
) -> None:
    labelled(opened.selectbox, "Row type").select("events")
    labelled(opened.text_input, "Name").set_value("Nightly")
    opened.button("imports.keep").click().run()
    with transaction() as session:
        [kept] = queries.list_mappings(session, window=Window(), actor=admin.actor).items
    assert (kept.name, kept.mapping["kind"]) == ("Nightly", "events")


@pytest.mark.parametrize("label", ["Run all", "Run"])
def test_a_scenario_is_run_by_the_models_that_were_just_chosen(
    console: Console, admin: Person, label: str
) -> None:
    bot = bots.made(admin.actor)
    app = console(admin, "test/bots/page.py")
    app.query_params["bot"] = str(bot.id)
    app.run()
    labelled(app.button_group, "Section").set_value("Scenarios").run()
    before = labelled(app.selectbox, "Model").value
    other = next(each for each in labelled(app.selectbox, "Model").options if each != before)
    labelled(app.selectbox, "Model").select(other)
    labelled(app.selectbox, "Judge").select(JUDGE)
    labelled(app.button, label).click().run()
    with transaction() as session:
        [run] = scenarios.list_runs(session, bot.id, actor=admin.actor)
    assert (run.model_id, run.judge_model_id) == (other, JUDGE)


def test_a_row_that_was_just_unselected_is_not_approved(console: Console, admin: Person) -> None:
    # Arguments of a callback are those of the run that drew the button
    waiting(3)
    app = console(admin, TUNING)
    app.session_state["review.waiting.0"] = selection(0, 1)
    app.run()
    app.session_state["review.waiting.0"] = selection(1)
    labelled(app.button, "Approve 2").click().run()
    states = [row["state"] for row in rows("select state from review_items order by priority")]
    assert sorted(states) == ["done", "waiting", "waiting"]


@pytest.mark.parametrize("label", ["Approve 2", "Skip 2"])
def test_a_bulk_action_is_undone_message_by_message(
    console: Console, admin: Person, label: str
) -> None:
    waiting(3)
    app = console(admin, TUNING)
    app.session_state["review.waiting.0"] = selection(0, 1)
    labelled(app.run().button, label).click().run()
    for _ in range(2):
        app.button("review.undo").click().run()
    assert [row["state"] for row in rows("select state from review_items")] == ["waiting"] * 3
    assert rows("select id from ai_admin_annotations") == []
    assert "review.undo" not in [each.key for each in app.button]


def test_a_row_that_was_just_selected_is_not_approved_before_its_text_was_shown(
    console: Console, admin: Person
) -> None:
    # Its message was approved unread
    waiting(3)
    app = console(admin, TUNING)
    app.session_state["review.waiting.0"] = selection(1)
    app.run()
    app.session_state["review.waiting.0"] = selection(0, 1)
    labelled(app.button, "Approve 1").click().run()
    states = [row["state"] for row in rows("select state from review_items order by priority")]
    assert sorted(states) == ["done", "waiting", "waiting"]


def test_a_selection_stays_with_its_messages_when_another_reviewer_finishes_one(
    console: Console, admin: Person
) -> None:
    # A table selects places: once a message above was finished, Approve approved another one
    waiting(3)
    app = console(admin, TUNING)
    app.session_state["review.waiting.0"] = selection(0)
    app.run()
    first = "select id from review_items order by priority desc, message_at, id limit 1"
    rows(f"update review_items set state = 'done' where id = ({first}) returning id")
    app.session_state["review.waiting.0"] = selection(0, 1)
    app.run()
    labelled(app.button, "Approve 2").click().run()
    states = [row["state"] for row in rows("select state from review_items order by priority")]
    assert sorted(states) == ["done", "done", "waiting"]


def selection(*numbers: int) -> dict[str, object]:
    return {"selection": {"rows": list(numbers), "columns": [], "cells": []}}


def test_the_funnel_that_was_just_chosen_is_the_one_to_delete(
    console: Console, admin: Person
) -> None:
    with transaction() as session:
        [workspace] = saved_funnels.list_funnels(session, actor=admin.actor)
    ids = [funnel(admin, workspace.id, name) for name in ("Trial", "Upgrade")]
    app = section(console, admin, "Onboarding")
    labelled(app.selectbox, "Funnel").select(str(ids[0])).run()
    labelled(app.selectbox, "Funnel").select(str(ids[1]))
    app.button("funnel_settings.delete").click().run()
    labelled(app.button, "Delete funnel").click().run()
    with transaction() as session:
        left = [each.name for each in saved_funnels.list_funnels(session, actor=admin.actor)]
    assert left == [workspace.name, "Trial"]


def test_two_steps_of_a_funnel_that_are_removed_at_once_are_both_gone(
    console: Console, admin: Person
) -> None:
    # The second press worked on the steps of the run before
    app = section(console, admin, "Onboarding")
    steps = len(app.multiselect)
    labelled(app.button, "Remove step 2").click()
    labelled(app.button, "Remove step 3").click()
    app.run()
    assert len(app.multiselect) == steps - 2


def funnel(admin: Person, like: UUID, name: str) -> UUID:
    """Save a funnel with the steps of another."""
    with transaction() as session:
        known = {each.id: each for each in saved_funnels.list_funnels(session, actor=admin.actor)}
        given = saved_funnels.definition_of(
            name, saved_funnels.funnel_from(known[like]), is_workspace=False
        )
        return saved_funnels.create_funnel(session, given, actor=admin.actor).id
