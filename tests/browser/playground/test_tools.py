"""Tools in the playground: chosen, called, unfolded, and confirmed."""

import json

from playwright.sync_api import expect

from tests.browser.console import Program, Window

ROUNDS = {
    "text": "Let me look at the clock and at the documents.",
    "tool_calls": [
        {"name": "current_time", "arguments": {"zone": "Europe/Berlin"}},
        {"name": "search_knowledge", "arguments": {"query": "refund"}},
    ],
    "then": [
        {"tool_calls": [{"name": "create_ticket", "arguments": {"title": "Refund order 7"}}]},
        {"text": "I would create a ticket: please confirm it."},
    ],
}


CONSTRAINED = {
    "json": {"step": {"tool": "current_time", "arguments": {"zone": "Europe/Berlin"}}},
    "then": [{"json": {"step": {"answer": "The clock has been read."}}}],
}


def test_a_model_without_tools_calls_them_in_the_form_of_json(window: Window) -> None:
    tab = window.open()
    tab.choose("Model", "constrained")
    tools = tab.page.get_by_role("combobox", name="Tools")
    tools.fill("Current time")
    tools.press("Enter")
    expect(tab.settings.get_by_text("Current time", exact=True)).to_be_visible()
    tab.page.keyboard.press("Escape")
    tab.ask(f"#fake {json.dumps(CONSTRAINED)}\nHow late is it?")
    expect(tab.last).to_contain_text("The clock has been read.")
    tab.last.get_by_text("current_time").click()
    expect(tab.last.get_by_text('"weekday"')).to_be_visible()


def test_chosen_tools_are_called_and_a_write_waits_for_its_confirmation(
    window: Window, program: Program
) -> None:
    tab = window.open()
    tools = tab.page.get_by_role("combobox", name="Tools")
    for name in ("Create ticket", "Current time", "Search knowledge"):
        tools.fill(name)
        tools.press("Enter")
        expect(tab.settings.get_by_text(name, exact=True)).to_be_visible()
    tab.page.keyboard.press("Escape")
    tab.ask(f"#fake {json.dumps(ROUNDS)}\nRefund order 7")
    expect(tab.last).to_contain_text("please confirm it")
    tab.last.get_by_text("current_time").click()
    expect(tab.last.get_by_text('"weekday"')).to_be_visible()
    expect(tab.last.get_by_text("Needs confirmation")).to_be_visible()
    tab.press("Confirm and run")
    expect(tab.messages).to_have_count(3)
    # The model goes on with the result, which the fake echoes
    expect(tab.last).to_contain_text("Fake answer:")
    expect(tab.last).to_contain_text("Refund order 7")
    expect(tab.page.get_by_text("Needs confirmation")).to_have_count(0)
    titles = [each["title"] for each in program.api.get("/tickets").json()["items"]]
    assert "Refund order 7" in titles
