"""An answer of a conversation is replayed in the playground, and compared word by word."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.console import Program
from tests.browser.reviewing import at


def test_an_answer_is_replayed_from_its_conversation_to_the_word_diff(
    program: Program, open_window: OpenWindow
) -> None:
    texts = [("user", "What is the capital of France?"), ("assistant", "Lyon, I think.")]
    messages = [
        {"id": f"replay-{number}", "role": role, "content": content, "created_at": at(9 - number)}
        for number, (role, content) in enumerate(texts)
    ]
    program.send("replay", {"conversations": [{"id": "replay-talk", "messages": messages}]})
    tab = open_window().open("/tuning?conversation=replay-talk")
    tab.press("Replay")
    page = tab.page
    expect(page).to_have_url(re.compile(r"/playground\?session="))
    original = page.locator(".st-key-pane-replay")
    expect(original).to_contain_text("Lyon, I think.")
    expect(page.locator(".st-key-pane-chat")).to_contain_text("Fake answer: What is the capital")
    original.get_by_text("Word diff").click()
    expect(original.locator("del").first).to_have_text("Lyon, I think.")
    expect(original.locator("ins").first).to_contain_text("Fake answer")
    original.get_by_role("link", name="Open conversation").click()
    expect(page.get_by_text("Lyon, I think.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/tuning\?.*conversation="))
