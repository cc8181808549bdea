"""Pages at 400 % of a window of 1280 × 1024 pixels scroll one way only (WCAG 1.4.10)."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.test_every_page import FITS


def test_the_views_of_tuning_fit_at_400_percent(open_window: OpenWindow) -> None:
    page = open_window(width=320, height=256).open("/tuning").page
    expect(page.get_by_role("radio", name="Export", exact=True)).to_be_visible()
    assert page.evaluate(FITS)


def test_the_periods_of_watch_fit_at_400_percent(open_window: OpenWindow) -> None:
    page = open_window(width=320, height=256).open("/ai-metrics").page
    periods = page.get_by_role("radiogroup", name="Period")
    expect(periods.get_by_role("radio", name="Custom", exact=True)).to_be_visible()
    assert periods.evaluate("group => group.scrollWidth <= group.clientWidth")
