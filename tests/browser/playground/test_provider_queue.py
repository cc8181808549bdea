"""An admin limits a provider in Settings, and the playground says where a call waits."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.console import Program, Window

LONG = '#fake {"words": 2000, "rate": 20}\nTake your time'


@pytest.fixture
def without_limits(program: Program) -> Iterator[None]:
    program.api.get("/admin/providers").raise_for_status()
    yield
    for provider in program.api.get("/admin/providers").json()["items"]:
        if provider["id"] is not None:
            change = {"max_concurrent": None, "calls_per_minute": None}
            program.api.patch(f"/admin/providers/{provider['id']}", json=change).raise_for_status()


@pytest.mark.usefixtures("without_limits")
def test_a_limit_is_set_and_a_message_waits_for_its_turn(window: Window, program: Program) -> None:
    tab = window.open("/settings?section=Providers")
    tab.page.locator(".st-key-test-fake").get_by_role("button").click()
    tab.wait()
    tab.page.locator(".st-key-change-fake").get_by_role("button").click()
    dialog = tab.page.get_by_role("dialog", name="Edit provider")
    expect(dialog.get_by_label("Base URL")).to_have_count(0)
    dialog.get_by_role("spinbutton", name="Calls at a time").fill("1")
    dialog.get_by_role("spinbutton", name="Calls at a time").press("Tab")
    tab.wait()
    dialog.get_by_role("button", name="Save and test").click()
    expect(tab.page.get_by_text("at most 1 call at a time")).to_be_visible()
    call = {"model_id": "fake:echo", "prompt": LONG}
    with program.api.stream("POST", "/prompts/execute/stream", json=call) as first:
        next(line for line in first.iter_lines() if line == "event: token")
        ids = [first.headers["X-Execution-Id"]]
        with program.api.stream("POST", "/prompts/execute/stream", json=call) as second:
            next(line for line in second.iter_lines() if line == "event: queue")
            ids.append(second.headers["X-Execution-Id"])
            tab.follow("Playground")
            tab.send("And I?")
            expect(tab.live).to_have_text("Waiting: 2nd in the queue")
            program.api.post(f"/prompts/{ids[1]}/cancel").raise_for_status()
            expect(tab.live).to_have_text("Waiting: 1st in the queue")
            tab.press("Stop")
            expect(tab.last).to_contain_text("Stopped")
            tab.send("Once more")
            expect(tab.live).to_have_text("Waiting: 1st in the queue")
            program.api.post(f"/prompts/{ids[0]}/cancel").raise_for_status()
            expect(tab.last).to_contain_text("Fake answer: Once more")
