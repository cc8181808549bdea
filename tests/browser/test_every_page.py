"""Every page: no requests to other machines, accessible, and fits a phone."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

from tests.browser.conftest import OpenWindow
from tests.browser.console import IDLE, Program, Tab, Theme, Window

PAGES = {
    "/overview": None,
    "/ai-metrics": None,
    "/tuning": None,
    "/tuning?view=summary": None,
    "/tuning?view=export": None,
    "/knowledge": None,
    "/knowledge?section=memories": None,
    "/knowledge?section=feedback": None,
    "/tickets": None,
    "/playground": "Delete session",
    "/comparison": None,
    "/prompts": "New prompt",
    "/bots": "New bot",
    "/datasets": "New dataset",
    "/evaluations": None,
    "/evaluations?new=1": None,
    "/ab-tests": None,
    "/ab-tests?new=1": None,
    "/usage": None,
    "/settings": None,
    "/settings?section=Providers": "Add provider",
    "/settings?section=Prices": "Add price",
    "/settings?section=API+keys": "Create key",
    "/settings?section=Review": None,
    "/settings?section=Scoring": None,
    "/settings?section=Import": None,
    "/accounts": "Invite account",
    "/accounts?section=Audit": None,
    "/you": None,
}
DOORS = ["/login", "/welcome/a-link-that-never-was"]
SIZES: list[ViewportSize] = [
    {"width": 390, "height": 844},
    {"width": 1024, "height": 768},
    {"width": 1440, "height": 900},
]
OF_COLORS = ("color-contrast", "link-in-text-block")  # all that the other theme can break
CODE_RULE = "scrollable-region-focusable"
# Streamlit's own: it puts the headings of the navigation into the list of its pages; and around a
# long line of code it is the frame that takes the focus, not what scrolls (which browsers have let
# the keyboard reach by themselves since 2024).
FITS = """() => document.documentElement.scrollWidth <= window.innerWidth
    && [...document.querySelectorAll('.stMain, .stMainBlockContainer')]
        .every(e => e.scrollWidth <= e.clientWidth)"""
IS_DARK = "matchMedia('(prefers-color-scheme: dark)').matches"
IS_TURNED = """(to) => [...document.querySelectorAll('.stApp')]
    .every(e => getComputedStyle(e).colorScheme === to)"""
STREAMLITS = {
    "list": '[data-testid="stSidebarNav"]',
    "listitem": '[data-testid="stSidebarNav"]',
}


def look_at(tab: Tab) -> None:
    """Look at a page as it is and then in the other theme: it can be read by all, and at each width
    scrolls one way only.
    """
    assert not violations(tab)
    turn(tab, "light" if tab.page.evaluate(IS_DARK) else "dark")
    assert not violations(tab, OF_COLORS)
    for size in SIZES:
        tab.page.set_viewport_size(size)
        tab.page.wait_for_timeout(150)
        tab.page.wait_for_function(FITS)  # charts take the new width a moment later than the page


def turn(tab: Tab, to: Theme) -> None:
    """Turn the system light or dark, and wait until the page is: it is drawn anew half a second
    later, unless that would close a dialog; the pages before sign-in have no script to run.
    """
    page = tab.page
    is_run = page.get_by_test_id("stApp").count() and not page.get_by_test_id("stDialog").count()
    with tab.rerun() if is_run else nullcontext():
        page.emulate_media(color_scheme=to)
    page.wait_for_function(IS_TURNED, arg=to)


def violations(tab: Tab, rules: Sequence[str] = ()) -> list[str]:
    """Return what shuts somebody out by some rules or by all, and where; what is found while the
    page runs anew, as Overview does by itself, may be faded, and is looked at again.
    """
    found: list[str] = []
    for _ in range(5):
        before = tab.runs.ended.total()
        found = seen(tab.page, rules)
        tab.page.locator(IDLE).or_(tab.page.locator("main > header")).first.wait_for()
        if not found or tab.runs.ended.total() == before:
            break
    return found


def seen(page: Page, rules: Sequence[str]) -> list[str]:
    only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    found = Axe().run(page, options={"resultTypes": ["violations"]} | only).response["violations"]
    nodes = [(it["id"], node) for it in found for node in it["nodes"]]
    return [
        f"{rule}: {node['failureSummary']} {node['html']}"
        for rule, node in nodes
        if not is_streamlits(page, rule, node)
    ]


def is_streamlits(page: Page, rule: str, node: dict[str, Any]) -> bool:
    """Whether this is where Streamlit breaks the rule, and no option of ours changes it."""
    within = STREAMLITS.get(rule)
    # By what it is: a page that was drawn anew meanwhile has other names for it
    if rule == CODE_RULE:
        return str(node["html"]).startswith('<pre class="st-')
    return (
        within is not None
        and page.locator(node["target"][0])
        .locator("xpath=ancestor-or-self::*")
        .and_(page.locator(within))
        .count()
        > 0
    )


@pytest.mark.parametrize("path", DOORS)
def test_the_pages_before_sign_in(open_window: OpenWindow, path: str) -> None:
    visitor = open_window(None)
    visitor.tolerates = ("status of 404",)
    look_at(Tab(visitor.page(path), visitor.address))


@pytest.mark.parametrize(("path", "opens"), PAGES.items())
def test_the_pages_of_the_console_and_their_dialogs(
    walking: Window, path: str, opens: str | None
) -> None:
    tab = walking.walk(path)
    look_at(tab)
    if opens is not None:
        tab.press(opens)
        tab.page.get_by_role("dialog").wait_for()
        look_at(tab)


def test_a_playground_in_use(window: Window, program: Program) -> None:
    tab = window.open(
        program.say(
            "Some **markdown** with `code`, [a link](https://elsewhere.example/) "
            "and\n\n```python\nreturn 1\n```"
        )
    )
    tab.write_prompt("You are somebody else.")
    tab.begin_answer(words=800)
    tab.press("Stop")
    tab.button("Stop").wait_for(state="detached")
    look_at(tab)
