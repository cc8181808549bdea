"""Bots: from a slider to a saved version, a test message and a run of a scenario, in a browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.console import Program, Tab, Window
from tests.browser.test_every_page import look_at
from tests.browser.walks import walked


@pytest.fixture
def name(program: Program) -> Iterator[str]:
    """Return a bot's name; afterwards there is no such bot."""
    yield "Journey"
    for bot in program.api.get("/bots").json()["items"]:
        if bot["bot_name"] == "Journey":
            program.api.delete(f"/bots/{bot['id']}").raise_for_status()


def section(tab: Tab, name: str) -> None:
    tab.page.get_by_role("radio", name=name, exact=True).click()
    tab.wait()


def slider(tab: Tab, name: str) -> Locator:
    return tab.page.get_by_test_id("stSlider").filter(has_text=name).get_by_role("slider")


def test_a_bot_is_shaped_tested_saved_and_run(walking: Window, program: Program, name: str) -> None:
    tab = walked(walking, "/bots")
    tab.press("New bot")
    tab.drawer.get_by_label("Name").fill(name)
    tab.press("Create bot")
    expect(tab.page.get_by_role("heading", name=name)).to_be_visible()

    preview = tab.page.locator(".st-key-bot-preview")
    expect(preview).to_contain_text("Be pleasantly upbeat")
    slider(tab, "Enthusiasm").press("End")
    expect(tab.page.get_by_text("temperature 0.675")).to_be_visible()
    expect(preview).to_contain_text("Be brimming with energy")
    expect(tab.page.get_by_text("Draft changes")).to_be_visible()

    section(tab, "Knowledge")
    tab.press("Use sample company")
    expect(tab.page.get_by_label("Industry")).not_to_have_value("")
    tab.press("Save knowledge")
    expect(tab.page.get_by_text("Knowledge saved with 10 facts")).to_be_visible()
    tab.press("Save version")
    tab.drawer.get_by_label("Note").fill("Livelier")
    tab.press("Save")
    expect(tab.page.get_by_text("Saved as version 2")).to_be_visible()

    section(tab, "Test message")
    tab.choose("Model", "fake:echo")
    tab.choose("Judge", "fake:constrained")
    field = tab.page.get_by_label("Message", exact=True)
    field.fill('#fake {"text": "The Linden S costs 89 euros a month."}')
    field.blur()
    tab.press("Send test message")
    answer = tab.page.locator(".st-key-bot-answer")
    expect(answer).to_contain_text("The Linden S costs 89 euros a month.")
    expect(answer).to_contain_text("Product: Linden S")
    expect(answer).to_contain_text(re.compile("confidence 56"))

    section(tab, "Scenarios")
    tab.page.get_by_role("button", name="Run", exact=True).first.click()
    expect(tab.page.get_by_text(re.compile("completed · 3 answers · 9 of 9"))).to_be_visible()
    expect(tab.page.get_by_text("What are your pricing plans?").first).to_be_visible()

    section(tab, "Versions")
    expect(tab.page.get_by_text("Changes between two versions")).to_be_visible()
    [bot] = [it for it in program.api.get("/bots").json()["items"] if it["bot_name"] == name]
    newest, _ = program.api.get(f"/bots/{bot['id']}/history").json()["items"]
    assert (newest["number"], newest["note"], newest["tests"]) == (2, "Livelier", 4)


def test_a_page_that_waits_for_a_bot_takes_clicks(
    walking: Window, program: Program, name: str
) -> None:
    bot = program.api.post("/bots", json={"bot_name": name}).json()
    tab = walked(walking, f"/bots?bot={bot['id']}&section=Test+message")
    tab.choose("Model", "fake:echo")
    tab.page.get_by_label("Message", exact=True).fill('#fake {"delay_s": 30}\nHello')
    tab.press("Send test message")
    expect(tab.page.get_by_text("The bot answers…")).to_be_visible()
    tab.page.get_by_role("radio", name="Scenarios", exact=True).click()
    expect(tab.page.get_by_text("The bot answers…")).to_be_hidden(timeout=15_000)


def test_every_section_of_a_bot_fits_and_can_be_read(
    walking: Window, program: Program, name: str
) -> None:
    knowledge = program.api.get("/bots/sample-company").json()
    bot = program.api.post("/bots", json={"bot_name": name, "knowledge": knowledge}).json()
    sent = {
        "message": '#fake {"text": "The Linden S costs 89 euros a month."}',
        "model_id": "fake:echo",
        "judge_model_id": "fake:constrained",
    }
    program.api.post(f"/bots/{bot['id']}/test-message", json=sent).raise_for_status()
    tab = walked(walking, f"/bots?bot={bot['id']}")
    for each in ("Personality", "Knowledge", "Test message", "Scenarios", "Versions"):
        section(tab, each)
        look_at(tab)
