"""A table that holds one page of a list neither sorts nor searches that page as if it were all of the list."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page

from tests.browser.console import Program, Tab, Window

NOW = datetime.now(UTC)


@pytest.fixture(scope="module", autouse=True)
def rows(program: Program) -> None:
    """Let there be a few users, the one last seen first."""
    happened = [
        {"id": f"one-page-{number}", "event_type": "seen", "user_id": f"one-page-{letter}"}
        | {"created_at": (NOW - timedelta(minutes=number)).isoformat()}
        for number, letter in enumerate("cab")
    ]
    program.show("one page", {"events": happened})


def users(page: Page) -> list[str]:
    cells = page.locator('[data-testid="stDataFrame"] td[aria-colindex="2"]').all_inner_texts()
    return [each for each in cells if each.startswith("one-page-")]


def test_a_header_sorts_nothing_and_nothing_searches_or_sums_up_one_page(window: Window) -> None:
    tab = window.open("/users?q=one-page")
    page = tab.page
    tab.wait_for(lambda: users(page) == ["one-page-c", "one-page-a", "one-page-b"])
    page.wait_for_timeout(1500)  # a table takes no click before it has settled
    table = page.get_by_test_id("stDataFrame").first
    table.click(position={"x": 80, "y": 17})
    tab.wait()
    page.keyboard.press("Control+f")
    page.wait_for_timeout(300)
    assert users(page) == ["one-page-c", "one-page-a", "one-page-b"]
    assert page.locator(".gdg-search-bar").count() == 0
    open_menu(tab)
    offered = page.locator('[data-testid="stDataFrameColumnMenu"] [role="menuitem"]:visible').all_inner_texts()
    assert [each.split("\n")[1] for each in offered] == ["Autosize", "Pin column", "Hide column"]
    buttons = page.locator('[data-testid="stElementToolbar"] button:visible').evaluate_all(
        "all => all.map(e => e.ariaLabel ?? '')"
    )
    assert buttons
    assert not [each for each in buttons if each.startswith(("Search", "Download"))]


def open_menu(tab: Tab) -> None:
    """Open the menu of the first column, whose dots stand at its right end."""
    table = tab.page.get_by_test_id("stDataFrame").first
    for x in range(70, 400, 8):
        table.click(position={"x": x, "y": 17})
        if tab.page.get_by_test_id("stDataFrameColumnMenu").count():
            return
    raise AssertionError("no menu")
