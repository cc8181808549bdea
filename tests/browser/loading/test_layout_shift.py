"""Pages stay where they are while they are drawn."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ViewportSize

from benchmarks.console.layout_shift import (
    LIMIT,
    LISTEN,
    LONGEST_GAP_MS,
    SIZES,
    Shift,
    largest_window,
    settled,
)
from tests.browser.conftest import OWNER
from tests.browser.console import Program, Tab, Window


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
@pytest.mark.parametrize("path", ["/overview", "/prompts", "/settings", "/tuning"])
def test_a_page_does_not_move_while_it_is_drawn(
    browser: Browser, program: Program, path: str, size: ViewportSize
) -> None:
    with listening(browser, program, size) as tab:
        tab.go(path)
        shift = settled(tab.page)
    assert shift.value < LIMIT, shift


@pytest.mark.parametrize("path", ["/overview", "/tuning?view=summary"])
def test_a_page_on_a_phone_does_not_move_when_another_period_is_chosen(
    browser: Browser, program: Program, path: str
) -> None:
    with listening(browser, program, SIZES[1]) as tab:
        tab.go(path)
        settled(tab.page)
        tab.page.evaluate("window.attuneShifts.length = 0")
        tab.page.locator('[class*="st-key-filters-"]').get_by_text("90 d", exact=True).click()
        tab.page.wait_for_timeout(LONGEST_GAP_MS / 2)
        tab.wait()
        shift = settled(tab.page)
    assert shift.value < LIMIT, shift


@contextmanager
def listening(browser: Browser, program: Program, size: ViewportSize) -> Iterator[Tab]:
    """Open a tab that notes what moves."""
    context = browser.new_context(viewport=size, reduced_motion="reduce")
    context.add_init_script(LISTEN)
    Window(program.address, context).let_in(program.cookie(OWNER))
    yield Tab(context.new_page(), program.address)
    context.close()


def test_shifts_add_up_while_less_than_a_second_lies_between() -> None:
    entries = [
        {"at": at, "value": value, "moved": [name]}
        for at, value, name in ((0, 0.04, "a"), (900, 0.05, "b"), (2000, 0.08, "c"))
    ]
    found = largest_window(entries)
    assert found.value == pytest.approx(0.09)
    assert found.moved == "b"
    assert largest_window([]) == Shift(0, "")


def test_a_window_of_shifts_ends_after_five_seconds() -> None:
    entries = [{"at": 900 * number, "value": 0.01, "moved": []} for number in range(12)]
    assert largest_window(entries).value == pytest.approx(0.06)
