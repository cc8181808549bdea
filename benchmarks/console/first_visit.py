"""A first visit with an empty cache, 80 ms latency and 8 Mbit/s: time to content, and bytes
fetched.
"""

import time

from playwright.sync_api import Browser, BrowserContext, CDPSession, sync_playwright

from benchmarks.console import pages
from benchmarks.ingest import batches
from benchmarks.load import Timings
from benchmarks.program import EMAIL, PASSWORD, Running
from benchmarks.report import Figure
from tests.browser import chromium
from tests.browser.console import Window

ROUNDS = 5
CONTENT_MS = 1500
SLOW = {
    "offline": False,
    "latency": 80,
    "downloadThroughput": 1_000_000,
    "uploadThroughput": 1_000_000,
}
TYPING_MS = 3000
STARTED_AFTER_S = 5
# The first words of each that are its own: not a title, nor the navigation.
PAGES = {"/overview": "text=Active users", "/playground": '[data-testid="stChatInput"]'}


def measure(program: Running) -> list[Figure]:
    """Return the time to content of each page, with a session and through the sign-in page, and the
    bytes fetched.
    """
    key = batches.sender(program)
    for kind in batches.KINDS:  # an empty Overview has no figures to wait for
        batches.rate(program, key, kind, 100)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=chromium.ARGUMENTS
        )
        figures = [
            figure
            for path, mark in PAGES.items()
            for figure in _visit(browser, program, path, mark)
        ]
        figures.append(_visit_bare(browser))
        browser.close()
    return figures


def _visit_bare(browser: Browser) -> Figure:
    """Return the same for a plain Streamlit page: on a slow machine, the comparison says more than
    the limit.
    """
    timings, sizes = Timings(), list[int]()
    with pages.bare() as address:
        time.sleep(STARTED_AFTER_S)
        for _ in range(ROUNDS):
            sizes = []
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            timings.ms.append(_opened(context, address, "text=Bare", sizes))
            context.close()
    note = f"{len(sizes)} files, {sum(sizes) / 1e6:.2f} MB"
    return Figure(
        "a bare page of Streamlit, first visit: p50 to content",
        timings.percentile(50),
        "ms",
        note=note,
    )


def _visit(browser: Browser, program: Running, path: str, mark: str) -> list[Figure]:
    cold, signed_in = Timings(), Timings()
    sizes: list[int] = []
    for _ in range(ROUNDS):
        sizes = []
        cold.ms.append(_cold(browser, program, path, mark, sizes))
        signed_in.ms.append(_after_sign_in(browser, program, path, mark))
    fetched = f"{len(sizes)} files, {sum(sizes) / 1e6:.2f} MB"
    return [
        Figure(
            f"{path}, first visit: p50 to content",
            cold.percentile(50),
            "ms",
            CONTENT_MS,
            note=fetched,
        ),
        Figure(
            f"{path}, after signing in: p50 to content", signed_in.percentile(50), "ms", CONTENT_MS
        ),
    ]


def _cold(browser: Browser, program: Running, path: str, mark: str, sizes: list[int]) -> float:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    Window(program.address, context).let_in(program.cookie)
    took_ms = _opened(context, program.address + path, mark, sizes)
    context.close()
    return took_ms


def _opened(context: BrowserContext, address: str, mark: str, sizes: list[int]) -> float:
    """Return the milliseconds until an address shows a mark; its requests are counted to
    their end.
    """
    page = context.new_page()
    _slow_down(context.new_cdp_session(page), sizes)
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(mark)
    took_ms = (time.perf_counter() - begun) * 1000
    page.wait_for_load_state("networkidle")
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
    """Limit a page's network, and record the size of each response."""

    def note(event: dict[str, float]) -> None:
        if event["encodedDataLength"]:
            sizes.append(int(event["encodedDataLength"]))

    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)
    session.on("Network.loadingFinished", note)
