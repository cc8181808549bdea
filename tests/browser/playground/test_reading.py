"""Reading a long conversation while an answer arrives."""

from playwright.sync_api import expect

from tests.browser.console import Program, Tab, Window

LONG = '#fake {"words": 900}\nFill the pane'


def left_below(tab: Tab) -> float:
    return float(tab.pane.evaluate("e => e.scrollHeight - e.scrollTop - e.clientHeight"))


def position(tab: Tab) -> float:
    return float(tab.pane.evaluate("e => e.scrollTop"))


def stays(tab: Tab) -> bool:
    before = position(tab)
    tab.page.wait_for_timeout(500)
    return position(tab) == before


def test_the_newest_words_stay_in_view_unless_the_reader_scrolls_up(window: Window) -> None:
    tab = window.open()
    tab.begin_answer(words=1500, rate=100)
    tab.wait_for(lambda: position(tab) > 300)
    for _ in range(3):
        tab.wait_for(lambda: left_below(tab) < 60)  # a moment after the words come
        tab.page.wait_for_timeout(100)

    tab.pane.hover()
    tab.page.mouse.wheel(0, -250)
    tab.wait_for(lambda: left_below(tab) > 150)
    tab.wait_for(lambda: stays(tab), within_s=5)  # once the wheel has come to rest
    assert left_below(tab) > 150

    tab.page.mouse.wheel(0, 9000)
    tab.wait_for(lambda: left_below(tab) < 40)
    before = position(tab)
    tab.wait_for(lambda: position(tab) > before + 60)
    tab.wait_for(lambda: left_below(tab) < 60)
    expect(tab.messages).to_have_count(2)
    tab.wait_for(lambda: left_below(tab) < 4)


def test_the_end_of_an_answer_leaves_a_reader_where_they_are(window: Window) -> None:
    tab = window.open()
    tab.begin_answer(words=1500, rate=100)
    tab.wait_for(lambda: position(tab) > 100)
    tab.pane.evaluate("e => e.scrollTo(0, 40)")
    expect(tab.messages).to_have_count(2)
    tab.page.wait_for_timeout(300)
    assert position(tab) == 40


def test_a_question_of_ones_own_is_brought_into_view(window: Window, program: Program) -> None:
    tab = window.open(program.say(LONG))
    tab.wait_for(lambda: position(tab) > 100)
    tab.pane.evaluate("e => e.scrollTo(0, 0)")
    tab.page.wait_for_timeout(100)
    tab.ask("Still there?")
    tab.wait_for(lambda: left_below(tab) < 4)


def test_a_session_opens_at_its_end(window: Window, program: Program) -> None:
    tab = window.open(program.say(LONG))
    tab.wait_for(lambda: position(tab) > 100 and left_below(tab) < 4)
