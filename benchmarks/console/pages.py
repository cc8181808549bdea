"""The Watch pages in a browser: from the address to the last chart, each time with another period.

In the same run, a plain Streamlit page that is about as full and reads nothing
(benchmarks/console/bare_page.py).
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from api.console import frontend
from benchmarks.load import Timings
from benchmarks.program import Running, free_port
from benchmarks.report import Figure
from benchmarks.watch.periods import Boundaries, fresh
from core.platform.config import ROOT
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
# The console keeps what it has read for five seconds, and shows it for ten
FORGOTTEN_AFTER_S = 11.0
# Charts and tables stand empty until their code is there.
DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"]')
    && [...document.querySelectorAll('.stPlotlyChart, [data-testid="stBidiComponentRegular"]')]
        .every(chart => chart.querySelector('.main-svg'))"""
FAILED = '[data-testid="stAlertContentError"]'


class NotDrawn(Exception):
    """A page shows an error, so its time does not count."""


@dataclass(frozen=True)
class Drawn:
    """A measured page and its time."""

    address: str
    limits: tuple[int, int] | None = (COLD_MS, WARM_MS)
    cold: Timings = field(default_factory=Timings)
    warm: Timings = field(default_factory=Timings)

    def figures(self, name: str) -> list[Figure]:
        """Return the times with their limits."""
        cold, warm = self.limits or (None, None)
        return [
            _figure(f"{name}, cold", self.cold, cold),
            _figure(f"{name}, warm", self.warm, warm),
        ]


def measure(program: Running) -> list[Figure]:
    """Return the times of each page: first with an empty browser and cache, then repeatedly in a
    browser that has stayed on one page long enough to keep the console's modules.
    """
    pages = {name: Drawn(program.address + path) for name, path in PAGES.items()}
    with sync_playwright() as playwright, bare() as address:
        pages["A bare page of Streamlit"] = Drawn(address, limits=None)
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=chromium.ARGUMENTS
        )
        for _ in range(COLD_ROUNDS):
            _draw_cold(browser, program, list(pages.values()))
        for page in pages.values():
            with _drawing(browser, program, page) as (draw, tab):
                draw()
                if page.limits:  # the bare page's modules are files
                    tab.wait_for(partial(_has_kept_modules, tab))
                    draw()  # compiles them for the next ones
                page.warm.ms.extend(draw() for _ in range(WARM_DRAWS))
        browser.close()
    return [figure for name, page in pages.items() for figure in page.figures(name)]


def _draw_cold(browser: Browser, program: Running, pages: list[Drawn]) -> None:
    """Draw each page in a new browser, after the console's cache has expired."""
    time.sleep(FORGOTTEN_AFTER_S)
    for page in pages:
        with _drawing(browser, program, page) as (draw, _):
            page.cold.ms.append(draw())


def _has_kept_modules(tab: Tab) -> bool:
    return any(cookie.get("name") == frontend.COOKIE for cookie in tab.page.context.cookies())


@contextmanager
def bare() -> Iterator[str]:
    """Serve the plain Streamlit page; return its address."""
    port = free_port()
    script = str(Path(__file__).with_name("bare_page.py"))
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        script,
        "--server.port",
        str(port),
        "--server.address",
        "127.0.0.1",
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _drawing(
    browser: Browser, program: Running, page: Drawn
) -> Iterator[tuple[Callable[[], float], Tab]]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    Window(program.address, context).let_in(program.cookie)
    tab = Tab(context.new_page(), "")

    periods = fresh(Boundaries.ODD)

    def draw() -> float:
        address = f"{page.address}{'&' if '?' in page.address else '?'}{next(periods)}"
        begun = time.perf_counter()
        tab.go(address)
        tab.page.wait_for_function(DRAWN)
        took = (time.perf_counter() - begun) * 1000
        if tab.page.locator(FAILED).count():
            raise NotDrawn(f"{page.address}: {tab.page.locator(FAILED).first.inner_text()}")
        return took

    try:
        yield draw, tab
    finally:
        context.close()


def _figure(name: str, timings: Timings, limit_ms: int | None) -> Figure:
    note = f"p50 {timings.percentile(50):,.0f}, of {len(timings.ms)}"
    return Figure(f"{name}: p95", timings.percentile(95), "ms", limit_ms, note=note)
