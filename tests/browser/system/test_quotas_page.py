"""An admin limits calls of models in Settings, and the playground says when a limit is used up."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.console import Program, Window


@pytest.fixture
def without_quotas(program: Program) -> Iterator[None]:
    yield
    for quota in program.api.get("/admin/quotas").json()["items"]:
        program.api.delete(f"/admin/quotas/{quota['id']}").raise_for_status()


@pytest.mark.usefixtures("without_quotas")
def test_a_quota_is_added_reached_and_raised(window: Window) -> None:
    tab = window.open("/settings?section=Quotas")
    tab.press("Add quota")
    tab.choose("Measure", "Calls")
    dialog = tab.page.get_by_role("dialog", name="Add quota")
    at_most = dialog.get_by_role("spinbutton", name="Limit")
    expect(at_most).to_have_attribute("min", "1")  # the field of calls has replaced that of costs
    at_most.fill("1")
    dialog.get_by_role("button", name="Add quota").click()
    expect(tab.page.get_by_text("1 call per day")).to_be_visible()
    tab.follow("Playground")
    tab.ask("one")
    tab.send("two")
    expect(tab.page.get_by_text("The workspace's quota of 1 call per day")).to_be_visible()
    tab.go("/settings?section=Quotas")
    expect(tab.page.get_by_text("1 call used or reserved today")).to_be_visible()
    tab.press("Edit")
    dialog = tab.page.get_by_role("dialog")
    dialog.get_by_role("spinbutton", name="Limit").fill("9")
    dialog.get_by_role("button", name="Save").click()
    expect(tab.page.get_by_text("9 calls per day")).to_be_visible()
    tab.press("Remove")
    tab.confirm("Remove this quota?", "Remove quota")
    expect(tab.page.get_by_text("No quotas yet")).to_be_visible()
