"""The demo's banner takes no space from a page's main elements."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.console import Tab

SIZES = [(1440, 900, 42), (390, 844, 42)]


def add_banner(tab: Tab, height: int) -> None:
    """Put a banner as high as that of the demo above the page: tests have no demo."""
    tab.page.locator(".stMainBlockContainer > div").evaluate(
        "(block, height) => { const wrapper = document.createElement('div');"
        " wrapper.innerHTML = '<div class=st-key-demo-banner></div>';"
        " wrapper.style.flex = `0 0 ${height}px`; block.prepend(wrapper); }",
        height,
    )


@pytest.mark.parametrize(("width", "height", "banner"), SIZES)
def test_the_message_field_of_the_playground_is_in_view(
    open_window: OpenWindow, width: int, height: int, banner: int
) -> None:
    tab = open_window(width=width, height=height).open("/playground")
    add_banner(tab, banner)
    expect(tab.page.locator(".st-key-demo-banner")).to_have_count(1)
    field = tab.page.get_by_test_id("stChatInput").bounding_box()
    assert field is not None
    assert field["y"] + field["height"] <= height
