"""The settings beside the chat."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.console import Program, Window
from tests.factories.playground import DEFAULT_PROMPT

PIRATE = DEFAULT_PROMPT.replace("a helpful assistant", "a pirate")


def test_another_prompt_gives_another_answer_and_its_change_is_shown(window: Window) -> None:
    tab = window.open()
    expect(tab.settings).to_contain_text(f"{len(DEFAULT_PROMPT)} characters")
    tab.ask("Who are you?")
    expect(tab.last).to_contain_text("(prompt: You are a helpful assistant. Answer clearly and")
    expect(tab.last).not_to_contain_text("Custom prompt")

    tab.write_prompt(PIRATE)
    expect(tab.settings).to_contain_text("Custom prompt")
    expect(tab.settings).to_contain_text(
        f"{len(PIRATE)} characters (\u2212{len(DEFAULT_PROMPT) - len(PIRATE)})"
    )
    expect(tab.settings.locator("del")).to_have_text(["helpful assistant."])
    expect(tab.settings.locator("ins")).to_have_text(["pirate."])
    tab.ask("And now?")
    expect(tab.last).to_contain_text("(prompt: You are a pirate. Answer clearly and")
    expect(tab.last).to_contain_text("Custom prompt")


def test_a_prompt_in_html_is_shown_as_it_was_written(window: Window) -> None:
    tab = window.open()
    tab.write_prompt(
        DEFAULT_PROMPT + ' <img src=x onerror="window.broken = 1"> <b>bold</b> :red[x] $y$'
    )
    expect(tab.settings.locator("ins")).to_contain_text(
        '<img src=x onerror="window.broken = 1"> <b>bold</b> :red[x] $y$'
    )
    assert tab.page.evaluate("window.broken") is None


def test_use_default_empties_the_field_and_reset_begins_from_the_default(window: Window) -> None:
    tab = window.open()
    tab.write_prompt(PIRATE)
    tab.press("Clear prompt")
    expect(tab.prompt).to_have_value("")
    expect(tab.settings).to_contain_text("Default prompt")
    tab.ask("Who are you?")
    expect(tab.last).to_contain_text("(prompt: You are a helpful assistant. Answer clearly and")
    tab.write_prompt(PIRATE)
    tab.press("Reset to default")
    expect(tab.prompt).to_have_value(DEFAULT_PROMPT)
    expect(tab.settings.locator("ins")).to_have_count(0)


def test_the_default_prompt_can_be_looked_at_and_copied(window: Window) -> None:
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = window.open()
    tab.settings.get_by_text("Default prompt").last.click()
    code = tab.settings.get_by_test_id("stCode")
    expect(code).to_contain_text(DEFAULT_PROMPT)
    copy = code.get_by_role("button", name="Copy to clipboard")

    def pointed_at() -> bool:  # what is drawn anew in between has to be pointed at again
        code.hover()
        return copy.is_visible()

    tab.wait_for(pointed_at)
    copy.click()
    tab.wait_for(lambda: tab.page.evaluate("navigator.clipboard.readText()") == DEFAULT_PROMPT)


def test_what_is_set_is_found_again_in_a_reload_and_a_new_session(window: Window) -> None:
    tab = window.open()
    tab.choose("Model", "steady")
    tab.write_prompt(PIRATE)
    expect(tab.settings).to_contain_text("Custom prompt")
    tab.page.reload()
    tab.wait()
    expect(tab.prompt).to_have_value(PIRATE)
    expect(tab.page.get_by_role("combobox", name=re.compile("Model"))).to_have_value(
        re.compile("steady")
    )


@pytest.fixture
def vendor(program: Program) -> Iterator[None]:
    """Have another provider for a while."""
    given = {"name": "vendor", "kind": "anthropic", "secret": "not-a-real-key"}
    added = program.api.post("/admin/providers", json=given).raise_for_status().json()
    yield
    program.api.delete(f"/admin/providers/{added['id']}").raise_for_status()


@pytest.mark.usefixtures("vendor")
def test_the_parameters_are_those_that_the_model_takes(window: Window, program: Program) -> None:
    listed = program.api.get("/models").json()
    models = [
        it for it in listed.get("models", listed.get("items", [])) if it["provider"] == "vendor"
    ]
    plain = next(
        it["name"] for it in models if "temperature" not in it["capabilities"]["parameters"]
    )
    tab = window.open()
    expect(tab.page.get_by_role("slider", name="Temperature")).to_be_visible()
    tab.choose("Model", plain)
    expect(tab.page.get_by_role("slider", name="Temperature")).to_have_count(0)
    expect(tab.page.get_by_role("slider", name="Max tokens")).to_have_count(1)
    tab.settings.get_by_text("More parameters").click()
    expect(tab.page.get_by_role("textbox", name="Stop sequences")).to_be_visible()
    expect(tab.page.get_by_role("slider", name="Top p")).to_have_count(0)
