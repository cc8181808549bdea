"""Files attached in the message field: sent, shown in the chat, and downloaded."""

import re

from playwright.sync_api import FilePayload, Locator, expect

from tests.browser.console import Tab, Window
from tests.factories.attachments import png

NOTES = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"The code is 4711.")
LOGO = FilePayload(name="logo.svg", mimeType="image/svg+xml", buffer=b"<svg></svg>")
PHOTO = FilePayload(name="photo.png", mimeType="image/png", buffer=png(300, 200))


def chooser(tab: Tab) -> Locator:
    return tab.page.locator('[data-testid="stChatInput"] input[type="file"]')


def test_a_text_file_and_an_image_are_sent_to_the_model_and_shown(window: Window) -> None:
    tab = window.open()
    chooser(tab).set_input_files([NOTES, PHOTO])
    expect(tab.page.get_by_test_id("stFileChipName")).to_have_count(2)
    expect(tab.page.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)
    tab.ask("What is the code?")
    expect(tab.last).to_contain_text("Fake answer: What is the code?")
    expect(tab.last).to_contain_text("The code is 4711.")
    expect(tab.last).to_contain_text(re.compile(r"\[image of [\d,]+ bytes\]"))
    asked = tab.messages.first
    shown = asked.get_by_role("img", name="photo.png")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 300
    with tab.page.expect_download() as started:
        asked.get_by_role("link", name="notes.txt").click()
    assert started.value.path().read_bytes() == NOTES["buffer"]
    assert started.value.suggested_filename == "notes.txt"


def test_an_image_is_refused_in_words_by_a_model_that_takes_none(window: Window) -> None:
    tab = window.open()
    tab.choose("Model", "plain")
    chooser(tab).set_input_files([PHOTO])
    expect(tab.page.get_by_test_id("stFileChipName")).to_have_count(1)
    expect(tab.page.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)
    tab.send("What is this?")
    expect(tab.page.get_by_text("This model does not accept images.")).to_be_visible()
    expect(tab.field).to_have_value("What is this?")
    expect(tab.messages).to_have_count(0)


def test_the_files_of_a_refused_message_are_sent_with_the_next_or_removed(window: Window) -> None:
    tab = window.open()
    tab.choose("Model", "plain")
    chooser(tab).set_input_files([NOTES, PHOTO])
    expect(tab.page.get_by_test_id("stFileChipName")).to_have_count(2)
    expect(tab.page.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)
    tab.send("What is the code?")
    expect(tab.page.get_by_text("This model does not accept images.")).to_be_visible()
    expect(tab.button("notes.txt")).to_be_visible()
    tab.press("photo.png")
    expect(tab.button("photo.png")).to_have_count(0)
    tab.choose("Model", "echo")
    tab.ask("What is the code?")
    expect(tab.last).to_contain_text("The code is 4711.")
    expect(tab.last).not_to_contain_text("[image of")
    expect(tab.button("notes.txt")).to_have_count(0)


def test_a_message_is_not_sent_without_a_file_that_could_not_be_attached(window: Window) -> None:
    tab = window.open()
    chooser(tab).set_input_files([LOGO, NOTES])
    expect(tab.page.get_by_test_id("stFileChipName")).to_have_count(2)
    expect(tab.page.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)
    tab.send("What is the code?")
    expect(tab.page.get_by_text("A file could not be attached. Remove it")).to_be_visible()
    tab.page.get_by_test_id("stChatInputSubmitButton").click()
    expect(tab.messages).to_have_count(0)
    expect(tab.field).to_have_value("What is the code?")
    tab.press("Remove logo.svg")
    tab.ask("What is the code?")
    expect(tab.last).to_contain_text("The code is 4711.")
