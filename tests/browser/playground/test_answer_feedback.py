"""Thumbs and a note on an answer, and the filter of the sessions."""

import re

from playwright.sync_api import expect

from tests.browser.console import Program, Window


def test_an_answer_is_rated_noted_and_found_by_that(window: Window, program: Program) -> None:
    program.say("Unrated")
    tab = window.open(program.say("Rated"))
    up = tab.page.get_by_role("radio", name="Thumbs up")
    up.click()
    expect(up).to_be_checked()
    tab.press("Add note")
    dialog = tab.page.get_by_role("dialog", name="Add note")
    dialog.get_by_label("Note").fill("Too short")
    dialog.get_by_role("button", name="Save").click()
    expect(tab.last).to_contain_text("Too short")
    tab.page.reload()
    expect(up).to_be_checked()
    for choice in ("Thumbs up", "With a note"):
        tab.press("Filter sessions")
        tab.page.get_by_text(choice, exact=True).click()
        tab.page.mouse.move(0, 0)  # off the session below the menu, whose tooltip covers the choice
        expect(tab.sessions).to_have_text([re.compile("Rated")])
        tab.press(choice)
        expect(tab.sessions).to_have_count(2)
    up.click()
    expect(up).not_to_be_checked()
    tab.press("Filter sessions")
    tab.page.get_by_text("Thumbs up", exact=True).click()
    expect(tab.page.get_by_text("No sessions found")).to_be_visible()
    expect(tab.last).to_contain_text("Too short")
