"""Back leads to the address of the page that was open before, with its filters."""

import re

import pytest
from playwright.sync_api import expect

from core.platform import clock
from tests.browser.console import Program, Tab, Window
from tests.browser.walks import drawn, opened, walked

ONE_REQUEST = {
    "id": "history-1",
    "created_at": clock.now().isoformat(),
    "environment": "history",
    "model": "small",
    "total_latency_ms": 800,
}
CUSTOM = "start=2026-01-05T09%3A30Z&end=2026-01-07T00%3A00Z"


def drawn_as(tab: Tab, title: str) -> None:
    """Wait for a page in place of itself: until it is drawn, the title before it stays, too."""
    expect(tab.page.get_by_role("heading", name=title, level=1)).to_be_visible()
    drawn(tab.page)
    expect(tab.page.locator("h1")).to_have_text(title)


def follow(tab: Tab, title: str) -> None:
    tab.page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click()
    expect(tab.page.locator("h1")).to_have_text(title)
    drawn(tab.page)


@pytest.mark.parametrize(
    "address",
    ["/ai-metrics?days=30&model=small", "/onboarding?days=30&view=trends", f"/ai-metrics?{CUSTOM}"],
)
def test_back_leads_to_the_page_and_filters_before_a_click(walking: Window, address: str) -> None:
    tab = walked(walking, address)
    title = tab.page.locator("h1").inner_text()
    follow(tab, "Batch history")
    tab.page.go_back()
    expect(tab.page.locator("h1")).to_have_text(title)
    drawn(tab.page)
    assert tab.page.url == tab.address + address


def test_back_from_the_first_page_leaves_the_console(window: Window) -> None:
    tab = opened(window, "/settings")
    tab.go("/")
    follow(tab, "Users")
    tab.page.go_back()
    expect(tab.page.locator("h1")).to_have_text("Overview")
    tab.page.go_back()
    tab.page.wait_for_url("**/settings*")


def test_a_page_keeps_its_period_while_a_page_without_one_is_open(window: Window) -> None:
    # It was lost while a page without filters was open
    tab = opened(window, "/overview?days=30")
    follow(tab, "Settings")
    follow(tab, "Overview")
    assert tab.page.url == f"{tab.address}/overview?days=30"


def test_a_page_that_was_open_before_takes_the_period_chosen_since(window: Window) -> None:
    tab = opened(window, "/ai-metrics")
    follow(tab, "Batch history")
    tab.page.get_by_role("radio", name="30 d").click()
    tab.page.wait_for_url("**days=30**")
    drawn(tab.page)
    follow(tab, "AI metrics")
    assert tab.page.url == f"{tab.address}/ai-metrics?days=30"


def test_back_shows_the_usual_period_of_a_page_whatever_was_chosen_since(window: Window) -> None:
    # The address has no period while it is the default one, and Back kept the one of the link
    tab = opened(window, "/overview")
    follow(tab, "AI metrics")
    tab.page.get_by_role("radio", name="30 d").click()
    tab.page.wait_for_url("**days=30**")
    drawn(tab.page)
    for _ in range(2):
        tab.page.evaluate("history.go(-2)")
        drawn_as(tab, "Overview")
        expect(tab.page.get_by_role("radio", name="7 d")).to_be_checked()
        assert tab.page.url == f"{tab.address}/overview"
        tab.page.evaluate("history.go(2)")
        drawn_as(tab, "AI metrics")
        expect(tab.page.get_by_role("radio", name="30 d")).to_be_checked()


@pytest.mark.parametrize(
    ("address", "sections"),
    [
        ("/settings", ("Workspace", "Providers", "Quotas")),
        ("/knowledge", ("Documents", "Memories", "Feedback")),
    ],
)
def test_back_leads_to_the_section_before(
    walking: Window, address: str, sections: tuple[str, ...]
) -> None:
    tab = walked(walking, address)
    choices = [tab.page.get_by_role("radio", name=name, exact=True) for name in sections]
    for name, choice in zip(sections[1:], choices[1:], strict=True):
        choice.click()
        # Of two clicks within one run, Streamlit tells only the last
        tab.page.wait_for_url(re.compile(f"section={name}", re.IGNORECASE))
        drawn(tab.page)
    for choice in reversed(choices[:-1]):
        tab.page.go_back()
        expect(choice).to_be_checked()
        drawn(tab.page)
    assert tab.page.url == tab.address + address


def test_back_leads_from_a_link_to_the_open_page_to_its_former_filters(
    window: Window, program: Program
) -> None:
    # Streamlit writes the address only when another page opens
    program.show("history", {"ai-requests": [ONE_REQUEST]})
    before = f"/overview?environment={ONE_REQUEST['environment']}"
    tab = opened(window, before)
    tab.page.get_by_role("link", name="Weekly digests").click()
    tab.page.wait_for_url("**/overview?digest=latest")
    drawn_as(tab, "Weekly digest")
    tab.page.go_back()
    drawn_as(tab, "Overview")
    assert tab.page.url == tab.address + before
