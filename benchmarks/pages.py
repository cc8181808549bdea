"""The Watch pages as a browser draws them: the whole way from the address to the last chart."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from benchmarks.load import Timings
from benchmarks.program import Running
from benchmarks.report import Figure
from tests.browser import chromium
from tests.browser.console import Tab, Window

PAGES = {
    "Overview": "/overview",
    "Users": "/users",
    "A user": "/users?user=user-77",
    "Onboarding": "/onboarding",
    "AI metrics": "/ai-metrics",
    "Batch history": "/batch-history",
}
WARM_DRAWS, COLD_ROUNDS = 20, 4
WARM_MS, COLD_MS = 1500, 3000
PATIENCE_MS = 60_000
FORGOTTEN_AFTER_S = 6.0  # the console keeps what it has read for five seconds
# Charts and tables stand as skeletons until their code is there.
DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"]')
    && [...document.querySelectorAll('[data-testid="stPlotlyChart"]')].every(chart => chart.querySelector('.main-svg'))"""
FAILED = '[data-testid="stAlertContentError"]'


class NotDrawn(Exception):
    """A page says that something went wrong: how fast it says so is not asked."""


def measure(program: Running) -> list[Figure]:
    """Return how long each page takes: first with a browser and a console that know nothing, then again and again."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.ARGUMENTS)
        cold = _cold(browser, program)
        warm = {name: _warm(browser, program, path) for name, path in PAGES.items()}
        browser.close()
    figures = []
    for name in PAGES:
        figures.append(_figure(f"{name}, cold", cold[name], COLD_MS))
        figures.append(_figure(f"{name}, warm", warm[name], WARM_MS))
    return figures


def _cold(browser: Browser, program: Running) -> dict[str, Timings]:
    """Draw each page in a browser of its own, after what the console keeps is too old."""
    timings = {name: Timings() for name in PAGES}
    for _ in range(COLD_ROUNDS):
        time.sleep(FORGOTTEN_AFTER_S)
        for name, path in PAGES.items():
            with _drawing(browser, program) as draw:
                timings[name].ms.append(draw(path))
    return timings


def _warm(browser: Browser, program: Running, path: str) -> Timings:
    with _drawing(browser, program) as draw:
        draw(path)
        return Timings([draw(path) for _ in range(WARM_DRAWS)])


@contextmanager
def _drawing(browser: Browser, program: Running) -> Iterator[Callable[[str], float]]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    window = Window(program.address, context)
    window.let_in(program.cookie)
    tab = Tab(context.new_page(), program.address)

    def draw(path: str) -> float:
        begun = time.perf_counter()
        tab.go(path)
        tab.page.wait_for_function(DRAWN)
        took = (time.perf_counter() - begun) * 1000
        if tab.page.locator(FAILED).count():
            raise NotDrawn(f"{path}: {tab.page.locator(FAILED).first.inner_text()}")
        return took

    yield draw
    context.close()


def _figure(name: str, timings: Timings, limit_ms: int) -> Figure:
    note = f"p50 {timings.percentile(50):,.0f}, of {len(timings.ms)}"
    return Figure(f"{name}: p95", timings.percentile(95), "ms", limit_ms, note=note)
