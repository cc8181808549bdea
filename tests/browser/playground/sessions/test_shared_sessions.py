"""A session that is shared: read-only for the other account, which can fork it."""

import re

from playwright.sync_api import expect

from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import Program


def test_a_session_is_shared_read_live_and_forked(
    open_window: OpenWindow, program: Program
) -> None:
    reader = program.account(Role.ADMIN, "Sharedreader")
    tab = open_window(program.owner).open(program.say("For your eyes"))
    tab.press("Edit details")
    dialog = tab.page.get_by_role("dialog", name="Edit details")
    tab.choose("Shared with", reader.email)
    tab.page.keyboard.press("Tab")  # closes the list
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    other = open_window(reader).open()
    other.page.locator(".st-key-list-shared").get_by_role("button", name="For your eyes").click()
    expect(other.page.get_by_text(f"Shared by {program.owner.email}, read-only")).to_be_visible()
    expect(other.field).to_have_count(0)
    expect(other.button("Regenerate")).to_have_count(0)
    expect(other.button("Delete session")).to_have_count(0)
    tab.ask("And more")
    expect(other.last).to_contain_text("Fake answer: And more")
    other.press("Fork")
    expect(other.sessions.first).to_have_text(re.compile("For your eyes.*4 messages", re.S))
    expect(other.field).to_be_visible()
    other.wait()
    other.ask("On my own")
    expect(other.messages).to_have_count(6)
    expect(tab.messages).to_have_count(4)
