"""The gate of a label: set by its form, moved past with a reason, and rolled back at once."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from core.platform.ids import new_id
from tests.browser.conftest import OpenWindow
from tests.browser.console import Program, Tab, Theme, Window
from tests.browser.walks import holds_together, wide

REASON = "The provider has an outage"


@pytest.fixture
def prompt(program: Program) -> Iterator[str]:
    """Return the ID of a prompt whose production went from version 1 to 2, beside a shared dataset;
    afterwards both are gone.
    """
    name = f"gate-{new_id().hex[-8:]}"
    api = program.api
    made = api.post("/templates", json={"name": name, "prompt": "one"}).raise_for_status().json()
    api.put(f"/templates/{made['id']}", json={"prompt": "two"}).raise_for_status()
    for version in (1, 2):
        to = {"name": "production", "version": version}
        api.post(f"/templates/{made['id']}/labels", json=to).raise_for_status()
    dataset = {"name": name, "visibility": "shared"}
    cases = api.post("/datasets", json=dataset).raise_for_status().json()["id"]
    case = {
        "messages": [{"role": "user", "content": "Hello"}],
        "assertions": [{"kind": "contains", "values": ["Hello"]}],
    }
    api.post(f"/datasets/{cases}/cases", json={"cases": [case]}).raise_for_status()
    yield made["id"]
    api.delete(f"/templates/{made['id']}").raise_for_status()
    api.delete(f"/datasets/{cases}").raise_for_status()


def card(tab: Tab) -> Locator:
    return tab.page.locator(".st-key-label-production")


def give_reason(tab: Tab, field: str, button: str) -> None:
    box = tab.drawer.get_by_role("textbox", name=field)
    box.fill(REASON)
    box.blur()
    tab.drawer.get_by_role("button", name=button, exact=True).click()
    expect(tab.drawer).to_have_count(0)
    tab.wait()


def test_a_gate_is_set_moved_past_rolled_back_and_removed(window: Window, prompt: str) -> None:
    tab = window.open(f"/prompts?prompt={prompt}&section=Labels")
    tab.press("Set gate")
    tab.choose("Dataset", "gate-")
    tab.press("Save gate")
    expect(card(tab)).to_contain_text("Gate: 90.0% must pass on gate-")

    tab.press("Roll back to version 1")
    tab.press("Wrong answers in production")
    expect(card(tab)).to_contain_text("→ version 1")
    tab.wait()

    tab.press("Move")
    expect(tab.drawer).to_contain_text("Version 2 has not been evaluated")
    tab.press("Move label")
    expect(tab.drawer).to_contain_text("Run the evaluation, or give a reason.")
    give_reason(tab, "Reason to move without passing", "Move label")
    expect(card(tab)).to_contain_text("→ version 2")

    tab.press("Roll back to version 1")
    other = tab.page.get_by_role("textbox", name="Another reason")
    for words in ("short", REASON):
        other.fill(words)
        other.blur()
        tab.wait()
        tab.page.get_by_role("button", name="Roll back", exact=True).click()
        if words != REASON:
            toast = tab.page.get_by_test_id("stToast").last
            expect(toast).to_contain_text("at least 10 characters")
    expect(card(tab)).to_contain_text("→ version 1")
    history = tab.page.get_by_test_id("stDataFrame").first
    for words in ("Wrong answers in production", REASON):
        expect(history).to_contain_text(words)

    tab.press("Change gate")
    tab.press("Remove gate")
    expect(tab.drawer).to_contain_text("Enter a reason of at least 10 characters")
    give_reason(tab, "Reason for the change or the removal", "Remove gate")
    expect(card(tab)).not_to_contain_text("Gate:")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_labels_versions_and_trends_hold_together(
    open_window: OpenWindow, program: Program, prompt: str, theme: Theme, width: int
) -> None:
    dataset = next(
        each["id"]
        for each in program.api.get("/datasets").json()["items"]
        if each["name"].startswith("gate-")
    )
    gate = {"dataset_id": dataset, "least_rate": 0.9}
    path = f"/templates/{prompt}/labels/production/gate"
    program.api.put(path, json=gate).raise_for_status()
    window = wide(open_window, program.owner, width)
    for query in ("section=Labels", "version=2", "section=Evaluations"):
        holds_together(window, f"/prompts?prompt={prompt}&{query}", theme)
    gated = f"new=1&gate=production&template={prompt}&version=1"
    holds_together(window, f"/evaluations?{gated}", theme)
