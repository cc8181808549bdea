"""A first visit with an empty browser cache."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from api.console import frontend
from tests.browser.conftest import OWNER
from tests.browser.console import Program, Window

# Of bytes, 0.4 million are for charts, fetched after the first figures
MOST_REQUESTS, MOST_BYTES = 15, 1_080_000
# Fetched when all else is, for the next visit (test_kept_modules.py)
KEPT = re.compile(r"/static/console-\w+/")


@pytest.mark.parametrize("title", ["Overview", "Playground"])
def test_a_first_visit_takes_few_requests_and_little_data(
    browser: Browser, program: Program, title: str
) -> None:
    # Left open after a failure, a page of the playground would take part in other tests
    with browser.new_context() as context:
        window = Window(program.address, context)
        window.let_in(program.cookie(OWNER))
        page = context.new_page()
        fetched, sizes = _fetched(page)
        page.goto(f"{program.address}/{title.lower()}")
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        page.wait_for_load_state("networkidle")
    # Modules of the one file count nothing
    of_visit = [
        size for request, size in sizes.items() if size and not KEPT.search(fetched[request])
    ]
    assert len(of_visit) <= MOST_REQUESTS
    assert sum(of_visit) <= MOST_BYTES
    # What its scripts ask for first has been on its way since before they were
    for path in frontend.FIRST_REQUESTS:
        assert sum(url.endswith(path) for url in fetched.values()) == 1
    # Streamlit's own fonts, names of emoji and colours of code: none of them is shown here.
    assert not [
        url
        for url in fetched.values()
        if any(
            name in url
            for name in ("SourceSans", "MaterialSymbols", "remark-emoji", "SyntaxHighlighter")
        )
    ]


def _fetched(page: Page) -> tuple[dict[str, str], dict[str, int]]:
    """Return the address and the bytes of each request that the page will have made."""
    fetched: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.requestWillBeSent",
        lambda sent: fetched.update({sent["requestId"]: sent["request"]["url"]}),
    )
    session.on(
        "Network.loadingFinished",
        lambda ended: sizes.update({ended["requestId"]: int(ended["encodedDataLength"])}),
    )
    return fetched, sizes
