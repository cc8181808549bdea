"""Sending a message to a model and following its answer."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenWindow
from tests.browser.console import Program, Window
from tests.faults.program import until


def test_the_local_model_knows_the_capital_of_france(window: Window, program: Program) -> None:
    until(lambda: "local:smollm2-135m-instruct" in program.api.get("/models").text, 30)
    tab = window.open()
    tab.choose("Model", "smollm2")
    # Until the page has the other model, the slider is that of the one before
    temperature = tab.page.locator('[class*="st-key-playground-temperature-local"]')
    temperature.get_by_role("slider").press("Home")
    expect(tab.settings).to_contain_text("0.00")
    tab.ask("What is the capital of France?")
    expect(tab.last).to_contain_text("Paris")
    expect(tab.last).to_contain_text(
        re.compile(r"smollm2-135m-instruct · \d+ ms · \d+ tokens · \$0|smollm2.* s · ")
    )


def test_it_thinks_until_the_first_word_and_then_the_answer_grows(window: Window) -> None:
    tab = window.open()
    # Long enough to be seen also where the browser has to wait for its turn.
    tab.send('#fake {"words": 150, "rate": 30, "delay_s": 4}\nTake your time')
    expect(tab.live).to_have_class(re.compile("thinking"))
    assert tab.live.evaluate("e => getComputedStyle(e, '::after').content") == '"Thinking"'
    expect(tab.live).to_contain_text("Fake answer:")
    expect(tab.live).not_to_have_class(re.compile("thinking"))
    seen = [len(tab.live.inner_text())]
    for _ in range(3):
        tab.wait_for(lambda: len(tab.live.inner_text()) > seen[-1])
        seen.append(len(tab.live.inner_text()))
    expect(tab.messages).to_have_count(2)
    expect(tab.last).to_contain_text("Fake answer: the quick answer depends")


def test_stop_ends_an_answer_long_before_its_end_and_keeps_its_text(window: Window) -> None:
    tab = window.open()
    tab.begin_answer(words=4_000)  # a hundred seconds
    tab.press("Stop")
    tab.button("Stop").wait_for(state="detached")
    expect(tab.messages).to_have_count(2)
    expect(tab.last).to_contain_text("Fake answer: the quick answer")
    expect(tab.last).to_contain_text("Stopped")
    answer = tab.last.locator(".attune-markdown")
    # What came until the call had stopped belongs to it: then it grows no more
    tab.wait_for(lambda: is_at_rest(answer))
    assert len(answer.inner_text().split()) < 4_000


def is_at_rest(answer: Locator) -> bool:
    words = answer.inner_text()
    answer.page.wait_for_timeout(1_000)
    return answer.inner_text() == words


def test_escape_stops_from_within_the_field_too(window: Window) -> None:
    tab = window.open()
    tab.begin_answer(words=800)
    tab.field.press("Escape")
    expect(tab.last).to_contain_text("Stopped")


def test_an_answer_goes_on_while_its_reader_is_away(window: Window) -> None:
    tab = window.open()
    tab.begin_answer(words=100, rate=25)
    tab.follow("Settings")
    tab.follow("Playground")
    expect(tab.live.or_(tab.last)).to_contain_text(
        ["Fake answer: the quick answer depends on the order"]
    )
    expect(tab.messages).to_have_count(2)
    assert "Stopped" not in tab.last.inner_text()


def test_a_reload_finds_the_answer_where_it_is(window: Window) -> None:
    tab = window.open()
    tab.begin_answer(words=600)  # long enough for a slow reload
    tab.page.wait_for_timeout(500)
    before = len(tab.live.inner_text())
    tab.page.reload()
    tab.live.wait_for()
    tab.wait_for(lambda: len(tab.live.inner_text()) >= before)
    assert tab.live.inner_text().startswith("Fake answer: the quick answer depends")
    tab.press("Stop")
    expect(tab.messages).to_have_count(2)
    expect(tab.last).to_contain_text("Fake answer: the quick answer depends")


def test_enter_sends_with_control_and_command_too_and_with_shift_begins_a_line(
    window: Window,
) -> None:
    tab = window.open()
    for number, keys in enumerate(("Enter", "Control+Enter", "Meta+Enter"), start=1):
        tab.field.fill(f"Sent with {keys}")
        tab.field.press(keys)
        expect(tab.messages).to_have_count(2 * number)
        expect(tab.last).to_contain_text(f"Fake answer: Sent with {keys}")
        expect(tab.field).to_have_value("")
    tab.field.fill("One line")
    tab.field.press("Shift+Enter")
    tab.field.press_sequentially("and another")
    expect(tab.field).to_have_value("One line\nand another")
    expect(tab.messages).to_have_count(6)


def test_the_next_question_can_be_written_meanwhile_and_waits(window: Window) -> None:
    tab = window.open()
    tab.begin_answer(words=800)
    tab.field.fill("And then?")
    tab.field.press("Enter")
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("still answering")
    expect(tab.field).to_have_value("And then?")
    tab.press("Stop")
    expect(tab.messages).to_have_count(2)
    expect(tab.field).to_have_value("And then?")
    tab.field.press("Enter")
    expect(tab.messages).to_have_count(4)


def test_what_cannot_be_sent_stays_in_the_field(window: Window, program: Program) -> None:
    tab = window.open()
    tab.ask("First")
    session = tab.page.url.partition("session=")[2]
    tab.page.route_web_socket(re.compile("/playground/ws"), lambda socket: socket.close())
    tab.page.reload()
    tab.wait()
    # Somebody else's answer begins, and this page has not heard of it.
    asked = {"message": '#fake {"words": 600, "rate": 30}\nGo', "session_id": session}
    program.api.post("/admin/playground/chat", json=asked).raise_for_status()
    tab.send("Second")
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("still answering")
    expect(tab.field).to_have_value("Second")


def test_a_failed_answer_says_why_and_keeps_what_there_was(window: Window) -> None:
    tab = window.open()
    tab.choose("Model", "failing")
    tab.ask("Break")
    expect(tab.last).to_contain_text("Fake answer: the quick answer depends")
    expect(tab.last).to_contain_text("The provider had an internal error")
    expect(tab.last).to_contain_text("Failed")
    tab.choose("Model", "refusing")
    tab.ask("Refuse")
    expect(tab.last).to_contain_text("this is the fake that refuses")


def test_the_chat_comes_first_on_a_phone(open_window: OpenWindow) -> None:
    tab = open_window(width=390, height=844).open()
    tab.ask("Hello")
    field, settings, pane = (
        place.bounding_box()
        for place in (tab.field, tab.page.locator(".st-key-pane-settings"), tab.pane)
    )
    assert field is not None
    assert settings is not None
    assert pane is not None
    assert pane["y"] < field["y"] < settings["y"]
    assert field["y"] + field["height"] < 844
