"""An admin adds MCP servers in Settings, tests them, and removes them."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from core.platform.config import ROOT
from tests.browser.console import IDLE, Program, Tab, Window
from tests.mcp_server import TOKEN


@pytest.fixture
def port() -> Iterator[int]:
    """Start an MCP server, and return its port."""
    running = subprocess.Popen(
        [sys.executable, "-m", "tests.mcp_server"], stdout=subprocess.PIPE, cwd=ROOT
    )
    with running:
        yield int((running.stdout.readline() if running.stdout else b"0").strip())
        running.kill()


@pytest.fixture
def without_servers(program: Program) -> Iterator[None]:
    yield
    for server in program.api.get("/admin/mcp-servers").json()["items"]:
        program.api.delete(f"/admin/mcp-servers/{server['id']}").raise_for_status()


def add(tab: Tab, **fields: str) -> None:
    tab.press("Add server")
    dialog = tab.page.get_by_role("dialog", name="Add MCP server")
    for label, value in fields.items():
        field = dialog.get_by_role("textbox", name=label)
        field.fill(value)
        field.press("Tab")
        tab.page.locator(IDLE).wait_for()
    dialog.get_by_role("button", name="Add server").click()


@pytest.mark.usefixtures("without_servers")
def test_a_server_is_added_tested_and_removed(walking: Window, port: int) -> None:
    tab = walking.walk("/settings?section=Tools")
    expect(tab.page.get_by_text("No MCP servers yet")).to_be_visible()
    add(tab, Name="rooms", Address=f"http://127.0.0.1:{port}/mcp", token=TOKEN)
    expect(tab.page.get_by_text("Working", exact=True)).to_be_visible()
    tab.page.get_by_text("6 tools").click()
    expect(tab.page.get_by_text("Return the weather of a city.")).to_be_visible()
    expect(tab.page.get_by_text("rooms__weather")).to_be_visible()
    assert TOKEN not in tab.page.content()
    with tab.rerun():
        tab.press("Test connection")
    expect(tab.page.get_by_text("Asking for its tools")).to_have_count(0)
    expect(tab.page.get_by_text("tested just now")).to_be_visible()
    tab.press("Remove")
    tab.confirm("Remove this MCP server?", "Remove server")
    expect(tab.page.get_by_text("No MCP servers yet")).to_be_visible()


@pytest.mark.usefixtures("without_servers")
def test_what_is_wrong_with_a_server_is_said_with_what_to_do(walking: Window) -> None:
    tab = walking.walk("/settings?section=Tools")
    add(tab, Name="Rooms!", Address="http://127.0.0.2:9/mcp")
    dialog = tab.page.get_by_role("dialog", name="Add MCP server")
    expect(dialog.get_by_role("alert")).to_contain_text("Use up to 20 lower-case letters")
    dialog.get_by_role("textbox", name="Name").fill("rooms")
    dialog.get_by_role("textbox", name="Name").press("Tab")
    tab.page.locator(IDLE).wait_for()
    dialog.get_by_role("button", name="Add server").click()
    refused = "127.0.0.2 is a private address. Add it to ATTUNE_ALLOW_HOSTS if Attune may call it."
    expect(tab.page.get_by_text(refused)).to_be_visible()
    expect(tab.page.get_by_text("Failing", exact=True)).to_be_visible()
