"""Cumulative layout shift of a page in a browser.

As https://web.dev/articles/cls defines it: the largest sum of shifts that follow each other within
a second, over at most five seconds; what moves within half a second of a click does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, ViewportSize

from benchmarks.console.pages import DRAWN

LIMIT = 0.1
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
