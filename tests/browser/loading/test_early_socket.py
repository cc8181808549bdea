"""The console's websocket, which opens before Streamlit's scripts are loaded."""

from playwright.sync_api import Route, WebSocket, expect

from api.console import frontend
from tests.browser.console import Tab, Window

SCRIPTS = "**/static/console-*.jsonl"


def test_the_page_runs_on_the_server_while_its_scripts_are_on_their_way(window: Window) -> None:
    tab, sent, received = _tab(window)
    held: list[Route] = []
    tab.page.route(SCRIPTS, lambda route: held.append(route))
    tab.page.goto(f"{tab.address}/overview", wait_until="commit")
    tab.wait_for(lambda: bool(held and received))
    held[0].continue_()
    expect(tab.page.get_by_role("heading", name="Overview")).to_be_visible()
    tab.wait()
    assert len(sent) == 1  # nothing is run twice


def test_what_the_client_asks_for_in_other_words_is_run(window: Window) -> None:
    tab, sent, _ = _tab(window)
    tab.page.add_init_script("localStorage.setItem('stActiveTheme-/overview-v2', '\"Dark\"')")
    tab.go("/overview")
    expect(tab.page.get_by_role("heading", name="Overview")).to_be_visible()
    assert len(sent) == 2
    tab.page.evaluate("localStorage.clear()")


def _tab(window: Window) -> tuple[Tab, list[object], list[object]]:
    """Return a new tab, and lists of what it will have sent and received over Streamlit's
    socket.
    """
    # A browser that has kept modules as files, after some seconds on a page, fetches no scripts
    window.context.clear_cookies(name=frontend.COOKIE)
    page = window.context.new_page()
    sent: list[object] = []
    received: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))
        socket.on("framereceived", lambda frame: received.append(frame))

    page.on("websocket", listen)
    return Tab(page, window.address), sent, received
