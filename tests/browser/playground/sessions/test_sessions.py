"""The list of sessions."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.console import Program, Window

LONG = (
    "This question is longer than the list is wide so that its line has to end before the words "
    "do and it says so"
)

PRESSED_AND_TOLD = """(wait_ms) => {
  const all = (kind) => [...document.querySelectorAll(kind)];
  all("button").find((each) => each.textContent.includes("New session")).click();
  const live = all("*").map((each) => each.shadowRoot?.querySelector(".live")).find(Boolean);
  setTimeout(() => live.feed.onStale(Date.now()), wait_ms);
}"""


def test_a_new_session_begins_by_button_and_by_key(window: Window) -> None:
    tab = window.open()
    tab.ask("First")
    tab.press("New session")
    expect(tab.messages).to_have_count(0)
    tab.ask("Second")
    tab.page.locator("h1").click()
    tab.wait()  # while the answer is being drawn in its place, the button of the key is, too
    tab.page.keyboard.press("n")
    expect(tab.messages).to_have_count(0)
    expect(tab.sessions).to_have_count(3)
    tab.ask("Third")
    tab.field.press_sequentially("nnn")
    expect(tab.field).to_have_value("nnn")
    expect(tab.messages).to_have_count(2)


@pytest.mark.parametrize("wait_ms", [15, 30, 60])
def test_a_new_session_begins_when_news_of_the_old_one_comes_at_that_moment(
    window: Window, wait_ms: int
) -> None:
    tab = window.open()
    tab.ask("First")
    tab.page.locator("h1").click()
    tab.wait()
    tab.page.evaluate(PRESSED_AND_TOLD, wait_ms)
    expect(tab.messages).to_have_count(0)
    tab.page.wait_for_timeout(300)
    tab.wait()
    expect(tab.messages).to_have_count(0)


def test_a_session_is_listed_by_its_first_question_and_opens(
    window: Window, program: Program
) -> None:
    program.say("The older one")
    tab = window.open(program.say("The newer one"))
    expect(tab.sessions).to_have_text(
        [re.compile("The newer one.*2 messages", re.S), re.compile("The older one", re.S)]
    )
    tab.sessions.filter(has_text="The older one").click()
    expect(tab.last).to_contain_text("Fake answer: The older one")
    address = tab.page.url
    again = window.open(address.removeprefix(window.address))
    expect(again.last).to_contain_text("Fake answer: The older one")


def test_a_long_name_takes_one_line_and_ends_in_an_ellipsis(
    window: Window, program: Program
) -> None:
    program.say("Short")
    tab = window.open(program.say(LONG))
    expect(tab.sessions).to_have_count(2)
    heights = [box["height"] for box in (it.bounding_box() for it in tab.sessions.all()) if box]
    assert len(set(heights)) == 1
    line = tab.sessions.filter(has_text="This question").locator("p")
    assert line.evaluate("e => getComputedStyle(e).textOverflow") == "ellipsis"
    assert line.evaluate("e => e.scrollWidth > e.clientWidth")


def test_clearing_asks_first_and_keeps_the_session(window: Window, program: Program) -> None:
    tab = window.open(program.say("To be cleared"))
    tab.press("Clear messages")
    tab.confirm("Clear messages?", "Cancel")
    expect(tab.messages).to_have_count(2)
    tab.press("Clear messages")
    tab.confirm("Clear messages?", "Clear messages", toast="Messages cleared")
    expect(tab.messages).to_have_count(0)
    expect(tab.sessions).to_have_text([re.compile("Empty session")])


def test_a_dialog_stays_open_while_an_answer_ends(window: Window) -> None:
    tab = window.open()
    tab.begin_answer(words=160, rate=20)  # it ends long after the dialog was opened
    tab.press("Clear messages")
    dialog = tab.page.get_by_role("dialog", name="Clear messages?")
    dialog.wait_for()
    # The page draws it once the dialog is closed
    tab.wait_for(lambda: len(tab.live.inner_text().split()) == 162)
    tab.page.wait_for_timeout(300)
    expect(dialog).to_be_visible()
    tab.confirm("Clear messages?", "Cancel")
    expect(tab.messages).to_have_count(2)


def test_deleting_asks_first_and_says_what_goes(window: Window, program: Program) -> None:
    tab = window.open(program.say("To be deleted"))
    tab.press("Delete session")
    expect(tab.page.get_by_role("dialog")).to_contain_text(
        "“To be deleted” and its 2 messages can be restored from the trash for 7 days."
    )
    tab.confirm("Delete session?", "Cancel")
    expect(tab.messages).to_have_count(2)
    tab.press("Delete session")
    tab.confirm("Delete session?", "Delete session", toast="Session moved to the trash")
    expect(tab.messages).to_have_count(0)
    assert "To be deleted" not in program.api.get("/admin/playground/sessions").text


def test_a_long_list_scrolls_in_its_pane_and_leads_on(window: Window, program: Program) -> None:
    for number in range(23):
        address = program.say(f"Question {number}")
    tab = window.open(address)
    expect(tab.sessions).to_have_count(21)
    assert tab.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    tab.press("Show 3 more")
    expect(tab.sessions).to_have_count(23)


def test_an_address_of_nobodys_session_shows_an_own_one(window: Window) -> None:
    tab = window.open("/playground?session=00000000-0000-7000-8000-000000000000")
    expect(tab.page.get_by_text("No messages yet")).to_be_visible()
    tab.go("/playground?session=nonsense")
    expect(tab.page.get_by_text("No messages yet")).to_be_visible()


def test_a_session_is_renamed_found_deleted_restored_and_exported(
    window: Window, program: Program
) -> None:
    program.say("An elephant in the room")
    tab = window.open(program.say("To be renamed"))
    tab.press("Edit details")
    dialog = tab.page.get_by_role("dialog", name="Edit details")
    dialog.get_by_label("Name").fill(" ")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("Enter a name")
    dialog.get_by_label("Name").fill("Renamed")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(tab.sessions.filter(has_text="Renamed")).to_have_count(1)
    search = tab.page.get_by_label("Search sessions")
    search.fill("ELEPHANT in")
    search.press("Enter")
    expect(tab.sessions).to_have_text([re.compile("An elephant in the room")])
    search.fill("")
    search.press("Enter")
    expect(tab.sessions).to_have_count(2)
    tab.press("Delete session")
    tab.confirm("Delete session?", "Delete session")
    expect(tab.sessions.filter(has_text="Renamed")).to_have_count(0)
    tab.page.get_by_role("button", name="Trash (").click()
    row = tab.page.locator("[class*=st-key-row-]").filter(has_text="Renamed")
    row.get_by_role("button", name="Restore").click()
    expect(tab.sessions.filter(has_text="Renamed")).to_have_count(1)
    expect(tab.messages).to_have_count(2)
    tab.press("Export session")
    export = tab.page.get_by_role("link", name="Export JSON")
    address = export.get_attribute("href")
    assert address is not None
    file = tab.page.request.get(f"{window.address}{address}").json()
    assert file["details"]["name"] == "Renamed"
    assert [it["role"] for it in file["messages"]] == ["user", "assistant"]
