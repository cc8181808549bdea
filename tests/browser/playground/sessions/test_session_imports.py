"""Chats of a file, imported in the page."""

import re

from playwright.sync_api import FilePayload, expect

from tests.browser.console import Window

LINE = '{"conversations": [{"from": "human", "value": "%s"}, {"from": "gpt", "value": "Hi!"}]}\n'


def test_a_file_of_chats_is_imported_and_a_broken_one_is_refused_in_its_dialog(
    window: Window,
) -> None:
    tab = window.open()
    tab.press("Import sessions")
    dialog = tab.page.get_by_role("dialog", name="Import sessions")
    for content in (LINE % "Broken" + "{", LINE % "One" + LINE % "Two"):
        name = "broken.jsonl" if "Broken" in content else "two.jsonl"
        file = FilePayload(name=name, mimeType="text/plain", buffer=content.encode())
        dialog.locator("input[type=file]").set_input_files(file)
        expect(dialog).to_contain_text(name)
        expect(dialog.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)
        tab.wait()
        dialog.get_by_role("button", name="Import sessions").click()
        if "Broken" in content:
            expect(dialog).to_contain_text("Line 2")
    expect(tab.page.get_by_test_id("stToast")).to_contain_text(
        "2 sessions imported with 4 messages"
    )
    expect(tab.sessions.filter(has_text=re.compile("One|Two"))).to_have_count(2)
