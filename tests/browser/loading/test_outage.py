"""While the database hangs, every page says so within five seconds, and goes on by itself."""

import time

import psutil
from playwright.sync_api import Page, expect

from pages._ui.cache import MAX_AGE_S
from tests.browser.conftest import OpenWindow
from tests.browser.console import IDLE
from tests.browser.walks import main
from tests.faults.hanging import paused

SAID_WITHIN_S = 5.0
DOORS = {"/login": "Sign in", "/welcome/a-link": "This link"}
# Looked at in the page: Playwright looks once a second only
UNTIL_SAID = """(link, {title, idle}) => new Promise((resolve) => {
    const begun = performance.now();
    const look = () => {
        const main = document.querySelector(".stMain")?.innerText ?? "";
        const isSaid = document.title === title && document.querySelector(idle)
            && main.includes("Could not load") && main.includes("Try again");
        const took = performance.now() - begun;
        isSaid || took > 60_000 ? resolve(took) : setTimeout(look, 50);
    };
    link.click();
    look();
})"""
PATHS = {"/overview": "Overview", "/tuning?view=queue": "Tuning", "/prompts": "Prompts"}


def test_every_page_says_that_the_database_hangs_and_goes_on_by_itself(
    open_window: OpenWindow,
) -> None:
    window, visitor = open_window(), open_window(None)
    window.tolerates, visitor.tolerates = ("status of 503",), ("status of 503", "status of 404")
    tab = window.open("/you")
    links = tab.page.get_by_test_id("stSidebarNavLink")
    expect(links.nth(15)).to_be_visible()
    count = links.count()
    opened = {path: window.context.new_page() for path in PATHS}
    opened |= {path: visitor.context.new_page() for path in DOORS}
    took: dict[str, float] = {}
    time.sleep(MAX_AGE_S)  # what a test before this one has read is shown for so long
    with paused(postmaster()):
        for number in range(count):  # from page to page in a tab that is open
            name = links.nth(number).inner_text().splitlines()[-1]
            wanted = {"title": f"{name} · Attune", "idle": IDLE}
            took[name] = links.nth(number).evaluate(UNTIL_SAID, wanted) / 1000
            main(tab).to_contain_text("Could not load")
            expect(tab.page.get_by_role("button", name="Try again")).to_be_visible()
        for path, page in opened.items():  # and by their address
            begun = time.monotonic()
            page.goto(window.address + path)
            expect(page.get_by_role("link", name="Try again")).to_be_visible()
            took[path] = time.monotonic() - begun
    assert len(took) > 15
    assert not {name: seconds for name, seconds in took.items() if seconds > SAID_WITHIN_S}
    main(tab).not_to_contain_text("Could not load")
    for path, heading in (PATHS | DOORS).items():
        returned(opened[path], heading)


def returned(page: Page, heading: str) -> None:
    """See that a page has come back without a click."""
    expect(page.get_by_text("Try again")).to_have_count(0)
    expect(page.get_by_role("heading", name=heading).first).to_be_visible()


def postmaster() -> psutil.Process:
    """Return the Postgres of the program under test, which is a child of this process."""
    for process in psutil.Process().children(recursive=True):
        if process.name() == "postgres" and process.parent().name() != "postgres":
            return process
    raise AssertionError("The program has no Postgres of its own.")
