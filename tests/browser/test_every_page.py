"""What holds on every page: nothing is asked of other machines, nobody is shut out by it, and it fits a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import OpenWindow
from tests.browser.console import Window

PAGES = ["/playground", "/settings", "/settings?section=Providers", "/accounts", "/accounts?section=Audit", "/you"]
DOORS = ["/login", "/welcome/a-link-that-never-was"]
SIZES = [{"width": 390, "height": 844}, {"width": 1024, "height": 768}, {"width": 1440, "height": 900}]
# What Streamlit itself draws and no option of ours changes: docs/decisions names each.
STREAMLITS: dict[str, str] = {}


def look_at(page: Page) -> None:
    """Look at a page as it is: in both themes it can be read by all, at each width it scrolls in one direction only."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(700)
        found = Axe().run(page).response["violations"]
        assert not [(it["id"], node["target"], node.get("failureSummary")) for it in found for node in it["nodes"]], theme
    for size in SIZES:
        page.set_viewport_size(size)
        page.wait_for_timeout(150)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        inner = page.evaluate(
            "[...document.querySelectorAll('.stMain, [data-testid=stMainBlockContainer]')].map(e => e.scrollWidth - e.clientWidth)"
        )
        assert max(inner, default=0) <= 0, size


@pytest.mark.parametrize("path", DOORS)
def test_the_pages_before_sign_in(open_window: OpenWindow, path: str) -> None:
    visitor = open_window(None)
    visitor.tolerates = ("status of 404",)
    look_at(visitor.page(path))


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_of_the_console(window: Window, path: str) -> None:
    look_at(window.open(path).page)


def test_a_playground_in_use(window: Window) -> None:
    tab = window.open()
    tab.write_prompt("You are somebody else.")
    tab.ask("Some **markdown** with `code`, [a link](https://elsewhere.example/) and\n\n```python\nreturn 1\n```")
    tab.begin_answer()
    tab.press("Stop")
    tab.button("Stop").wait_for(state="detached")
    look_at(tab.page)


@pytest.mark.parametrize(
    ("path", "opens"),
    [("/playground", "Delete this session"), ("/accounts", "Invite"), ("/settings?section=Providers", "Add provider")],
)
def test_the_dialogs(window: Window, path: str, opens: str) -> None:
    tab = window.open(path)
    tab.press(opens)
    tab.page.get_by_role("dialog").wait_for()
    look_at(tab.page)
