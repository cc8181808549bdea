"""A browser that has never been here."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import OWNER
from tests.browser.console import Program, Window

MOST_REQUESTS, MOST_BYTES = 30, 2_000_000


def test_a_first_visit_takes_few_requests_and_little_data(browser: Browser, program: Program) -> None:
    context = browser.new_context()
    window = Window(program.address, context)
    window.let_in(program.cookie(OWNER))
    page = context.new_page()
    sizes: list[int] = []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    page.goto(f"{program.address}/overview")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert len([size for size in sizes if size]) <= MOST_REQUESTS  # modules of the one file count nothing
    assert sum(sizes) <= MOST_BYTES
    context.close()
