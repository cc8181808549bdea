"""What was typed and not sent: kept for reloads, other sessions and other browsers."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.console import Program, Window


def stored(program: Program, address: str) -> str:
    id_ = address.partition("session=")[2]
    return str(program.api.get(f"/sessions/{id_}").raise_for_status().json()["unsent_message"])


def test_typed_text_survives_a_reload_and_is_in_another_browser_until_it_is_sent(
    open_window: OpenWindow, program: Program
) -> None:
    address = program.say("First")
    tab = open_window().open(address)
    tab.field.press_sequentially("And then")
    tab.page.reload()
    expect(tab.field).to_have_value("And then")
    tab.field.press_sequentially(" what?")
    tab.wait_for(lambda: stored(program, address) == "And then what?")
    other = open_window().open(address)
    expect(other.field).to_have_value("And then what?")
    other.field.press("Enter")
    expect(other.messages).to_have_count(4)
    other.wait_for(lambda: stored(program, address) == "")
    again = open_window().open(address)
    expect(again.messages).to_have_count(4)
    expect(again.field).to_have_value("")


def test_each_session_has_its_own_typed_text(window: Window, program: Program) -> None:
    program.say("The older one")
    tab = window.open(program.say("The newer one"))
    tab.field.press_sequentially("For the newer")
    tab.sessions.filter(has_text="The older one").click()
    expect(tab.last).to_contain_text("Fake answer: The older one")
    expect(tab.field).to_have_value("")
    tab.field.press_sequentially("For the older")
    tab.sessions.filter(has_text="The newer one").click()
    expect(tab.field).to_have_value("For the newer")
    tab.press("New session")
    expect(tab.field).to_have_value("")


def test_typed_text_stays_when_a_model_is_chosen_that_takes_other_files(
    window: Window, program: Program
) -> None:
    tab = window.open(program.say("First"))
    tab.field.press_sequentially("Half a question")
    tab.choose("Model", "plain")  # takes no images
    tab.page.wait_for_timeout(500)  # a field that is made anew comes a moment later
    expect(tab.field).to_have_value("Half a question")
