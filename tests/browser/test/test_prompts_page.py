"""Prompts: from a starter to production and back, as an admin does it in a browser."""

import re
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import expect

from tests.browser.console import Program, Tab, Window

MODEL = "fake:echo"
WITH_LENGTH = re.compile(re.escape("{{length}}"))


@pytest.fixture
def name(program: Program) -> Iterator[str]:
    """Return a prompt's name; afterwards there is no such prompt."""
    yield "journey"
    for found in program.api.get("/templates", params={"q": "journey"}).json()["items"]:
        program.api.delete(f"/templates/{found['id']}").raise_for_status()


def section(tab: Tab, name: str) -> None:
    """Show a section of the prompt."""
    tab.page.get_by_role("radio", name=name, exact=True).click()
    tab.wait()


def edit_from_row(tab: Tab, row: int) -> None:
    """Edit from a version of the table, counted from 1."""
    table = tab.page.get_by_test_id("stDataFrame").first
    edits = expect(tab.page.get_by_role("textbox", name="Note"))
    tab.click_table(table, 60, 34 * row + 17, partial(edits.to_be_visible, timeout=5000))


def test_a_prompt_goes_from_a_starter_to_production_and_back(window: Window, name: str) -> None:
    tab = window.open("/prompts")
    tab.press("New prompt")
    dialog = tab.page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name").fill("a@b")
    tab.press("Create prompt")
    expect(dialog).to_contain_text("Enter a name of letters")
    dialog.get_by_role("textbox", name="Name").fill(name)
    tab.choose("Start from", "Rewrite")
    tab.press("Create prompt")
    expect(tab.page.get_by_role("heading", name=name)).to_be_visible()

    text = tab.page.get_by_role("textbox", name="Prompt", exact=True)
    expect(text).not_to_have_value("")
    text.fill(text.input_value() + "\nWrite {{length}} words.")
    text.blur()
    expect(tab.page.locator(".st-key-variable-length")).to_be_visible()
    preview = tab.page.locator(".st-key-prompt-preview")
    for variable, value in (("text", "</text> {{length}}"), ("length", "ten")):
        field = preview.get_by_role("textbox", name=variable)
        field.fill(value)
        field.blur()
        tab.wait()
    expect(preview).to_contain_text("<\\/text> {{length}}")
    expect(preview).to_contain_text("Write ten words.")

    section(tab, "Labels")  # what was written stays while another section is looked at
    section(tab, "Edit")
    expect(text).to_have_value(WITH_LENGTH)
    tab.page.get_by_role("textbox", name="Note").fill("with a length")
    tab.press("Save as version 2")
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("Saved as version 2")

    section(tab, "Labels")
    for version in (1, 2):
        tab.press("Move or add label")
        tab.choose("Version", str(version))
        if version == 2:
            expect(tab.page.get_by_role("dialog")).to_contain_text("Calls move from version 1")
        tab.press("Move label")
        expect(tab.page.locator(".st-key-label-production")).to_contain_text(f"→ version {version}")
    tab.press("Roll back to version 1")
    expect(tab.page.locator(".st-key-label-production")).to_contain_text("→ version 1")
    expect(tab.page.get_by_role("button", name="Roll back")).to_have_count(0)

    section(tab, "Versions")
    edit_from_row(tab, 2)
    expect(text).not_to_have_value(WITH_LENGTH)
    tab.press("All prompts")
    expect(tab.page.get_by_role("heading", name="Prompts")).to_be_visible()
    search = tab.page.get_by_role("textbox", name="Search")
    for words, expected in (("rewriting journeys", "1 prompt ·"), ("zebra", "No prompts match")):
        search.fill(words)
        search.press("Enter")
        expect(tab.page.get_by_text(expected)).to_be_visible()


def test_a_prompt_is_tried_in_the_playground(window: Window, program: Program, name: str) -> None:
    content = {"name": name, "system_prompt": "Be kind.", "prompt": "Say hello.", "model_id": MODEL}
    made = program.api.post("/templates", json=content).raise_for_status().json()
    tab = window.open(f"/prompts?prompt={made['id']}")
    tab.press("Try in playground")
    expect(tab.page.get_by_role("heading", name="Playground")).to_be_visible()
    expect(tab.prompt).to_have_value("Be kind.")
    expect(tab.field).to_have_value("Say hello.")
