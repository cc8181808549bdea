"""Prompts: what is edited becomes a version, and what each account may do."""

from datetime import timedelta
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from core.annotations.errors import AnnotationMissing
from core.annotations.service import annotations
from core.identity.schemas import Role, SessionKind
from core.identity.service import sessions
from core.platform import clock
from pages.test.prompts.labels import label_move
from tests.factories.ai_metrics import request, send
from tests.factories.conversations import conversation, stored
from tests.factories.identity import Person, person
from tests.factories.prompts import create, label, read, save
from tests.factories.reviews import annotated
from tests.pages.conftest import Console, said, toasts, written

PROMPTS = "test/prompts/page.py"


@pytest.fixture
def admin(database: object) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def opened(console: Console, one: Person, name: str, section: str = "Edit") -> AppTest:
    app = console(one, PROMPTS)
    app.query_params["prompt"] = str(read(one.actor, name).id)
    app.run()
    if section != "Edit":
        sections = next(group for group in app.button_group if group.label == "Section")
        sections.set_value(section).run()
    return app


def press(app: AppTest, words: str) -> AppTest:
    button = next(each for each in app.button if each.label.startswith(words))
    return button.click().run()


def fill(app: AppTest, words: str, value: str) -> AppTest:
    fields = (*app.text_area, *app.text_input)
    field = next(each for each in fields if each.label == words)
    found: AppTest = field.set_value(value).run()
    return found


def test_variables_appear_as_they_are_written_and_are_saved_with_the_version(
    console: Console, admin: Person
) -> None:
    create(admin.actor)
    app = opened(console, admin, "support")
    app = fill(app, "Prompt", "Be {{tone}} to {{name}}.")
    app = fill(app, "Note", "two variables")
    next(field for field in app.text_input if field.label == "Default").set_value("kind")
    app = press(app, "Save as version 2")
    assert toasts(app) == ["Saved as version 2"]
    saved = read(admin.actor, "support")
    assert [(each.name, each.default) for each in saved.variables] == [
        ("tone", "kind"),
        ("name", None),
    ]


def test_the_preview_says_which_values_are_missing_and_then_shows_the_prompt(
    console: Console, admin: Person
) -> None:
    create(admin.actor, prompt="Dear {{name}}, <b>hello</b>")
    app = opened(console, admin, "support")
    assert "name A value is required." in said(app).replace("`", "")
    app = fill(app, "`name`", "Ada")
    assert "Dear Ada, <b>hello</b>" in [code.value for code in app.code]


def test_guidance_names_problems_of_the_text_while_it_is_edited(
    console: Console, admin: Person
) -> None:
    create(admin.actor, prompt="Hello")
    app = opened(console, admin, "support")
    assert "No problems found" in said(app)
    app = fill(app, "Prompt", "# *Rules*\n# Task\nHello")
    assert r":material/lightbulb: Nothing stands below “\*Rules\*”" in written(app)
    assert "Prompt, line 1: A model may invent" in said(app)
    assert "No problems found" not in said(app)
    app = fill(app, "Prompt", "{{> nothing}}")
    assert "can't be checked until the error in the preview is fixed" in said(app)


def test_all_parameters_that_a_model_takes_are_defaults_of_a_version(
    console: Console, admin: Person
) -> None:
    kept = {"top_p": 0.5, "stop_sequences": ["END", "STOP"]}
    create(admin.actor, default_parameters=kept, model_id="fake:echo")
    app = opened(console, admin, "support")
    seed = next(field for field in app.number_input if field.label == "Seed")
    app = seed.set_value(7).run()
    app = fill(app, "Stop sequences", "END\n\n")
    press(app, "Save as version 2")
    saved = read(admin.actor, "support").default_parameters.set_values()
    assert saved == {"top_p": 0.5, "seed": 7, "stop_sequences": ["END"]}


def test_a_version_is_edited_with_its_own_parameters_and_not_the_newest_ones(
    console: Console, admin: Person
) -> None:
    made = create(admin.actor, default_parameters={"top_p": 0.5})
    save(admin.actor, made.id, default_parameters={"seed": 3})
    app = opened(console, admin, "support", "Versions")
    versions = next(field for field in app.selectbox if field.label == "Version")
    app = versions.set_value(1).run()
    app = press(app, "Edit from this version")
    press(app, "Save as version 3")
    assert read(admin.actor, "support").default_parameters.set_values() == {"top_p": 0.5}


def test_what_cannot_be_saved_is_said_and_stays_in_the_form(
    console: Console, admin: Person
) -> None:
    create(admin.actor)
    app = opened(console, admin, "support")
    app = press(fill(app, "Prompt", " "), "Save as version 2")
    assert "Enter a prompt or a system prompt." in said(app)
    app = press(fill(app, "Prompt", "{{> nothing}}"), "Save as version 2")
    assert "can't be included" in said(app)
    assert read(admin.actor, "support").version == 1


def test_a_newer_version_of_somebody_else_is_not_overwritten(
    console: Console, admin: Person
) -> None:
    made = create(admin.actor)
    app = opened(console, admin, "support")
    save(admin.actor, made.id, prompt="theirs")
    app = fill(app, "Prompt", "mine")
    assert next(each for each in app.text_area if each.label == "Prompt").value == "mine"
    app = press(app, "Save as version 3")
    assert "Version 2 was saved in the meantime" in app.warning[0].value
    app = press(app, "Load newest version")
    assert next(each for each in app.text_area if each.label == "Prompt").value == "theirs"


def test_a_save_that_a_newer_version_refuses_offers_to_keep_either_at_once(
    console: Console, admin: Person
) -> None:
    made = create(admin.actor)
    app = fill(opened(console, admin, "support"), "Prompt", "mine")
    save(admin.actor, made.id, prompt="theirs")
    app = press(app, "Save as version 2")
    assert "Version 2 was saved in the meantime" in app.warning[0].value
    press(press(app, "Keep my text"), "Save as version 3")
    assert read(admin.actor, "support").prompt == "mine"


def test_a_text_is_saved_over_a_newer_version_once_its_author_keeps_it(
    console: Console, admin: Person
) -> None:
    # The only way on discarded the text, and so did the reload that the message asked for
    made = create(admin.actor)
    app = opened(console, admin, "support")
    save(admin.actor, made.id, prompt="theirs")
    app = press(fill(app, "Prompt", "mine"), "Save as version 3")
    app = press(press(app, "Keep my text"), "Save as version 3")
    assert "in the meantime" not in said(app)
    assert (read(admin.actor, "support").version, read(admin.actor, "support").prompt) == (
        3,
        "mine",
    )


def test_two_versions_are_compared_by_word(console: Console, admin: Person) -> None:
    made = create(admin.actor, prompt="Answer in three sentences.")
    save(admin.actor, made.id, prompt="Answer in two sentences.")
    app = opened(console, admin, "support", "Versions")
    html = "".join(str(each.proto.body) for each in app.get("html"))
    assert "<del>three</del><ins>two</ins>" in html


def test_figures_of_versions_are_in_the_units_of_ai_metrics(
    console: Console, admin: Person
) -> None:
    create(admin.actor, "support")
    facts = {"prompt_name": "support", "prompt_version": "1", "total_latency_ms": 2780}
    send(request(clock.now() - timedelta(days=1), cost_usd=Decimal("0.00146"), **facts))
    [row] = opened(console, admin, "support", "Versions").dataframe[0].value.to_dict("records")
    assert (row["p95 latency"], row["Cost per 1,000"]) == (2.78, pytest.approx(1.46))


def test_versions_are_shown_also_when_it_is_time_to_note_that_the_account_was_seen(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two transactions that both note it waited for each other
    create(admin.actor, "support")
    monkeypatch.setattr(sessions, "LAST_SEEN_INTERVAL", timedelta(0))
    app = opened(console, admin, "support", "Versions")
    assert "not responding" not in said(app)


def test_a_label_is_rolled_back_with_one_click(console: Console, admin: Person) -> None:
    made = create(admin.actor)
    save(admin.actor, made.id, prompt="two")
    for version in (1, 2):
        label(admin.actor, made.id, version)
    app = press(opened(console, admin, "support", "Labels"), "Roll back to version 1")
    assert toasts(app) == ["production points at version 1 again"]
    assert read(admin.actor, "support").labels[0].version == 1


def test_a_prompt_is_shared_and_published(console: Console, admin: Person) -> None:
    create(admin.actor)
    other = person(Role.ADMIN, kind=SessionKind.BROWSER)
    app = opened(console, admin, "support", "Details and sharing")
    next(box for box in app.multiselect if box.label == "Can edit").set_value([other.actor.email])
    assert toasts(press(app, "Save sharing")) == ["Sharing saved"]
    assert read(other.actor, "support").may_edit
    app = opened(console, other, "support")
    assert [button.label for button in app.button if button.label.startswith("Save as")]


def test_a_reader_of_a_public_prompt_may_not_save(console: Console, admin: Person) -> None:
    create(admin.actor, visibility="public")
    app = opened(console, person(Role.ADMIN, kind=SessionKind.BROWSER), "support")
    assert "Only its owner and editors" in said(app)
    assert not [button.label for button in app.button if button.label.startswith("Save as")]


def test_a_prompt_of_somebody_else_is_not_found(console: Console, admin: Person) -> None:
    hidden = create(person().actor)
    app = console(admin, PROMPTS)
    app.query_params["prompt"] = str(hidden.id)
    words = said(app.run())
    assert "Prompt not found" in words
    assert "API keys" not in words


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
def test_only_admins_open_the_page(console: Console, database: object, role: Role) -> None:
    app = console(person(role, kind=SessionKind.BROWSER))
    assert "Prompts" not in said(app)


def test_a_version_names_the_annotations_that_it_fixes(console: Console, admin: Person) -> None:
    stored(conversation("c", messages=4))
    fixed = annotated(status="reviewed", content="Too long", prompt_version="support@1")
    annotated(number=1, status="reviewed", content="Rude")
    annotated(number=2, content="Not reviewed yet")
    create(admin.actor)
    app = opened(console, admin, "support")
    offered = next(box for box in app.multiselect if box.label == "Fixes annotations")
    assert offered.help.startswith("Lists annotations marked as reviewed.")
    assert offered.options == ["support@1 · Too long", "Rude"]
    offered.set_value([fixed])
    app = fill(app, "Prompt", "Be brief.")
    app = press(app, "Save as version 2")
    assert toasts(app) == ["Saved as version 2, 1 annotation marked applied"]
    app = opened(console, admin, "support", "Versions")
    assert "Fixed by versions" in said(app)
    assert [list(row) for row in app.dataframe[1].value[["Version", "Annotation"]].to_numpy()] == [
        ["2", "Too long"]
    ]


def test_a_saved_version_is_said_to_be_saved_when_its_annotations_cannot_be_marked(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(conversation("c", messages=2))
    fixed = annotated(status="reviewed", content="Too long")
    create(admin.actor)
    app = opened(console, admin, "support")
    next(box for box in app.multiselect if box.label == "Fixes annotations").set_value([fixed])
    app = fill(app, "Prompt", "Be brief.")

    def deleted_meanwhile(*_: object, **__: object) -> None:
        raise AnnotationMissing

    monkeypatch.setattr(annotations, "change", deleted_meanwhile)
    app = press(app, "Save as version 2")
    assert "Version 2 is saved, but its annotations are not marked applied." in toasts(app)[0]
    assert [each.label for each in app.button if each.label.startswith("Save as")] == [
        "Save as version 3"
    ]
    assert read(admin.actor, "support").version == 2


def test_choices_with_line_ends_stay_when_the_text_is_changed(
    console: Console, admin: Person
) -> None:
    choices = ["short", "long\nand kind"]
    create(
        admin.actor,
        prompt="Be {{tone}}.",
        variables=[{"name": "tone", "rules": {"choices": choices}}],
    )
    app = fill(opened(console, admin, "support"), "Prompt", "Be very {{tone}}.")
    press(app, "Save as version 2")
    assert list(read(admin.actor, "support").variables[0].rules.choices) == choices


def protection() -> None:
    """Draw whether the chosen label is protected, as the dialog does."""
    import streamlit as st  # noqa: PLC0415  AppTest runs these lines apart

    from pages.test.prompts.labels import label_move  # noqa: PLC0415

    chosen, labels = st.session_state[label_move.NAME], st.session_state["labels"]
    label_move.draw_protection(next(each for each in labels if each.name == chosen))


def test_each_label_in_the_dialog_shows_its_own_protection(admin: Person) -> None:
    boss = person()
    id_ = create(boss.actor).id
    label(boss.actor, id_, 1, is_protected=True)
    labels = label(boss.actor, id_, 1, "staging").labels
    app = AppTest.from_function(protection)
    app.session_state["labels"] = labels
    for name, is_protected in (("staging", False), ("production", True), ("staging", False)):
        app.session_state[label_move.NAME] = name
        app.run()
        assert not app.exception
        assert app.checkbox[0].value is is_protected


def test_moving_a_label_to_where_it_is_shows_no_change(console: Console, admin: Person) -> None:
    made = create(admin.actor)
    label(admin.actor, made.id, 1)
    app = press(opened(console, admin, "support", "Labels"), "Move or add label")
    assert "on version 1 already" in said(app)
    assert "Calls move" not in said(app)


def test_moving_a_label_shows_that_the_model_and_parameters_change(
    console: Console, admin: Person
) -> None:
    # Only texts were compared: versions that differ in their model looked the same
    made = create(admin.actor)
    save(admin.actor, made.id, model_id="fake:plain", default_parameters={"temperature": 0.5})
    label(admin.actor, made.id, 1)
    app = press(opened(console, admin, "support", "Labels"), "Move or add label")
    assert "Calls move from version 1 to version 2" in said(app)
    html = "\n".join(str(each.proto.body) for each in app.get("html"))
    assert "<ins>temperature: 0.5\nmodel: fake:plain</ins>" in html
