"""Who uses no mouse opens a point of a chart from a list."""

from datetime import timedelta

from playwright.sync_api import expect

from core.platform import clock
from tests.browser.console import Program, Window
from tests.browser.walks import walked


def test_a_point_of_a_chart_opens_by_the_keyboard(walking: Window, program: Program) -> None:
    at = clock.now() - timedelta(hours=3)
    sent = {
        "id": "of a chart",
        "created_at": at.isoformat(),
        "environment": "points",
        "model": "m",
        "status": "ok",
        "cost_usd": "0.25",
    }
    program.show("chart points", {"ai-requests": [sent]})
    tab = walked(walking, "/ai-metrics?days=7&environment=points")
    chart = tab.page.get_by_role("figure", name="Error rate").first
    menu = chart.locator("xpath=following-sibling::form")
    points = menu.get_by_role("combobox", name="Points of this chart")
    points.focus()
    expect(points).to_be_in_viewport()
    last = points.get_by_role("option").last
    assert "Error rate 0%" in str(last.text_content())
    points.press("End")
    points.press("Tab")
    expect(menu.get_by_role("button", name="Open")).to_be_focused()
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**start=**end=**")
