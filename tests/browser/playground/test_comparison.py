"""Comparing models side by side: parallel answers, a blind vote, and the winner kept."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.console import Program, Window


@pytest.fixture
def name(program: Program) -> Iterator[str]:
    """Return a prompt's name; afterwards there is no such prompt."""
    yield "won-by-vote"
    for found in program.api.get("/templates", params={"q": "won-by-vote"}).json()["items"]:
        program.api.delete(f"/templates/{found['id']}").raise_for_status()


def _middle(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return box["y"] + box["height"] / 2


def test_blind_columns_stream_at_once_and_are_named_by_the_vote(window: Window, name: str) -> None:
    tab = window.open("/comparison")
    tab.choose("Model A", "echo")
    tab.choose("Model B", "plain")
    tab.page.get_by_text("Blind", exact=True).click()
    tab.wait()
    field = tab.page.get_by_placeholder("Message all columns")
    field.fill('#fake {"words": 150, "rate": 15}\nTake your time')
    field.press("Enter")
    columns = tab.page.locator("[class*='st-key-column-']")
    expect(columns).to_have_count(2)
    growing = [columns.nth(place).locator(".live") for place in range(2)]
    for each in growing:
        expect(each).to_contain_text("Fake answer:")
    lengths = [len(each.inner_text()) for each in growing]
    tab.wait_for(
        lambda: all(
            len(each.inner_text()) > length for each, length in zip(growing, lengths, strict=True)
        )
    )
    vote = tab.button("B is better")
    vote.wait_for()
    expect(tab.page.locator(".stMain")).not_to_contain_text("fake:")
    expect(columns.first).not_to_contain_text("first token")
    vote.click()
    for place in range(2):
        expect(columns.nth(place)).to_contain_text(re.compile(r"first token .* tokens · \$"))
    expect(columns.nth(1)).to_contain_text("Better")
    expect(columns.nth(1)).to_contain_text(re.compile("fake:(echo|plain)"))
    badge = tab.page.get_by_text("Blind vote", exact=True)
    expect(badge).to_be_visible()
    middles = [_middle(each) for each in (badge, tab.button("Tie"))]
    assert middles[0] == pytest.approx(middles[1], abs=2)
    tab.press("Save as prompt version")
    dialog = tab.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Save version").click()
    expect(dialog).to_contain_text("Enter a name for a new one.")
    dialog.get_by_label("Name of the new prompt").fill(name)
    dialog.get_by_role("button", name="Save version").click()
    expect(tab.page.get_by_text(f"Saved as {name}, version 1")).to_be_visible()
    tab.press("Keep B as session")
    tab.page.get_by_role("link", name="Open B in Playground").click()
    expect(tab.page.get_by_role("heading", name="Playground")).to_be_visible()
    expect(tab.messages).to_have_count(2)
