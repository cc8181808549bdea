"""The Watch pages in the browser: by role, theme and width, with data, and drill-down by
clicking.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.identity.schemas import Role
from pages._ui.charts import PLOTLY
from tests.browser.conftest import OpenWindow
from tests.browser.console import Account, Program, Tab, Theme, Window
from tests.browser.test_every_page import look_at
from tests.browser.walks import (
    PATIENCE_MS,
    WALKS,
    click_point,
    drawn,
    holds_together,
    opened,
    walked,
    wide,
)

NOW = datetime.now(UTC)
SLOW_FROM = (NOW - timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0)
# Charts that are not drawn in the width of their place.
FITTING = """[...document.querySelectorAll(".attune-chart")]
    .map(place => [place.clientWidth, place.querySelector(".main-svg")?.clientWidth])
    .filter(([one, other]) => one !== other)"""
PAGES = ["/overview", "/ai-metrics?order=Newest&request=watch-9"]


def requests() -> Iterator[dict[str, Any]]:
    """Yield two weeks of requests to two models, one of which was slow for four hours."""
    chance = random.Random(5)
    for number in range(14 * 24 * 12):
        at = NOW - timedelta(minutes=5 * number + 1)
        model = "watched-small" if number % 2 else "watched-large"
        is_slow = model == "watched-small" and SLOW_FROM <= at < SLOW_FROM + timedelta(hours=4)
        latency = int(chance.lognormvariate(7, 0.4)) * (6 if is_slow else 1)
        failed = (
            {"error_type": "timeout", "error_message": "No answer <b>within</b> 30 s"}
            if number % 40 == 9
            else {}
        )
        steps = [
            {"kind": "tool", "name": "search_docs", "start_ms": 20, "duration_ms": latency // 2}
        ]
        yield {
            "id": f"watch-{number}",
            "created_at": at.isoformat(),
            "provider": "openai",
            "model": model,
            "total_latency_ms": latency,
            "first_token_ms": latency // 4,
            "input_tokens": 1000,
            "cached_tokens": 300,
            "output_tokens": 200,
            "cost_usd": "0.004",
            "release": "watch-2" if number < 300 else "watch-1",
            "conversation_id": f"watch-{number // 4}",
            "steps": steps,
            "tool_calls": [{"name": "search_docs", "duration_ms": latency // 2}],
            **failed,
        }


@pytest.fixture(scope="module")
def rows(program: Program) -> None:
    """Send rows once for all tests of this module, as a program would."""
    runs = [
        {
            "batch_run_id": f"watch-{number}",
            "batch_job": "watched-nightly",
            "started_at": (NOW - timedelta(days=number, hours=1)).isoformat(),
            "completed_at": (NOW - timedelta(days=number)).isoformat(),
            "status": "failed" if number < 2 else "completed",
        }
        for number in range(12)
    ]
    program.show("watch", {"ai-requests": requests(), "batch-runs": runs})


@pytest.fixture(scope="module")
def accounts(program: Program) -> dict[Role, Account]:
    """Make somebody of each role that walks."""
    return program.accounts(Role, "Watch")


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("role", "theme", "width"), WALKS)
def test_each_page_holds_together(
    open_window: OpenWindow, accounts: dict[Role, Account], role: Role, theme: Theme, width: int
) -> None:
    window = wide(open_window, accounts[role], width)
    for path in PAGES:
        holds_together(window, path, theme, has_charts)


def has_charts(page: Page) -> None:
    expect(page.locator(".js-plotly-plot").nth(3)).to_be_attached()


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("path", ["/overview", "/ai-metrics"])
def test_nobody_is_shut_out(walking: Window, path: str) -> None:
    tab = walked(walking, path)
    look_at(tab)


@pytest.mark.usefixtures("rows")
def test_a_finding_leads_to_its_evidence(walking: Window) -> None:
    tab = walked(walking, "/overview")
    finding = tab.page.locator(".st-key-findings")
    expect(finding).to_contain_text("watched-small slow")
    expect(finding).to_contain_text("watched-nightly failing")
    finding.locator('a[href*="model=watched-small"]').click()
    expect(tab.page.locator("h1")).to_have_text("AI metrics", timeout=PATIENCE_MS)
    drawn(tab.page)
    assert "model=watched-small" in tab.page.url
    expect(tab.page.locator(".stMain")).to_contain_text("Filtered by model watched-small")
    expect(tab.page.locator(".stMain")).to_contain_text(f"{SLOW_FROM:%-d %b %H:%M} to")


@pytest.mark.usefixtures("rows")
def test_the_address_is_the_page(open_window: OpenWindow) -> None:
    tab = opened(open_window(), "/ai-metrics")
    tab.page.get_by_role("radio", name="30 d").or_(
        tab.page.get_by_role("button", name="30 d")
    ).first.click()
    tab.page.wait_for_url("**days=30**")
    tab.choose("Model", "watched-large")
    tab.page.wait_for_url("**model=watched-large**")
    expect(tab.page.locator(".stMain")).to_contain_text(
        "Filtered by model watched-large", timeout=PATIENCE_MS
    )
    drawn(tab.page)
    count = requests_shown(tab)
    tab.page.reload()
    tab.wait()
    drawn(tab.page)
    assert requests_shown(tab) == count
    tab.page.go_back()
    tab.page.wait_for_url(lambda url: "model=" not in url)
    drawn(tab.page)
    tab.wait_for(lambda: requests_shown(tab) != count, within_s=PATIENCE_MS / 1000)


@pytest.mark.usefixtures("rows")
def test_the_period_goes_along_to_the_next_page_and_past_one_that_has_none(
    open_window: OpenWindow,
) -> None:
    tab = opened(open_window(), "/ai-metrics?days=30&model=watched-small")
    for page, address in (
        ("Batch history", "batch-history?days=30"),
        ("Users", "users"),
        ("AI metrics", "ai-metrics?days=30"),
    ):
        tab.page.get_by_role("link", name=page).click()
        tab.page.wait_for_url(f"**/{address}")
        expect(tab.page.locator("h1")).to_have_text(page, timeout=PATIENCE_MS)
        drawn(tab.page)
    tab.go("/ai-metrics")
    expect(tab.page.get_by_role("radio", name="7 d")).to_be_checked()


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    "point",
    [
        ".st-key-ai-metrics-chart-cost .bars .point path >> nth=-5",
        ".st-key-ai-metrics-chart-latency .nsewdrag",
    ],
)
def test_a_click_on_a_bar_or_a_line_looks_closer(walking: Window, point: str) -> None:
    tab = walked(walking, "/ai-metrics?days=14")  # there are rows in the middle of these
    click_point(tab, tab.page.locator(point))
    tab.page.wait_for_url("**start=**end=**")
    drawn(tab.page)
    expect(tab.page.locator(".stMain")).to_contain_text(", hourly")


@pytest.mark.usefixtures("rows")
def test_a_chart_is_as_wide_as_its_place_also_when_that_changes(walking: Window) -> None:
    tab = walked(walking, "/ai-metrics?days=30")
    widths = set()
    for width in (700, 1100, 1440):  # the last is the window's own
        tab.page.set_viewport_size({"width": width, "height": 900})
        drawn(tab.page)
        tab.wait_for(lambda: tab.page.evaluate(FITTING) == [])
        widths.add(tab.page.locator(".attune-chart").first.bounding_box()["width"])  # type: ignore[index]
    assert len(widths) == 3


def test_what_draws_charts_is_kept_by_browsers_for_good(walking: Window) -> None:
    there, gone = (
        walking.context.request.get(f"{walking.address}/{path}")
        for path in (PLOTLY, PLOTLY.replace("4.", "3."))
    )
    assert (there.status, there.headers["cache-control"]) == (
        200,
        "public, immutable, max-age=31536000",
    )
    assert (gone.status, "immutable" in gone.headers.get("cache-control", "")) == (404, False)


@pytest.mark.usefixtures("rows")
def test_a_chart_whose_script_does_not_come_says_so(open_window: OpenWindow) -> None:
    window = open_window()
    window.tolerates = ("net::ERR_FAILED", "did not come")
    tab = Tab(window.context.new_page(), window.address)
    tab.page.route(f"**/{PLOTLY}", lambda route: route.abort())
    tab.page.goto(f"{tab.address}/ai-metrics?days=30")
    expect(tab.page.locator(".st-key-ai-metrics-chart-cost")).to_contain_text(
        "Could not draw this chart. Reload the page."
    )
    tab.page.unroute(f"**/{PLOTLY}")
    tab.page.goto(f"{tab.address}/ai-metrics?days=30")
    drawn(tab.page)
    expect(tab.page.locator(".stMain")).not_to_contain_text("Could not draw")


@pytest.mark.usefixtures("rows")
def test_the_file_holds_the_rows_that_the_filters_match(walking: Window) -> None:
    tab = walked(walking, "/ai-metrics?days=30&model=watched-small&status=error")
    link = tab.page.get_by_role("link", name="CSV")
    answer = tab.page.request.get(tab.address + str(link.get_attribute("href")))
    lines = answer.text().strip().split("\r\n")
    assert len(lines) - 1 == int(requests_shown(tab))
    assert all("watched-small" in line for line in lines[1:])


@pytest.mark.usefixtures("rows")
def test_every_chart_says_what_it_shows(walking: Window) -> None:
    tab = walked(walking, "/ai-metrics")
    texts = tab.page.locator("[aria-label]").evaluate_all(
        "all => all.map(e => e.getAttribute('aria-label'))"
    )
    for begin in (
        "Latency every 6 hours: p50",
        "Error rate every 6 hours:",
        "Tokens every 6 hours:",
        "Cost every 6 hours: $",
        "Latency of",
    ):
        assert any(each.startswith(begin) for each in texts), begin


def requests_shown(tab: Tab) -> str:
    """Return the KPI of requests."""
    metric = tab.page.get_by_test_id("stMetric").filter(
        has=tab.page.get_by_text("Requests", exact=True)
    )
    # What was there before goes a moment later
    expect(metric).to_have_count(1, timeout=PATIENCE_MS)
    return metric.get_by_test_id("stMetricValue").first.inner_text().replace(",", "")
