"""A system prompt that is being typed is stored before its field is left."""

from playwright.sync_api import expect

from tests.browser.console import Program, Window


def test_a_typed_prompt_survives_a_reload_without_leaving_its_field(
    window: Window, program: Program
) -> None:
    address = program.say("First")
    tab = window.open(address)
    typed = "Answer as a pirate"
    tab.prompt.fill("")
    tab.prompt.press_sequentially(typed)
    expect(tab.settings).to_contain_text("Custom prompt")
    tab.prompt.press_sequentially(" and a sailor")  # goes on while the page is drawn anew
    expect(tab.settings).to_contain_text(f"{len(typed) + 13} characters")
    expect(tab.prompt).to_be_focused()
    tab.page.reload()
    expect(tab.prompt).to_have_value(f"{typed} and a sailor")
