"""Batch history in the browser: running and failed runs with their phases, and slow ones."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import Account, Program, Theme, Window
from tests.browser.test_every_page import look_at
from tests.browser.walks import WALKS, click_point, holds_together, main, walked, wide

NOW = datetime.now(UTC).replace(microsecond=0)
HERE = "/batch-history?days=30&job=history-nightly"
Send = Callable[..., None]


def run(number: int, **facts: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    took = {"load": 60_000, "apply": 120_000, "check": 30_000} | facts.pop("phases", {})
    began = NOW - timedelta(days=number, minutes=30)
    return {
        "batch_run_id": f"history-{number}",
        "batch_job": "history-nightly",
        "started_at": began.isoformat(),
        "completed_at": (began + timedelta(milliseconds=sum(took.values()))).isoformat(),
        "status": "completed",
        "total_jobs": 100,
        "completed_jobs": 100,
        "phase_durations": took,
        **facts,
    }


@pytest.fixture(scope="module")
def send(program: Program) -> Send:
    def sent(*runs: dict[str, Any]) -> None:
        program.send("history", {"batch-runs": runs})

    return sent


@pytest.fixture(scope="module")
def rows(program: Program) -> None:
    slow = run(2, phases={"apply": 400_000})
    failed = run(
        1, status="failed", failed_jobs=7, error_summary="The disk was <b>full</b> in apply"
    )
    program.show(
        "history", {"batch-runs": [*(run(number) for number in range(3, 20)), slow, failed]}
    )


@pytest.fixture(scope="module")
def accounts(program: Program) -> dict[Role, Account]:
    """Make somebody of each role that walks."""
    return program.accounts(Role, "History")


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("role", "theme", "width"), WALKS)
def test_the_history_holds_together(
    open_window: OpenWindow, accounts: dict[Role, Account], role: Role, theme: Theme, width: int
) -> None:
    holds_together(
        wide(open_window, accounts[role], width), f"{HERE}&run=history-1", theme, has_charts
    )


def has_charts(page: Page) -> None:
    expect(page.locator(".js-plotly-plot")).to_have_count(4)


@pytest.mark.usefixtures("rows")
def test_nobody_is_shut_out_of_the_history(walking: Window) -> None:
    tab = walked(walking, HERE)
    look_at(tab)


@pytest.mark.usefixtures("rows")
def test_what_failed_and_what_was_slow_is_said(walking: Window) -> None:
    tab = walked(walking, HERE)
    for words in (
        "19 runs",
        "1 failed",
        "1 slow",
        "failed in apply",
        "133% slower",
        "Success rate:",
        "19 finished runs",
    ):
        main(tab).to_contain_text(words)
    tab.visit(f"{HERE}&run=history-1")
    expect(tab.drawer).to_contain_text("The disk was <b>full</b> in apply")
    expect(tab.drawer).to_contain_text("7 failed")
    tab.press("Close")
    tab.page.wait_for_url(lambda url: "run=" not in url)


@pytest.mark.usefixtures("rows")
def test_a_click_on_a_bar_opens_its_run(walking: Window) -> None:
    tab = walked(walking, HERE)
    bars = tab.page.locator(
        ".st-key-batch-history-strip-history-nightly .js-plotly-plot .bars .point path"
    )
    click_point(tab, bars.last)
    tab.page.wait_for_url("**run=history-1**")


def test_a_run_is_followed_while_it_goes_on(walking: Window, send: Send) -> None:
    begun = {
        "batch_run_id": "history-live",
        "batch_job": "history-live",
        "started_at": NOW.isoformat(),
        "total_jobs": 10,
    }
    send({**begun, "status": "running", "completed_jobs": 3, "phase_durations": {"load": 10}})
    tab = walking.walk("/batch-history?job=history-live")
    main(tab).to_contain_text("3 of 10 items")
    send(
        {
            **begun,
            "status": "running",
            "completed_jobs": 8,
            "updated_at": datetime.now(UTC).isoformat(),
        }
    )
    main(tab).to_contain_text("8 of 10 items")
    send(
        {
            **begun,
            "status": "completed",
            "completed_jobs": 10,
            "completed_at": datetime.now(UTC).isoformat(),
        }
    )
    main(tab).not_to_contain_text("Running now")
    main(tab).to_contain_text("not enough for an interval")


def test_a_history_without_runs_says_what_would_fill_it(walking: Window) -> None:
    tab = walking.walk("/batch-history?environment=nowhere")
    main(tab).to_contain_text("No batch runs match")
    tab.visit("/batch-history?start=2020-01-01&end=2020-01-02")
    main(tab).to_contain_text("No batch runs in this period")
    tab.visit("/batch-history?run=never&days=30&job=history-nightly")
    expect(tab.drawer).to_contain_text("Run not found")
