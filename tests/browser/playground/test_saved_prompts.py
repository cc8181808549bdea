"""A stored prompt and a bot fill in the settings beside the chat."""

import re
from secrets import token_hex

from playwright.sync_api import expect

from tests.browser.console import Program, Window

PROMPT = {
    "system_prompt": "You work for {{shop}}.",
    "prompt": "{{question}}",
    "default_parameters": {"stop_sequences": ["END"]},
}


def test_a_stored_prompt_is_filled_in_with_its_values_and_then_a_bot(
    window: Window, program: Program
) -> None:
    name = f"shop-clerk-{token_hex(3)}"  # a second attempt finds the first one's
    program.api.post("/templates", json={**PROMPT, "name": name}).raise_for_status()
    bot = {"bot_name": "Captain", "custom_instructions": "Say arr."}
    program.api.post("/bots", json=bot).raise_for_status()
    tab = window.open()
    tab.press("Use saved prompt or bot")
    dialog = tab.page.get_by_role("dialog")
    tab.choose("Prompt or bot", name)
    dialog.get_by_role("button", name="Use", exact=True).click()
    expect(dialog).to_contain_text("shop")
    expect(dialog.get_by_role("alert")).to_be_visible()
    value = dialog.get_by_label("shop")
    value.fill("Acme")
    value.press("Control+Enter")
    tab.wait()
    dialog.get_by_role("button", name="Use", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(tab.prompt).to_have_value("You work for Acme.")
    tab.ask("Who are you?")
    expect(tab.last).to_contain_text("(prompt: You work for Acme.")

    tab.press("Use saved prompt or bot")
    tab.choose("Prompt or bot", "Bot: Captain")
    dialog.get_by_role("button", name="Use", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(tab.prompt).to_have_value(re.compile("Captain"))
    tab.ask("And now?")
    expect(tab.last).to_contain_text("You are Captain")
