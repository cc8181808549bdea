"""Branches of a session: an edited message, an answer made again, and the switch between them."""

import re

from playwright.sync_api import expect

from tests.browser.console import Program, Window


def test_a_message_is_edited_and_both_branches_can_be_read(
    window: Window, program: Program
) -> None:
    tab = window.open(program.say("First question", "Second question"))
    other = window.open(tab.page.url.removeprefix(window.address))
    tab.messages.nth(2).get_by_role("button", name="Edit message").click()
    dialog = tab.page.get_by_role("dialog", name="Edit message")
    expect(dialog.get_by_label("Message")).to_have_value("Second question")
    dialog.get_by_label("Message").fill("Another question")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_have_count(0)
    expect(tab.last).to_contain_text("Fake answer: Another question")
    expect(tab.messages.nth(2)).to_contain_text("2 of 2")
    expect(tab.messages).to_have_count(4)
    tab.messages.nth(2).get_by_role("button", name="Previous branch").click()
    expect(tab.last).to_contain_text("Fake answer: Second question")
    expect(tab.messages.nth(2)).to_contain_text("1 of 2")
    expect(other.last).to_contain_text("Fake answer: Second question")
    expect(tab.sessions).to_have_text([re.compile("6 messages")])


def test_the_last_answer_is_made_again_with_what_is_set(window: Window, program: Program) -> None:
    tab = window.open(program.say("A question"))
    tab.write_prompt("Be brief.")
    tab.press("Regenerate")
    expect(tab.last).to_contain_text("(prompt: Be brief.)")
    expect(tab.last).to_contain_text("2 of 2")
    expect(tab.button("Regenerate")).to_have_count(1)
    tab.press("Previous branch")
    expect(tab.last).not_to_contain_text("Be brief.")
    expect(tab.last).to_contain_text("1 of 2")
