"""A page on paper has no navigation."""

from playwright.sync_api import expect

from tests.browser.console import Window


def test_the_navigation_is_not_printed(walking: Window) -> None:
    page = walking.walk("/overview").page
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.emulate_media(media="screen")
