"""A product's own events: from a file that knows nothing of Attune to a funnel on the Overview."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.console import Program, Window

STEPS = ("app_open", "browse_catalog", "add_to_cart", "order_paid")
REACHED = (40, 30, 20, 10)  # users
LABELS = ("App open", "Browse catalog", "Add to cart", "Order paid")


def table() -> str:
    """Return a file of shoppers' events, each two minutes after the one before."""
    lines = ["user,ts,event,platform"]
    for number in range(REACHED[0]):
        at = datetime.now(UTC) - timedelta(days=1 + number / 10)
        for place, (kind, users) in enumerate(zip(STEPS, REACHED, strict=True)):
            if number < users:
                when = at + timedelta(minutes=2 * place)
                lines.append(f"shopper-{number},{when:%Y-%m-%d %H:%M:%S},{kind},web")
    return "\n".join(lines) + "\n"


@pytest.fixture
def file(program: Program, tmp_path: Path) -> Iterator[Path]:
    """Return the file; afterwards the workspace has its funnel again, and nothing of the file."""
    funnels = program.api.get("/admin/funnels").raise_for_status().json()["items"]
    [before] = [each for each in funnels if each["is_workspace"]]
    path = tmp_path / "shop.csv"
    path.write_text(table())
    yield path
    names = ("name", "steps", "window_days", "any_order", "is_workspace")
    given = {name: before[name] for name in names}
    program.api.put(f"/admin/funnels/{before['id']}", json=given).raise_for_status()
    for found in program.api.get("/imports").json()["items"]:
        program.api.delete(f"/imports/{found['id']}")


def test_a_file_of_own_events_becomes_a_funnel_on_the_overview(window: Window, file: Path) -> None:
    tab = window.open("/settings?section=Import")
    tab.page.locator(".upload input").set_input_files(file)
    expect(tab.page.get_by_text("A table of events")).to_be_visible()
    tab.page.get_by_role("textbox", name="Environment").fill("shop")
    with tab.rerun():
        tab.page.get_by_role("textbox", name="Environment").press("Enter")
    tab.press("Import")
    tab.page.get_by_role("link", name="View in Onboarding").click(timeout=30_000)
    expect(tab.page.get_by_text("No user has started")).to_be_visible()
    tab.press("Use as workspace funnel")
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("Workspace funnel saved")
    tab.follow("Overview")  # which draws itself anew once the funnel is prepared
    steps = tab.page.locator(".st-key-onboarding-steps")
    for label, users in zip(LABELS, REACHED, strict=True):
        expect(steps).to_contain_text(label, timeout=30_000)
        expect(steps.get_by_text(str(users), exact=True)).to_be_visible()
