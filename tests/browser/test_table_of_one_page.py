"""A table that holds one page of a list sorts all of the list, never that page alone; a click or
Enter opens a row.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import OWNER, SEEN_AS
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
    cells = page.locator('[data-testid="stDataFrame"] td[aria-colindex="1"]').all_inner_texts()
    return [each for each in cells if each.startswith("one-page-")]


def in_order(page: Page, letters: str) -> bool:
    return users(page) == [f"one-page-{letter}" for letter in letters]


def test_a_header_sorts_nothing_and_nothing_searches_or_sums_up_one_page(walking: Window) -> None:
    tab = walking.walk("/users?q=one-page")
    page = tab.page
    tab.wait_for(lambda: in_order(page, "cab"))
    page.wait_for_timeout(1500)  # a table takes no click before it has settled
    table = page.get_by_test_id("stDataFrame").first
    table.click(position={"x": 80, "y": 17})
    tab.wait()
    page.keyboard.press("Control+f")
    page.wait_for_timeout(300)
    assert in_order(page, "cab")
    assert page.locator(".gdg-search-bar").count() == 0
    open_menu(tab)
    offered = page.locator(
        '[data-testid="stDataFrameColumnMenu"] [role="menuitem"]:visible'
    ).all_inner_texts()
    assert [each.split("\n")[1] for each in offered] == ["Autosize", "Pin column", "Hide column"]
    buttons = page.locator('[data-testid="stElementToolbar"] button:visible').evaluate_all(
        "all => all.map(e => e.ariaLabel ?? '')"
    )
    assert buttons
    assert not [each for each in buttons if each.startswith(("Search", "Download"))]


def test_a_header_sorts_the_whole_list_on_the_server(walking: Window) -> None:
    tab = walking.walk("/users?q=one-page")
    tab.wait_for(lambda: in_order(tab.page, "cab"))
    click(tab, 0, 6, partial(tab.wait_for, partial(in_order, tab.page, "bac"), 5))
    tab.page.wait_for_url("**sort=last_seen**")
    click(tab, 0, 6, partial(tab.wait_for, partial(in_order, tab.page, "cab"), 5))


@pytest.mark.parametrize("column", [1, 5])
def test_a_click_on_any_cell_opens_the_row_again_and_again(walking: Window, column: int) -> None:
    tab = walking.walk("/users?q=one-page")
    tab.wait_for(lambda: len(users(tab.page)) == 3)
    for _ in range(2):
        click(tab, 2, column, drawer_of(tab, "one-page-a"))
        tab.page.keyboard.press("Escape")
        expect(tab.drawer).to_have_count(0)
        tab.page.wait_for_url(lambda url: "row=" not in url)


def test_the_keys_lead_to_a_row_and_enter_opens_it(window: Window) -> None:
    tab = window.open("/users?q=one-page")
    tab.wait_for(lambda: len(users(tab.page)) == 3)
    tab.page.wait_for_timeout(1500)  # a table takes no focus before it has settled
    tab.page.get_by_role("textbox", name="Search").focus()
    for _ in range(20):
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate(
            "!!document.activeElement.closest('[data-testid=stDataFrame] canvas')"
        ):
            break
    tab.wait()
    for _ in range(3):  # a table that is drawn anew loses what its keys have chosen
        tab.page.keyboard.press("ArrowDown")
        tab.wait()
        expect(tab.drawer).to_have_count(0)
        tab.page.keyboard.press("Enter")
        with suppress(AssertionError):
            expect(tab.drawer).to_have_count(1, timeout=5000)
            break
    # The first or second row: a click before decides whether Tab selects one
    expect(tab.drawer).to_contain_text("one-page-")


def test_an_address_opens_the_row_that_it_names(window: Window) -> None:
    tab = window.open("/users?q=one-page")
    tab.wait_for(lambda: len(users(tab.page)) == 3)
    click(tab, 1, 1, drawer_of(tab, "one-page-c"))
    tab.page.wait_for_url("**row=**")
    again = window.open(tab.page.url.removeprefix(tab.address))
    expect(again.drawer).to_contain_text("one-page-c")


def test_the_drawer_leads_to_the_rows_before_and_after_by_buttons_and_keys(walking: Window) -> None:
    tab = walking.walk("/users?q=one-page")
    tab.wait_for(lambda: len(users(tab.page)) == 3)
    click(tab, 1, 1, drawer_of(tab, "one-page-c"))
    expect(tab.drawer).to_contain_text("1 of 3 on this page")
    expect(tab.drawer.get_by_role("button", name="Previous")).to_be_disabled()
    tab.page.keyboard.press("j")
    expect(tab.drawer).to_contain_text("2 of 3")
    expect(tab.drawer).to_contain_text("one-page-a")
    tab.wait()
    tab.drawer.get_by_role("button", name="Next").click()
    expect(tab.drawer).to_contain_text("one-page-b")
    expect(tab.drawer.get_by_role("button", name="Next")).to_be_disabled()
    tab.wait()
    tab.page.keyboard.press("k")
    expect(tab.drawer).to_contain_text("one-page-a")
    tab.page.keyboard.press("Escape")
    expect(tab.drawer).to_have_count(0)
    assert in_order(tab.page, "cab")


def click(tab: Tab, row: int, column: int, happened: Callable[[], None]) -> None:
    """Click a cell, counted from 1, until that is seen to have happened; row 0 is the header."""
    table = tab.page.get_by_test_id("stDataFrame").first
    widths = [119, 134, 164, 184, 174, 174]
    tab.click_table(table, sum(widths[: column - 1]) + 40, 34 * row + 17, happened)


def drawer_of(tab: Tab, user: str) -> Callable[[], None]:
    return partial(expect(tab.drawer).to_contain_text, user, timeout=5000)


def open_menu(tab: Tab) -> None:
    """Open the menu of the first column, whose dots stand at its right end."""
    menu = tab.page.get_by_test_id("stDataFrameColumnMenu")
    table = tab.page.get_by_test_id("stDataFrame").first
    for x in range(70, 400, 8):
        table.click(position={"x": x, "y": 17})
        with suppress(AssertionError):  # the next click would close one that opens late
            return expect(menu).to_have_count(1, timeout=500)
    raise AssertionError("no menu")


def test_on_a_touch_screen_the_button_of_a_table_covers_nothing(
    browser: Browser, program: Program
) -> None:
    # Where nothing hovers the button is always there: it covered a help icon, which could not be
    # pressed
    size = ViewportSize(width=390, height=844)
    with browser.new_context(viewport=size, is_mobile=True, has_touch=True, **SEEN_AS) as context:
        window = Window(program.address, context)
        window.let_in(program.cookie(OWNER))
        page = window.open("/users?q=one-page").page
        button = page.get_by_test_id("stElementToolbar").bounding_box()
        above = page.get_by_test_id("stCheckbox").bounding_box()
        assert button is not None
        assert above is not None
        assert button["y"] >= above["y"] + above["height"]
        window.check()
