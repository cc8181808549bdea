"""Onboarding in the browser: a drop is found by clicking, and figures are the same everywhere."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.activity.queries.funnels.funnel import STEPS
from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import Account, Program, Tab, Theme, Window
from tests.browser.test_every_page import look_at
from tests.browser.walks import WALKS, click_point, drawn, holds_together, walked, wide

NOW = datetime.now(UTC)
# An environment of their own: other tests send events, too.
HERE = "/onboarding?days=30&environment=onboarding-test"


# Views of the page, and the charts of each
VIEWS = {
    "&step=3": 1,
    "&against=previous&segment=source%3Dads": 1,
    "&view=trends": 3,
    "&view=errors&error_code=PF-422": 0,
    "&view=events": 1,
}


def events() -> Iterator[dict[str, Any]]:
    """Yield sixty users of twenty days; of those of release 2 most stop where the board fails."""
    for number in range(60):
        at = NOW - timedelta(days=1 + number / 3, minutes=number)
        is_new = number < 24
        reached = 3 if is_new and number % 4 else 2 + number % 4
        rows = list(STEPS[:reached])
        if is_new and number % 4:
            rows.append("onboarding.portfolio_error")
        for place, kind in enumerate(rows):
            failed = (
                {"error_code": "PF-422", "error_message": "Could <b>not</b> be saved"}
                if kind.endswith("_error")
                else {}
            )
            yield {
                "id": f"onb-{number}-{place}",
                "event_type": kind,
                "created_at": (at + timedelta(minutes=3 * place)).isoformat(),
                "user_id": f"onb-{number}",
                "environment": "onboarding-test",
                "release": "2" if is_new else "1",
                **failed,
            }


@pytest.fixture(scope="module")
def rows(program: Program) -> None:
    """Send rows once for all tests of this module, as a program would."""
    people = [
        {"id": f"onb-{number}", "traits": {"source": "ads" if number % 2 else "search"}}
        for number in range(60)
    ]
    program.show("onb", {"events": events(), "users": people})


@pytest.fixture(scope="module")
def accounts(program: Program) -> dict[Role, Account]:
    """Make somebody of each role that walks."""
    return program.accounts(Role, "Onb")


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("role", "theme", "width"), WALKS)
def test_the_page_holds_together(
    open_window: OpenWindow, accounts: dict[Role, Account], role: Role, theme: Theme, width: int
) -> None:
    window = wide(open_window, accounts[role], width)
    for more, charts in VIEWS.items():
        holds_together(window, HERE + more, theme, partial(has_charts, charts))


def has_charts(number: int, page: Page) -> None:
    expect(page.locator(".js-plotly-plot")).to_have_count(number)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("view", VIEWS)
def test_nobody_is_shut_out(walking: Window, view: str) -> None:
    tab = walked(walking, HERE + view)
    look_at(tab)


@pytest.mark.usefixtures("rows")
def test_a_view_is_chosen_and_kept_in_the_address(walking: Window) -> None:
    tab = walked(walking, HERE)
    tab.page.get_by_role("radio", name="Errors").click()
    tab.page.wait_for_url("**view=errors**")
    drawn(tab.page)
    tab.page.reload()
    tab.wait()
    expect(tab.page.locator(".stMain")).to_contain_text("by code · click a row for samples")
    tab.press("Show 18 events")
    tab.page.wait_for_url("**error_code=PF-422**")
    rows = csv_of(tab, "Export CSV")
    assert {row["error_code"] for row in rows} == {"PF-422"}


@pytest.mark.usefixtures("rows")
def test_a_click_on_a_step_shows_who_stopped_there(walking: Window) -> None:
    tab = walked(walking, HERE)
    click_point(tab, tab.page.locator(".js-plotly-plot").first.locator(".bars .point path").nth(2))
    tab.page.wait_for_url("**step=3**")
    drawn(tab.page)
    expect(tab.page.locator(".stMain")).to_contain_text("Dropped off at login success")
    rows = csv_of(tab, "Export users (CSV)")
    assert rows
    assert {row["error_code"] for row in rows} == {"PF-422", ""}
    expect(tab.page.locator(".stMain")).to_contain_text(f"{len(rows)} users · most recent first")


@pytest.mark.usefixtures("rows")
def test_page_file_and_api_say_the_same(walking: Window, program: Program) -> None:
    tab = walked(walking, HERE + "&window_days=5&any_order=true")
    asked = {
        "days": "30",
        "environment": "onboarding-test",
        "window_days": "5",
        "any_order": "true",
    }
    steps = (
        program.api.get("/admin/onboarding/funnel", params=asked).raise_for_status().json()["steps"]
    )
    assert [int(row["users"]) for row in csv_of(tab, "Export CSV")] == [
        step["users"] for step in steps
    ]
    said = str(tab.page.locator("[aria-label^='Users by step']").first.get_attribute("aria-label"))
    assert all(f" {step['users']}" in said for step in steps)
    expect(tab.page.locator(".stMain")).to_contain_text("in any order, 5-day conversion window")


@pytest.mark.usefixtures("rows")
def test_two_segments_stand_side_by_side(walking: Window) -> None:
    tab = walked(walking, HERE)
    tab.choose(
        "Segment",
        "Release: 2" if tab.page.get_by_text("Release: 2").count() else "First source: ads",
    )
    tab.choose("Compare with", "First source: search")
    tab.page.wait_for_url("**against=source**")
    drawn(tab.page)
    expect(tab.page.locator(".stMain")).to_contain_text(
        "First source: ads vs. First source: search"
    )
    tab.page.reload()
    tab.wait()
    drawn(tab.page)
    expect(tab.page.locator(".stMain")).to_contain_text(
        "First source: ads vs. First source: search"
    )


@pytest.mark.usefixtures("rows")
def test_the_steps_are_chosen_in_a_dialog_and_kept_in_the_address(walking: Window) -> None:
    tab = walked(walking, HERE)
    tab.press("Edit steps")
    dialog = tab.page.get_by_role("dialog", name="Edit funnel steps")
    dialog.get_by_role("button", name="Remove step 5").click()
    expect(dialog.get_by_role("button", name="Remove step 5")).to_have_count(0)
    dialog.get_by_text("Optional", exact=True).nth(1).click()
    dialog.get_by_role("radio", name="In any order").or_(
        dialog.get_by_role("button", name="In any order")
    ).first.click()
    dialog.get_by_role("button", name="Apply").click()
    dialog.wait_for(state="detached")
    tab.page.wait_for_url("**steps=**any_order=true**")
    drawn(tab.page)
    expect(tab.page.locator(".stMain")).to_contain_text("4 steps, 1 optional, in any order")


@pytest.mark.usefixtures("rows")
def test_events_are_paged_and_narrowed(walking: Window) -> None:
    tab = walked(walking, HERE + "&view=events")
    tab.press("Older")
    drawn(tab.page)
    expect(tab.button("Newer")).to_be_enabled()
    tab.choose("Event type", "onboarding.portfolio_error")
    tab.page.wait_for_url("**event_type=onboarding.portfolio_error**")
    drawn(tab.page)
    expect(tab.button("Newer")).to_be_disabled()
    rows = csv_of(tab, "Export CSV")
    assert {row["event_type"] for row in rows} == {"onboarding.portfolio_error"}


def test_nothing_and_nonsense_are_said_in_words(walking: Window) -> None:
    tab = walked(walking, "/onboarding?environment=nowhere")
    expect(tab.page.locator(".stMain")).to_contain_text("No events match")
    tab.visit("/onboarding?steps=never.seen,chat.session_start")
    drawn(tab.page)
    expect(tab.page.locator(".stMain")).to_contain_text("Unknown event types: never.seen")


def csv_of(tab: Tab, name: str) -> list[dict[str, str]]:
    """Return the rows of the file that a link leads to."""
    link = tab.page.get_by_role("link", name=name, exact=True)
    answer = tab.page.request.get(tab.address + str(link.get_attribute("href")))
    assert answer.ok, answer.text()
    return list(csv.DictReader(io.StringIO(answer.text())))
