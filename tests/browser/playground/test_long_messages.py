"""Long messages: what they would cost is said while they are typed, and they are folded later."""

import re

from playwright.sync_api import expect

from tests.browser.console import Window

LONG = 200_000
PASTE = """text => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    document.activeElement.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


def tokens(words: str) -> int:
    return int(words.split(" ")[1].replace(",", ""))


def test_a_long_pasted_text_becomes_a_file_and_the_field_stays_empty(window: Window) -> None:
    tab = window.open()
    # Written by the same part of the page that takes pastes
    expect(tab.page.locator(".attune-estimate")).to_contain_text("tokens")
    field = tab.page.get_by_test_id("stChatInputTextArea")
    field.focus()
    tab.page.evaluate(PASTE, "word " * (LONG // 5))
    expect(tab.page.get_by_test_id("stChatInput")).to_contain_text("pasted-text.txt")
    expect(tab.page.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)
    expect(field).to_have_value("")
    field.fill("What is it?")
    field.press("Enter")
    expect(tab.messages.first).to_contain_text("pasted-text.txt")
    expect(tab.last).to_contain_text("Fake answer: What is it?")


def test_the_estimate_follows_what_is_typed_and_a_long_message_is_sent_whole_and_folded(
    window: Window,
) -> None:
    tab = window.open()
    estimate = tab.page.locator(".attune-estimate")
    expect(estimate).to_have_text(re.compile(r"About \d+ tokens · at most \$0"))
    before = tokens(estimate.inner_text())
    field = tab.page.get_by_test_id("stChatInputTextArea")
    field.fill("12345678")
    expect(estimate).to_contain_text(f"About {before + 2} tokens")
    field.fill("word " * (LONG // 5))
    expect(estimate).to_contain_text(f"About {before + LONG // 4:,} tokens")
    field.press_sequentially("What is it?")
    field.press("Enter")
    question = tab.messages.first
    whole = LONG + len("What is it?")
    fold = question.get_by_role("button", name=f"Show all {whole:,} characters")
    expect(fold).to_be_visible()
    assert len(question.inner_text()) < 3000
    fold.click()
    expect(question).to_contain_text("What is it?")
