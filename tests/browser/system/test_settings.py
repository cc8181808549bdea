"""Workspace settings and providers in the browser."""

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import expect

from tests.browser.console import IDLE, Program, Window


@pytest.fixture
def restored(program: Program) -> Iterator[None]:
    """Put the workspace's settings back afterwards, and take away what providers were added."""
    before = program.api.get("/admin/settings").json()
    yield
    program.change_settings(**before)
    for provider in program.api.get("/admin/providers").json().get("items", []):
        if provider["source"] == "settings":
            program.api.delete(f"/admin/providers/{provider['id']}").raise_for_status()


@pytest.mark.usefixtures("restored")
def test_what_is_saved_holds_in_the_playground(window: Window) -> None:
    tab = window.open("/settings")
    tab.page.get_by_role("textbox", name="Default prompt").fill("You are a gardener.")
    tab.choose("Reporting time zone", "Europe/Vienna")
    tab.press("Save")
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("Settings saved")
    tab.page.reload()
    tab.wait()
    expect(tab.page.get_by_role("textbox", name="Default prompt")).to_have_value(
        "You are a gardener."
    )
    expect(tab.page.get_by_role("combobox", name=re.compile("Reporting time zone"))).to_have_value(
        "Europe/Vienna"
    )
    tab.follow("Playground")
    tab.ask("Who are you?")
    expect(tab.last).to_contain_text("(prompt: You are a gardener.)")


@pytest.mark.usefixtures("restored")
def test_an_empty_default_prompt_is_refused_in_words(window: Window) -> None:
    tab = window.open("/settings")
    tab.page.get_by_role("textbox", name="Default prompt").fill("  ")
    tab.press("Save")
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("Enter a default prompt.")


@pytest.mark.usefixtures("restored")
def test_a_provider_with_a_bad_address_is_refused_in_words(walking: Window) -> None:
    tab = walking.walk("/settings?section=Providers")
    tab.press("Add provider")
    dialog = tab.page.get_by_role("dialog", name="Add provider")
    tab.choose("Type", "OpenAI-compatible")
    expect(dialog.get_by_role("textbox", name="Name")).to_have_value("ollama")
    for address, words in (
        ("", "Enter a base URL."),
        ("ftp://somewhere", "Enter an address that starts with http:// or https://"),
        ("http://me:key@somewhere", "Enter the key in its own field"),
    ):
        dialog.get_by_label("Base URL").fill(address)
        dialog.get_by_label("Base URL").press("Tab")
        dialog.get_by_role("button", name="Save and test").click()
        expect(dialog.get_by_role("alert")).to_contain_text(words)
    dialog.get_by_label("Base URL").fill("http://127.0.0.1:9/v1")
    dialog.get_by_label("Base URL").press("Tab")
    dialog.get_by_role("button", name="Save and test").click()
    dialog.wait_for(state="detached")
    expect(tab.page.get_by_text("The provider cannot be reached")).to_be_visible()
    expect(tab.page.get_by_text("Failing", exact=True)).to_be_visible()
    tab.press("Remove")
    tab.confirm("Remove this provider?", "Remove provider")
    expect(tab.page.get_by_text("The provider cannot be reached")).to_have_count(0)


@pytest.mark.usefixtures("restored")
def test_a_key_that_went_in_does_not_come_out(walking: Window, program: Program) -> None:
    given = {
        "name": "vendor",
        "kind": "openai",
        "base_url": "http://127.0.0.1:9/v1",
        "secret": "a-secret-key-that-stays",
    }
    program.api.post("/admin/providers", json=given).raise_for_status()
    tab = walking.walk("/settings?section=Providers")
    expect(tab.page.get_by_text("API key set")).to_be_visible()
    tab.press("Edit")
    tab.page.get_by_role("dialog", name="Edit provider").wait_for()
    assert "a-secret-key-that-stays" not in tab.page.content()


def test_a_key_is_made_used_and_revoked(walking: Window, program: Program) -> None:
    for key in program.api.get("/admin/api-keys").json()["items"]:  # other tests have made some
        program.api.delete(f"/admin/api-keys/{key['id']}").raise_for_status()
    tab = walking.walk("/settings?section=API+keys")
    tab.press("Create key")
    dialog = tab.page.get_by_role("dialog", name="Create API key")
    dialog.get_by_role("button", name="Create key").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Enter a name.")
    dialog.get_by_role("textbox", name="Name").fill("web backend")
    dialog.get_by_role("textbox", name="Name").press("Tab")
    tab.page.locator(IDLE).wait_for()
    dialog.get_by_role("button", name="Create key").click()
    dialog.wait_for(state="detached")
    shown = tab.page.get_by_test_id("stCode")
    expect(shown).to_contain_text("atn_")
    headers = {"Authorization": f"Bearer {shown.inner_text().strip()}"}
    ingest = f"{program.address}/api/v1/ingest/events"
    event = {"event_type": "chat.session_start"}

    def send() -> httpx2.Response:
        return httpx2.post(ingest, json=event, headers=headers, trust_env=False, timeout=30)

    assert send().json()["accepted"] == 1
    tab.press("Done")
    expect(shown).to_have_count(0)
    expect(tab.page.get_by_text("used just now")).to_be_visible()
    tab.press("Revoke")
    tab.confirm("Revoke this key?", "Revoke key")
    expect(tab.page.get_by_text("No API keys yet")).to_be_visible()
    assert send().status_code == 401


def test_a_price_of_ones_own_is_added(walking: Window, program: Program) -> None:
    tab = walking.walk("/settings?section=Prices")
    tab.press("Add price")
    dialog = tab.page.get_by_role("dialog", name="Add price")
    for field, value in (("Model", "our-own"), ("Input", "2.5"), ("Output", "ten")):
        dialog.get_by_role("textbox", name=field, exact=True).fill(value)
        dialog.get_by_role("textbox", name=field, exact=True).press("Tab")
        tab.page.locator(IDLE).wait_for()
    dialog.get_by_role("button", name="Add price", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Output: enter USD from 0 to 1,000,000")
    dialog.get_by_role("textbox", name="Output", exact=True).fill("10")
    dialog.get_by_role("textbox", name="Output", exact=True).press("Tab")
    tab.page.locator(IDLE).wait_for()
    dialog.get_by_role("button", name="Add price", exact=True).click()
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("Price added")
    dialog.wait_for(state="detached")
    [added] = program.api.get("/admin/prices?source=settings").json()["items"]
    assert (added["model"], added["input"], added["output"], added["cached_input"]) == (
        "our-own",
        "2.5",
        "10",
        None,
    )
    program.api.delete(f"/admin/prices/{added['id']}").raise_for_status()
