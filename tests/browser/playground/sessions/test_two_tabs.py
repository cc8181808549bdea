"""Two tabs of one session: changes in one are shown in the other."""

from playwright.sync_api import expect

from tests.browser.console import Program, Tab, Window


def both(window: Window, address: str = "/playground") -> tuple[Tab, Tab]:
    first = window.open(address)
    return first, window.open(first.page.url.removeprefix(window.address))


def test_both_show_an_answer_as_it_grows_and_each_can_ask_and_stop(window: Window) -> None:
    first, second = both(window)
    # Slow enough that the second tab sees it on a busy machine
    first.begin_answer(words=150, rate=10)
    expect(second.live).to_contain_text("Fake answer: the quick")
    first.press("Stop")
    expect_the_same(first, second, 2)

    second.ask("Two")
    expect_the_same(first, second, 4)

    first.begin_answer(words=800)
    second.press("Stop")
    expect_the_same(first, second, 6)
    expect(first.last).to_contain_text("Stopped")


def expect_the_same(first: Tab, second: Tab, messages: int) -> None:
    for tab in (first, second):
        expect(tab.messages).to_have_count(messages)
        expect(tab.last).to_contain_text("token")  # what a stopped call used is known later
    # each draws the buttons of a finished answer in its own time
    first.wait_for(lambda: first.messages.all_inner_texts() == second.messages.all_inner_texts())


def test_what_one_clears_is_empty_in_the_other(window: Window, program: Program) -> None:
    first, second = both(window, program.say("Soon to be gone"))
    second.press("Clear messages")
    second.confirm("Clear messages?", "Clear messages")
    for tab in (first, second):
        expect(tab.messages).to_have_count(0)
        expect(tab.page.get_by_text("No messages yet")).to_be_visible()
        expect(tab.page.get_by_text("Soon to be gone")).to_have_count(0)


def test_what_one_deletes_the_other_leaves(window: Window, program: Program) -> None:
    first, second = both(window, program.say("Soon to be gone"))
    first.press("Delete session")
    first.confirm("Delete session?", "Delete session")
    for tab in (first, second):
        expect(tab.messages).to_have_count(0)
        expect(tab.page.get_by_text("Soon to be gone")).to_have_count(0)
    first.ask("A new beginning")
    assert "Soon to be gone" not in second.sessions.all_inner_texts()
