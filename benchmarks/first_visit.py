"""A browser that has never been here, 80 ms away and at 8 Mbit/s: how long until a page shows content, and what it fetches."""

import time

from playwright.sync_api import Browser, CDPSession, sync_playwright

from benchmarks.load import Timings
from benchmarks.program import EMAIL, PASSWORD, Running
from benchmarks.report import Figure
from tests.browser import chromium
from tests.browser.console import Window

ROUNDS = 5
CONTENT_MS = 1500
SLOW = {"offline": False, "latency": 80, "downloadThroughput": 1_000_000, "uploadThroughput": 1_000_000}
TYPING_MS = 3000
# The first words of each that are its own: not a title, nor the navigation.
PAGES = {"/overview": "text=Active users", "/playground": '[data-testid="stChatInput"]'}


def measure(program: Running) -> list[Figure]:
    """Return the time to content of each page, with a session and by way of the sign-in page, and what was fetched."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.ARGUMENTS)
        figures = [figure for path, mark in PAGES.items() for figure in _visit(browser, program, path, mark)]
        browser.close()
    return figures


def _visit(browser: Browser, program: Running, path: str, mark: str) -> list[Figure]:
    cold, signed_in = Timings(), Timings()
    sizes: list[int] = []
    for _ in range(ROUNDS):
        sizes = []
        cold.ms.append(_cold(browser, program, path, mark, sizes))
        signed_in.ms.append(_after_sign_in(browser, program, path, mark))
    fetched = f"{len(sizes)} files, {sum(sizes) / 1e6:.2f} MB"
    return [
        Figure(f"{path}, first visit: p50 to content", cold.percentile(50), "ms", CONTENT_MS, note=fetched),
        Figure(f"{path}, after signing in: p50 to content", signed_in.percentile(50), "ms", CONTENT_MS),
    ]


def _cold(browser: Browser, program: Running, path: str, mark: str, sizes: list[int]) -> float:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    Window(program.address, context).let_in(program.cookie)
    page = context.new_page()
    _slow_down(context.new_cdp_session(page), sizes)
    begun = time.perf_counter()
    page.goto(program.address + path, wait_until="commit")
    page.wait_for_selector(mark)
    took_ms = (time.perf_counter() - begun) * 1000
    page.wait_for_load_state("networkidle")
    context.close()
    return took_ms


def _after_sign_in(browser: Browser, program: Running, path: str, mark: str) -> float:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    _slow_down(context.new_cdp_session(page), [])
    page.goto(f"{program.address}/login?next={path}")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.wait_for_timeout(TYPING_MS)
    begun = time.perf_counter()
    page.click("button")
    page.wait_for_selector(mark)
    took_ms = (time.perf_counter() - begun) * 1000
    context.close()
    return took_ms


def _slow_down(session: CDPSession, sizes: list[int]) -> None:
    """Give a page a slow line, and note how large each file is that comes over it."""

    def note(event: dict[str, float]) -> None:
        if event["encodedDataLength"]:
            sizes.append(int(event["encodedDataLength"]))

    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)
    session.on("Network.loadingFinished", note)
