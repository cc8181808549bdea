"""A first visit with an empty browser cache."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import OWNER
from tests.browser.console import Program, Window

# Of bytes, 0.4 million are for charts, fetched after the first figures
MOST_REQUESTS, MOST_BYTES = 15, 1_420_000


@pytest.mark.parametrize("title", ["Overview", "Playground"])
def test_a_first_visit_takes_few_requests_and_little_data(
    browser: Browser, program: Program, title: str
) -> None:
    context = browser.new_context()
    window = Window(program.address, context)
    window.let_in(program.cookie(OWNER))
    page = context.new_page()
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    sizes: list[int] = []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"]))
    )
    page.goto(f"{program.address}/{title.lower()}")
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    page.wait_for_load_state("networkidle")
    # Modules of the one file count nothing
    assert len([size for size in sizes if size]) <= MOST_REQUESTS
    assert sum(sizes) <= MOST_BYTES
    # Streamlit's own font, names of emoji and colours of code: none of them is shown here.
    assert not [
        url
        for url in fetched
        if any(name in url for name in ("SourceSans", "remark-emoji", "SyntaxHighlighter"))
    ]
    context.close()
