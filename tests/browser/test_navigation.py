"""The navigation answers at once, and shows where the keyboard is."""

from playwright.sync_api import expect

from tests.browser.console import Window
from tests.browser.line import Line
from tests.browser.walks import opened, walked

IS_THERE_IN_TWO_FRAMES = """(link) => new Promise((resolve) => {
    link.click();
    requestAnimationFrame(() => requestAnimationFrame(() =>
        resolve(document.querySelector(".stMain[data-leaving]") !== null)));
})"""


def test_a_skeleton_is_there_before_the_server_has_said_anything(window: Window) -> None:
    # Nothing changed for up to 1.6 s
    line = Line(window)
    tab = opened(window, "/prompts")
    with line.held():
        bots = tab.page.get_by_role("link", name="Bots", exact=True)
        assert bots.evaluate(IS_THERE_IN_TWO_FRAMES)
        expect(tab.page.locator("h1")).not_to_be_visible()
    expect(tab.page.locator("h1")).to_have_text("Bots")
    expect(tab.page.locator(".stMain[data-leaving]")).to_have_count(0)


def test_the_focus_on_the_navigation_is_visible(walking: Window) -> None:
    tab = walked(walking, "/prompts")
    tab.page.keyboard.press("Tab")
    link = tab.page.get_by_test_id("stSidebarNavLink").nth(2)
    link.focus()
    style = link.evaluate(
        "e => getComputedStyle(e).outlineStyle + getComputedStyle(e).outlineWidth"
    )
    assert style == "solid2px"
