"""A page on paper has no navigation, and is light."""

from playwright.sync_api import expect

from tests.browser.console import Window


def test_the_navigation_is_not_printed(walking: Window) -> None:
    page = walking.walk("/overview").page
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.emulate_media(media="screen")


def test_a_page_in_dark_is_printed_dark_on_light(window: Window) -> None:
    page = window.open("/overview", theme="dark").page
    heading = page.get_by_role("heading", name="Overview")
    expect(heading).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(16, 18, 22)")
    page.emulate_media(media="print")
    for place in ("html", "body", ".stApp"):
        expect(page.locator(place)).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(heading).to_have_css("color", "rgb(26, 29, 35)")
    page.emulate_media(media="screen")
