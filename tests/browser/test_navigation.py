"""The navigation answers at once, and shows where the keyboard is."""

from playwright.sync_api import expect

from tests.browser.console import Window
from tests.browser.line import Line
from tests.browser.walks import TWO_FRAMES, opened

WITHIN_MS = 100
FIRST_PAINT = """(link) => new Promise((resolve) => {
    const begun = performance.now();
    link.click();
    requestAnimationFrame(() => requestAnimationFrame(() =>
        resolve(document.querySelector(".stMain[data-leaving]") ? performance.now() - begun : -1)));
})"""


def test_a_skeleton_is_there_before_the_server_has_said_anything(window: Window) -> None:
    line = Line(window)
    tab = opened(window, "/prompts")
    with line.held():
        idle = tab.page.evaluate(TWO_FRAMES)
        took = tab.page.get_by_role("link", name="Bots", exact=True).evaluate(FIRST_PAINT)
        assert took >= 0
        assert took - idle < WITHIN_MS
        expect(tab.page.locator("h1")).not_to_be_visible()
    expect(tab.page.locator("h1")).to_have_text("Bots")
    expect(tab.page.locator(".stMain[data-leaving]")).to_have_count(0)


def test_the_focus_on_the_navigation_is_visible(window: Window) -> None:
    tab = opened(window, "/prompts")
    tab.page.keyboard.press("Tab")
    link = tab.page.get_by_test_id("stSidebarNavLink").nth(2)
    link.focus()
    style = link.evaluate(
        "e => getComputedStyle(e).outlineStyle + getComputedStyle(e).outlineWidth"
    )
    assert style == "solid2px"
