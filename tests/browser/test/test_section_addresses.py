"""The address names the section that is open: a reload or a copied link shows it again."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.console import Program, Tab, Window


@pytest.fixture
def prompt(program: Program) -> Iterator[str]:
    """Return the address of a prompt, which is deleted afterwards."""
    made = program.api.post("/templates", json={"name": "sections", "prompt": "Greet."})
    id_ = made.raise_for_status().json()["id"]
    yield f"/prompts?prompt={id_}"
    program.api.delete(f"/templates/{id_}").raise_for_status()


def section(tab: Tab, name: str) -> None:
    with tab.rerun():  # two clicks within one run would be one step of Back
        tab.page.get_by_role("radio", name=name, exact=True).click()
    is_open(tab, name)


def is_open(tab: Tab, name: str) -> None:
    expect(tab.page.get_by_role("radio", name=name, exact=True)).to_be_checked()
    tab.wait()


def test_a_reload_leads_back_to_the_section_and_back_to_the_one_before(
    window: Window, prompt: str
) -> None:
    tab = window.open(prompt)
    section(tab, "Versions")
    section(tab, "Details and sharing")
    tab.page.reload()
    is_open(tab, "Details and sharing")
    expect(tab.page.get_by_role("textbox", name="Name")).to_have_value("sections")
    tab.page.go_back()
    is_open(tab, "Versions")
    tab.page.go_back()
    is_open(tab, "Edit")
    assert tab.page.url == tab.address + prompt


def test_a_text_stays_when_back_leads_to_its_section(window: Window, prompt: str) -> None:
    tab = window.open(prompt)
    text = tab.page.get_by_role("textbox", name="Prompt", exact=True)
    text.fill("Greet the user.")
    section(tab, "Labels")
    tab.page.go_back()
    is_open(tab, "Edit")
    expect(text).to_have_value("Greet the user.")
