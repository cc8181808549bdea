"""Two clicks lead from a finding to the requests that cause it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from playwright.sync_api import expect

from core.platform import clock
from tests.browser.console import Program, Window
from tests.browser.walks import drawn, main, opened

NOW = clock.now().replace(minute=0, second=0, microsecond=0)
PLACE = "symptom"  # an environment of its own


def requests() -> Iterator[dict[str, Any]]:
    """Yield two weeks of requests; for one of them, a new model costs much more."""
    for hours in range(1, 14 * 24, 4):
        costly = [("lavish", "2.00")] if hours < 7 * 24 else []
        for model, cost in [("frugal", "0.10"), *costly]:
            yield {
                "id": f"{PLACE}-{model}-{hours}",
                "created_at": (NOW - timedelta(hours=hours)).isoformat(),
                "environment": PLACE,
                "model": model,
                "cost_usd": cost,
                "total_latency_ms": 800,
            }


def test_a_rise_of_costs_is_two_clicks_from_the_requests_that_cause_it(
    window: Window, program: Program
) -> None:
    program.show("symptom", {"ai-requests": requests()})
    tab = opened(window, f"/overview?environment={PLACE}")
    findings = tab.page.locator(".st-key-findings")
    expect(findings).to_contain_text("Cost increased")
    expect(findings).to_contain_text("Cause: model lavish")

    findings.locator('a[href*="measure=cost"]').click()
    expect(tab.page.locator("h1")).to_have_text("AI metrics")
    drawn(tab.page)
    main(tab).to_contain_text("Cost by model")
    main(tab).to_contain_text("previous period")

    causes = tab.page.locator(".st-key-breakdown").get_by_test_id("stDataFrame")
    followed = partial(expect(tab.page).to_have_url, re.compile("model=lavish"), timeout=5000)
    tab.click_table(causes, 40, 34 + 17, followed)
    main(tab).to_contain_text("Filtered by model lavish")
