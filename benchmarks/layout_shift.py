"""Cumulative layout shift of each page in a browser: first drawn, and after another period is
chosen.

As https://web.dev/articles/cls defines it: the largest sum of shifts that follow each other within
a second, over at most five seconds; what moves within half a second of a click does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.pages import DRAWN, PATIENCE_MS
from benchmarks.program import Running
from benchmarks.report import Figure
from tests.browser import chromium
from tests.browser.console import Tab, Window

LIMIT = 0.1
PAGES = {
    "Overview": "/overview",
    "Users": "/users",
    "Engagement": "/engagement",
    "Onboarding": "/onboarding",
    "Onboarding trends": "/onboarding?view=trends",
    "Onboarding errors": "/onboarding?view=errors",
    "Onboarding events": "/onboarding?view=events",
    "AI metrics": "/ai-metrics",
    "Batch history": "/batch-history",
    "Review queue": "/tuning?view=queue",
    "Conversations": "/tuning?view=conversations",
    "Annotations": "/tuning?view=annotations",
    "Review summary": "/tuning?view=summary",
    "Export": "/tuning?view=export",
    "Documents": "/knowledge",
    "Memories": "/knowledge?section=memories",
    "Feedback": "/knowledge?section=feedback",
    "Tickets": "/tickets",
    "Playground": "/playground",
    "Comparison": "/comparison",
    "Prompts": "/prompts",
    "Bots": "/bots",
    "Datasets": "/datasets",
    "Evaluations": "/evaluations",
    "A/B tests": "/ab-tests",
    "Usage": "/usage",
    "Settings": "/settings",
    "Accounts": "/accounts",
    "Audit log": "/accounts?section=Audit",
}
SIZES: tuple[ViewportSize, ...] = ({"width": 1440, "height": 900}, {"width": 390, "height": 844})
SETTLED_MS = 1500  # nothing moves later
LONGEST_GAP_MS, LONGEST_WINDOW_MS = 1000, 5000
LISTEN = """(() => {
    const name = (node) => node?.closest?.('[class*="st-key-"], [data-testid]');
    const of = (node) => {
        const at = name(node?.nodeType === 1 ? node : node?.parentElement);
        const key = at?.className.match?.(/st-key-[\\w.-]+/)?.[0];
        return key ?? at?.dataset.testid ?? node?.nodeName;
    };
    window.attuneShifts = [];
    new PerformanceObserver((list) => {
        for (const each of list.getEntries()) {
            if (each.hadRecentInput) continue;
            const moved = each.sources.map((source) => of(source.node));
            window.attuneShifts.push({ at: each.startTime, value: each.value, moved });
        }
    }).observe({ type: 'layout-shift', buffered: true });
})()"""


@dataclass(frozen=True)
class Shift:
    """Layout shift of a page, and what moved most."""

    value: float
    moved: str


def measure(program: Running) -> list[Figure]:
    """Return the shift of each page at each width."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=chromium.ARGUMENTS
        )
        figures = [
            figure
            for size in SIZES
            for name, path in PAGES.items()
            for figure in _page(browser, program, name, path, size)
        ]
        browser.close()
    return figures


def _page(
    browser: Browser, program: Running, name: str, path: str, size: ViewportSize
) -> list[Figure]:
    context = browser.new_context(viewport=size, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(LISTEN)
    Window(program.address, context).let_in(program.cookie)
    tab = Tab(context.new_page(), program.address)
    tab.go(path)
    figures = [_figure(f"{name}, {size['width']}: drawn", settled(tab.page))]
    period = tab.page.locator('[class*="st-key-filters-"]').get_by_text("90 d", exact=True)
    if period.count():
        tab.page.evaluate("window.attuneShifts.length = 0")
        period.click()
        tab.page.wait_for_timeout(LONGEST_GAP_MS / 2)
        tab.wait()
        figures.append(_figure(f"{name}, {size['width']}: another period", settled(tab.page)))
    context.close()
    return figures


def settled(page: Page) -> Shift:
    """Wait until a page that listens has been drawn, and return its shift."""
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(SETTLED_MS)
    return largest_window(page.evaluate("window.attuneShifts"))


def largest_window(entries: Sequence[dict[str, Any]]) -> Shift:
    """Return the largest sum of a window of shifts; `moved` is the first node of its largest."""
    windows: list[list[dict[str, Any]]] = []
    for each in entries:
        last = windows[-1] if windows else None
        if (
            last is None
            or each["at"] - last[-1]["at"] >= LONGEST_GAP_MS
            or each["at"] - last[0]["at"] >= LONGEST_WINDOW_MS
        ):
            windows.append([each])
        else:
            last.append(each)
    worst = max(windows, key=lambda each: sum(one["value"] for one in each), default=[])
    largest = max(worst, key=lambda one: float(one["value"]), default=None)
    moved = largest["moved"][:3] if largest is not None else []
    return Shift(sum(one["value"] for one in worst), " ".join(map(str, moved)))


def _figure(name: str, shift: Shift) -> Figure:
    return Figure(name, shift.value, "", LIMIT, note=shift.moved)
