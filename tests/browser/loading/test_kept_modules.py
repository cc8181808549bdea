"""Pages after the first visit run Streamlit's modules from files that the browser has kept."""

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, expect

from api.console import frontend
from tests.browser.conftest import OWNER
from tests.browser.console import Program, Tab, Window


def test_the_second_page_fetches_no_module(browser: Browser, program: Program) -> None:
    # Browsers keep compiled scripts of files, and none of blobs
    with browser.new_context() as context:
        window = Window(program.address, context)
        window.let_in(program.cookie(OWNER))
        page = context.new_page()
        first = _fetched(page)
        page.goto(f"{program.address}/overview")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        Tab(page, program.address).wait_for(lambda: _has_kept(context))
        page.close()
        assert any(path.endswith(".jsonl") for path in first)

        page = context.new_page()
        later = _fetched(page)
        page.goto(f"{program.address}/users")
        expect(page.get_by_role("button", name="Refresh")).to_be_visible()
        assert later
        assert not any(path.endswith(".jsonl") for path in later)
        assert [path for path, is_from_network in later.items() if is_from_network] == []
        window.close()


def test_modules_of_another_release_come_in_one_file(browser: Browser, program: Program) -> None:
    with browser.new_context() as context:
        window = Window(program.address, context)
        window.let_in(program.cookie(OWNER))
        context.add_cookies([{"name": frontend.COOKIE, "value": "0" * 16, "url": program.address}])
        page = context.new_page()
        fetched = _fetched(page)
        page.goto(f"{program.address}/overview")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        assert any(path.endswith(".jsonl") for path in fetched)
        window.close()


def _has_kept(context: BrowserContext) -> bool:
    return any(cookie.get("name") == frontend.COOKIE for cookie in context.cookies())


def _fetched(page: Page) -> dict[str, bool]:
    """Return the paths of modules that the page will have asked for, and whether they came over the
    network.
    """
    fetched: dict[str, bool] = {}

    def note(event: dict[str, Any]) -> None:
        path = urlsplit(event["response"]["url"]).path
        if path.startswith("/static/console-"):
            fetched[path] = not event["response"]["fromDiskCache"]

    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.responseReceived", note)
    return fetched
