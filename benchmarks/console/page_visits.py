"""Each page in a new browser as each role sees it, in both themes and at two widths: first paint,
time to content, time after a click on another period, and layout shift.

A page's figures are its worst ones, with who saw them.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from operator import attrgetter
from typing import Literal

import httpx2
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.console.layout_shift import LIMIT, LISTEN, LONGEST_GAP_MS, SIZES, Shift, settled
from benchmarks.console.pages import COLD_MS, DRAWN, PATIENCE_MS, WARM_MS
from benchmarks.program import Running
from benchmarks.report import Figure
from core.identity.schemas import Role
from tests.browser import chromium
from tests.browser.console import Tab, Window

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
PAINT_MS = 1500
FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
LINKS = '[data-testid="stSidebarNavLink"]'
Theme = Literal["light", "dark"]


@dataclass(frozen=True)
class Visitor:
    """Who looks at pages, and how."""

    role: Role
    cookie: str
    theme: Theme
    size: ViewportSize

    def __str__(self) -> str:
        return f"{self.role}, {self.theme}, {self.size['width']}"


@dataclass(frozen=True)
class Visit:
    """What one visitor saw of a page; without a period to choose there is no click."""

    visitor: Visitor
    paint_ms: float
    content_ms: float
    shift: Shift
    click_ms: float = 0.0


def measure(program: Running) -> list[Figure]:
    """Return the worst figures of each page."""
    visits: dict[str, list[Visit]] = {name: [] for name in PAGES}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=chromium.ARGUMENTS
        )
        for visitor in _visitors(program):
            for name in _offered(browser, program, visitor):
                visits[name].append(_visit(browser, program, PAGES[name], visitor))
        browser.close()
    return [figure for name, seen in visits.items() for figure in _figures(name, seen)]


def _visitors(program: Running) -> Iterator[Visitor]:
    """Yield the owner in every theme and width, and the other roles in two of these."""
    themes: tuple[Theme, Theme] = ("light", "dark")
    for theme, size in product(themes, SIZES):
        yield Visitor(Role.SUPER_ADMIN, program.cookie, theme, size)
    for role in (Role.ADMIN, Role.ANALYST, Role.REVIEWER):
        cookie = _invited(program, role)
        for theme, size in zip(themes, SIZES, strict=True):
            yield Visitor(role, cookie, theme, size)


def _invited(program: Running, role: Role) -> str:
    """Return the session's cookie of a new account."""
    given = {"email": f"{role}@bench.localhost", "full_name": role, "role": role}
    with httpx2.Client(headers=program.headers, trust_env=False, timeout=30) as client:
        invited = client.post(f"{program.address}/api/v1/admin/accounts", json=given)
        password = {"password": "a password for the bench", "again": "a password for the bench"}
        client.post(invited.raise_for_status().json()["link"], data=password)
        return client.cookies["attune"]


def _offered(browser: Browser, program: Running, visitor: Visitor) -> list[str]:
    """Return the pages that the navigation offers."""
    with browser.new_context(viewport=SIZES[0]) as context:
        Window(program.address, context).let_in(visitor.cookie)
        tab = Tab(context.new_page(), program.address)
        tab.go("/you")
        links = tab.page.locator(LINKS).evaluate_all("all => all.map(it => it.pathname)")
    return [name for name, path in PAGES.items() if path.partition("?")[0] in links]


def _visit(browser: Browser, program: Running, path: str, visitor: Visitor) -> Visit:
    context = browser.new_context(
        viewport=visitor.size, color_scheme=visitor.theme, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(LISTEN)
    with context:
        Window(program.address, context).let_in(visitor.cookie)
        tab = Tab(context.new_page(), program.address)
        content_ms = _timed(tab.page, lambda: tab.go(path))
        shift = settled(tab.page)
        click_ms, after = _click(tab)
        worst = max(shift, after, key=attrgetter("value"))
        return Visit(visitor, tab.page.evaluate(FIRST_PAINT), content_ms, worst, click_ms)


def _click(tab: Tab) -> tuple[float, Shift]:
    """Choose another period, where there is one; return the time and the shift after it."""
    period = tab.page.locator('[class*="st-key-filters-"]').get_by_text("90 d", exact=True)
    if not period.count():
        return 0.0, Shift(0.0, "")
    tab.page.evaluate("window.attuneShifts.length = 0")

    def click() -> None:
        period.click()
        tab.wait()

    click_ms = _timed(tab.page, click)
    tab.page.wait_for_timeout(LONGEST_GAP_MS)
    return click_ms, settled(tab.page)


def _timed(page: Page, act: Callable[[], None]) -> float:
    begun = time.perf_counter()
    act()
    page.wait_for_function(DRAWN)
    return (time.perf_counter() - begun) * 1000


def _figures(name: str, visits: Sequence[Visit]) -> list[Figure]:
    paint, content, click = (
        max(visits, key=attrgetter(each)) for each in ("paint_ms", "content_ms", "click_ms")
    )
    shift = max(visits, key=lambda each: each.shift.value)
    moved = f"{shift.visitor} {shift.shift.moved}"
    figures = [
        Figure(f"{name}: first paint", paint.paint_ms, "ms", PAINT_MS, note=f"{paint.visitor}"),
        Figure(f"{name}: content", content.content_ms, "ms", COLD_MS, note=f"{content.visitor}"),
        Figure(f"{name}: layout shift", shift.shift.value, "", LIMIT, note=moved),
    ]
    if click.click_ms:
        after = f"{name}: another period"
        figures.append(Figure(after, click.click_ms, "ms", WARM_MS, note=f"{click.visitor}"))
    return figures
