"""Walks through pages by role, theme and width: everything is drawn, and nothing overlaps."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from playwright.sync_api import Locator, Page, expect

from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import IDLE, Account, Tab, Theme, Window
from tests.browser.geometry import cut_off, overlapping

Walk = tuple[Role, Theme, int]
PATIENCE_MS, SETTLED_S = 30_000, 5


def walks(*roles: Role) -> list[ParameterSet]:
    """Return walks in which each theme and each width occurs; those that `make prove` adds show
    each role both themes and both widths.
    """
    first, second, third = roles
    often: list[Walk] = [(first, "light", 1440), (third, "dark", 390)]
    long: list[Walk] = [
        (first, "dark", 390),
        (second, "dark", 1440),
        (second, "light", 390),
        (third, "light", 1440),
    ]
    return [pytest.param(*walk) for walk in often] + [
        pytest.param(*walk, marks=pytest.mark.prove) for walk in long
    ]


WALKS = walks(Role.SUPER_ADMIN, Role.ADMIN, Role.ANALYST)


def wide(open_window: OpenWindow, account: Account, width: int) -> Window:
    """Return a window of a person, as wide as that: a telephone's is higher than wide."""
    return open_window(account, width=width, height=844 if width == 390 else 900)


def opened(window: Window, path: str, theme: Theme = "light") -> Tab:
    """Open a page that has much to draw."""
    window.context.set_default_timeout(PATIENCE_MS)
    tab = window.open(path, theme=theme)
    drawn(tab.page)
    return tab


def walked(window: Window, path: str, theme: Theme = "light") -> Tab:
    """Walk on to a page that has much to draw."""
    tab = window.walk(path, theme=theme)
    drawn(tab.page)
    return tab


def drawn(page: Page) -> None:
    """Wait until all charts and tables are there, and nothing runs."""
    page.locator(IDLE).wait_for()
    for coming in (
        '[data-testid="stSkeleton"]',
        '[data-testid="stBidiComponentRegular"]:not(:has(.main-svg))',
    ):
        expect(page.locator(coming).filter(visible=True)).to_have_count(0, timeout=PATIENCE_MS)


def holds_together(
    window: Window, path: str, theme: Theme, look: Callable[[Page], object] = bool
) -> None:
    """Walk on to a page, look at it as one likes, and see that nothing is cut off or overlaps."""
    tab = walked(window, path, theme)
    look(tab.page)
    with suppress(AssertionError):  # what unfolds or is drawn anew takes its time
        tab.wait_for(lambda: not cut_off(tab.page) and not overlapping(tab.page), SETTLED_S)
    found = {"cut off": cut_off(tab.page), "overlapping": overlapping(tab.page)}
    assert not any(found.values()), f"{path}: {found}"


def click_point(tab: Tab, point: Locator) -> None:
    """Click a point of a chart, which is drawn a moment before it takes clicks."""
    plot = point.locator("xpath=ancestor::*[contains(@class, 'js-plotly-plot')]")
    tab.wait_for(lambda: plot.evaluate("e => e._ev?.listenerCount('plotly_click') > 0"))
    point.click(force=True)


def main(tab: Tab) -> Any:  # noqa: ANN401  a locator's assertions
    """Return what is expected of a page's main part."""
    return expect(tab.page.locator(".stMain"))
