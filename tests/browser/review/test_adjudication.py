"""Adjudication by keyboard alone: the next disagreement opens after each decision."""

import re
from typing import Any

import httpx2
import pytest
from playwright.sync_api import expect

from core.identity.schemas import Role
from core.platform.ids import new_id
from tests.browser.conftest import OpenWindow
from tests.browser.console import IDLE, Account, Program, Tab
from tests.browser.geometry import cut_off, overlapping
from tests.browser.reviewing import conversations, response
from tests.browser.test_every_page import look_at
from tests.browser.walks import main

NAME, DISPUTES = "ad", 3
QUEUE = "/admin/ai/tuning/queue"
VERDICTS = {
    "Una": {"annotation_type": "approved"},
    "Duo": {"annotation_type": "flag", "content": "Not true"},
}


@pytest.fixture(scope="module")
def reviewers(program: Program) -> dict[str, Account]:
    program.api.put("/admin/ai/tuning/settings", json={"sample_share": 0}).raise_for_status()
    return {name: program.account(Role.REVIEWER, name) for name in VERDICTS}


@pytest.fixture
def items(program: Program, reviewers: dict[str, Account]) -> list[str]:
    """Return the items on which two reviewers differ, oldest first; no others wait."""
    waiting = program.api.get(QUEUE, params={"state": "adjudication"}).json()["items"]
    for each in waiting:
        decided = {"verdict": None}
        program.api.post(f"{QUEUE}/{each['id']}/adjudicate", json=decided).raise_for_status()
    name = f"{NAME}-{new_id().hex}"
    program.send(name, {"conversations": conversations(name, DISPUTES)})
    asked = [
        {"message_id": f"{name}-{number}-1", "reviews_wanted": 2} for number in range(DISPUTES)
    ]
    made = [program.api.post(QUEUE, json=each).raise_for_status().json()["id"] for each in asked]
    for name, verdict in VERDICTS.items():
        review(program, reviewers[name], made, verdict)
    return made


def review(program: Program, account: Account, wanted: list[str], verdict: dict[str, Any]) -> None:
    """Say the same of each of these items, and skip the others."""
    left = set(wanted)
    with httpx2.Client(base_url=program.api.base_url, trust_env=False, timeout=60) as api:
        given = {"email": account.email, "password": account.password}
        token = api.post("/admin/auth/login", json=given).raise_for_status().json()["access_token"]
        api.headers["Authorization"] = f"Bearer {token}"
        while left:
            item = api.post(f"{QUEUE}/claim").raise_for_status().json()["id"]
            way, body = ("done", verdict) if item in left else ("skip", None)
            api.post(f"{QUEUE}/{item}/{way}", json=body).raise_for_status()
            left.discard(item)


def test_three_disagreements_are_adjudicated_by_keys_and_one_is_taken_back(
    open_window: OpenWindow, program: Program, items: list[str]
) -> None:
    tab = open_window().open("/tuning?view=queue&adjudicating=yes")
    keys = tab.page.keyboard
    shown(tab, 0, waiting=3)
    keys.press("1")  # Una's: approved
    shown(tab, 1, waiting=2)
    keys.press("n")
    shown(tab, 2, waiting=1)
    keys.press("u")
    shown(tab, 1, waiting=2)
    keys.press("n")
    shown(tab, 2, waiting=1)
    keys.press("w")
    expect(response(tab)).to_have_value(re.compile("^Answer 2 of ad"))
    tab.page.locator(IDLE).wait_for()
    original = response(tab).input_value()
    keys.press("e")
    expect(response(tab)).to_be_focused()
    keys.press("Control+End")
    keys.type(" In 12 days, wnu")  # keys of decisions, which do nothing while one types
    keys.press("Control+Enter")
    main(tab).to_contain_text("No messages to adjudicate")
    stored = [program.api.get(f"{QUEUE}/{item}").json() for item in items]
    assert [each["state"] for each in stored] == ["done"] * DISPUTES
    assert [decisions(program, item) for item in items] == [
        [("approved", None)],
        [],
        [("correction", f"{original} In 12 days, wnu")],
    ]
    keys.press("u")
    shown(tab, 2, waiting=1)
    assert program.api.get(f"{QUEUE}/{items[2]}").json()["state"] == "adjudication"


def shown(tab: Tab, number: int, *, waiting: int) -> None:
    """See that a disagreement is on screen, with both opinions."""
    noun = "message" if waiting == 1 else "messages"
    main(tab).to_contain_text(f"{waiting} {noun} to adjudicate")
    talk = tab.page.locator('.st-key-pane-review-talk [class*="st-key-focus-"]')
    expect(talk).to_contain_text(f"Answer {number} of {NAME}")
    expect(tab.page.locator('[class*="st-key-opinion-"]')).to_contain_text(["Una", "Duo"])
    tab.page.locator(IDLE).wait_for()


def decisions(program: Program, item: str) -> list[tuple[str, str | None]]:
    """Return type and suggested response of what decided an item."""
    said = program.api.get(f"{QUEUE}/{item}/opinions").raise_for_status().json()["items"]
    return [
        (each["annotation_type"], each["suggested_response"]) for each in said if each["round"] == 3
    ]


@pytest.mark.usefixtures("items")
def test_adjudication_shuts_nobody_out_and_fits(open_window: OpenWindow) -> None:
    tab = open_window().open("/tuning?view=queue")
    main(tab).to_contain_text("3 messages to adjudicate")
    tab.button("Adjudicate").first.click()
    expect(tab.page.locator('[class*="st-key-opinion-"]')).to_have_count(2)
    tab.wait()
    assert not cut_off(tab.page)
    assert not overlapping(tab.page)
    look_at(tab)
