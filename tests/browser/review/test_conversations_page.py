"""Conversations in the browser: searched, read around a message, and harmless whatever they
contain.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import Account, Program, Theme, Window
from tests.browser.geometry import cut_off
from tests.browser.test_every_page import look_at
from tests.browser.walks import holds_together, main, walked, walks, wide

NOW = datetime.now(UTC).replace(microsecond=0)
WALKS = walks(Role.SUPER_ADMIN, Role.ADMIN, Role.REVIEWER)
HOSTILE = (
    (
        "<script>document.title = 'pwned'</script><img src=x onerror=\"document.title = "
        "'pwned'\"><iframe src='//elsewhere.example'>"
    ),
    (
        "![leak](https://elsewhere.example/leak.png) [click me](javascript:alert(1)) <a "
        "href='javascript:alert(1)'>raw</a>"
    ),
    "made to be \u202edesrever\u202c and \u2066never ended",
    "long " * 40_000,
    "half of \ud83d a pair",
)


def at(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def said(name: str, number: int, content: str, minutes: float, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    role = "assistant" if number % 2 else "user"
    return {
        "id": f"{name}-{number}",
        "role": role,
        "content": content,
        "created_at": at(minutes),
        **more,
    }


def conversations() -> Iterator[dict[str, Any]]:
    """Yield one with everything beside it, one of a thousand messages, one that tries to break out,
    and some others.
    """
    answer = {"model": "talked-small", "cost_usd": "0.0123", "latency_ms": 900, "tokens": 321}
    order = [
        said("order", 0, "Where is my **zebra** order?", 9),
        said("order", 1, "The zebra is on its way", 8, **answer),
        {"id": "order-s", "role": "system", "content": "Be kind to zebras.", "created_at": at(10)},
    ]
    yield {"id": "talk-order", "user_id": "talk-ann", "title": "Where is it?", "messages": order}
    many = [said("long", number, f"Line {number} of many", 2000 - number) for number in range(1000)]
    yield {"id": "talk-long", "user_id": "talk-bob", "title": "A long one", "messages": many}
    bad = [said("bad", number, words, 30 - number) for number, words in enumerate(HOSTILE)]
    yield {
        "id": "talk-bad",
        "user_id": "talk-\u202eeve",
        "title": "<b>Bad</b> **title** \u202e",
        "messages": bad,
    }
    for number in range(30):
        yield {
            "id": f"talk-{number}",
            "messages": [said(f"talk-{number}", 0, f"Other words {number}", 100 + number)],
        }


@pytest.fixture(scope="module", autouse=True)
def rows(program: Program) -> None:
    """Send rows once for all tests of this module, as a program would."""
    about = {"conversation_id": "talk-order", "message_id": "order-1", "created_at": at(8)}
    steps = [
        {"kind": "tool", "name": "parcel.track", "duration_ms": 80, "error": "<i>no</i> answer"}
    ]
    asked = {
        "id": "talk-r",
        "provider": "p",
        "model": "talked-small",
        "cost_usd": "0.0123",
        "steps": steps,
        **about,
    }
    judged = {
        "id": "talk-f",
        "rating": -1,
        "comment": "Not <b>true</b>",
        "edited_text": "The zebra is lost",
        **about,
    }
    program.show(
        "talk", {"conversations": conversations(), "ai-requests": [asked], "feedback": [judged]}
    )


@pytest.fixture(scope="module")
def accounts(program: Program) -> dict[Role, Account]:
    return program.accounts(Role, "Talk")


@pytest.mark.parametrize(("role", "theme", "width"), WALKS)
def test_list_search_and_conversation_hold_together(
    open_window: OpenWindow, accounts: dict[Role, Account], role: Role, theme: Theme, width: int
) -> None:
    window = wide(open_window, accounts[role], width)
    for path in (
        "/tuning?view=conversations",
        "/tuning?q=zebra",
        "/tuning?conversation=talk-order&q=zebra",
        "/tuning?conversation=talk-bad",
    ):
        holds_together(window, path, theme, unfold)


def unfold(page: Page) -> None:
    folded = page.locator('[data-testid="stExpander"] details:not([open]) summary')
    for number in range(folded.count(), 0, -1):
        folded.first.click()
        expect(folded).to_have_count(number - 1)


@pytest.mark.parametrize(
    "path",
    [
        "/tuning?view=conversations",
        "/tuning?q=zebra",
        "/tuning?conversation=talk-order&message=order-1&q=zebra",
    ],
)
def test_nobody_is_shut_out_of_conversations(walking: Window, path: str) -> None:
    tab = walked(walking, path)
    look_at(tab)


def test_a_search_marks_its_words_and_leads_to_the_message(walking: Window) -> None:
    tab = walked(walking, "/tuning?view=conversations")
    field = tab.page.get_by_role("textbox", name="Search")
    field.fill("zebra way")
    field.press("Enter")
    main(tab).to_contain_text("1 conversation matching")
    expect(tab.page.locator(".attune-found mark")).to_have_text(["zebra", "way"])
    tab.press("Where is it?")
    tab.page.wait_for_url(
        lambda url: "conversation=" in url and "message=" in url and "q=zebra" in url
    )
    focus = tab.page.locator('[class*="st-key-focus-"]')
    expect(focus).to_contain_text("The zebra is on its way")
    expect(focus.locator("mark")).to_have_text(["zebra", "way"])
    tab.press("All conversations")
    main(tab).to_contain_text("1 conversation matching")
    assert "conversation=" not in tab.page.url


def test_a_conversation_has_everything_in_place_and_folded(walking: Window) -> None:
    tab = walked(walking, "/tuning?conversation=talk-order")
    for words in (
        "Where is my zebra order?",
        "321 tokens",
        "$0.0123",
        "Thumbs-down",
        "Not <b>true</b>",
        "talk-ann",
    ):
        main(tab).to_contain_text(words)
    steps = tab.page.get_by_text("parcel.track")
    expect(steps).not_to_be_visible()
    tab.page.get_by_text("1 step, 1 AI request").click()
    expect(steps).to_be_visible()
    main(tab).to_contain_text("<i>no</i> answer")
    expect(tab.page.get_by_text("Be kind to zebras.", exact=True)).not_to_be_visible()
    tab.page.get_by_text("User's edited answer").click()
    expect(tab.page.locator(".attune-diff ins")).to_have_text("lost")


def test_a_reviewer_lands_here_and_sees_no_costs(
    open_window: OpenWindow, accounts: dict[Role, Account], program: Program
) -> None:
    tab = open_window(accounts[Role.REVIEWER]).open("/")
    tab.page.wait_for_url("**/tuning")
    expect(tab.page.locator("h1")).to_have_text("Tuning")
    tab.visit("/tuning?conversation=talk-order")
    main(tab).to_contain_text("321 tokens")
    tab.page.get_by_text("1 step, 1 AI request").click()
    main(tab).to_contain_text("parcel.track")
    assert "$" not in tab.page.locator(".stMain").inner_text()
    expect(tab.page.get_by_role("link", name="AI requests", exact=True)).to_have_count(0)
    rows = program.api.get("/admin/audit?action=conversation.open&limit=200").json()["items"]
    mine = [row for row in rows if row["actor"]["name"] == accounts[Role.REVIEWER].email]
    assert mine, "the opening is written down"


def test_words_are_not_for_analysts(open_window: OpenWindow, accounts: dict[Role, Account]) -> None:
    window = open_window(accounts[Role.ANALYST])
    tab = window.open("/tuning?view=conversations&q=zebra")
    main(tab).to_contain_text("Annotation totals and reviewer agreement")
    expect(tab.page.get_by_role("radio", name="Conversations")).to_have_count(0)
    expect(tab.page.get_by_test_id("stMain").get_by_text("zebra")).to_have_count(0)


def test_a_thousand_messages_are_read_in_parts(walking: Window) -> None:
    tab = walked(walking, "/tuning?conversation=talk-long&message=long-500")
    main(tab).to_contain_text("486 to 515 of 1,000")
    expect(tab.page.locator('[class*="st-key-focus-"]')).to_be_in_viewport()
    tab.press("Later messages")
    main(tab).to_contain_text("516 to 545 of 1,000")
    expect(tab.page.get_by_text("Line 515 of many")).to_be_in_viewport()
    tab.press("Earlier messages")
    expect(tab.page.get_by_text("Line 514 of many")).to_be_in_viewport()
    tab.press("Last messages")
    main(tab).to_contain_text("971 to 1,000 of 1,000")
    expect(tab.page.get_by_text("Line 999 of many")).to_be_in_viewport()
    expect(tab.button("Last messages")).to_have_count(0)
    tab.press("First messages")
    main(tab).to_contain_text("1 to 30 of 1,000")
    expect(tab.page.get_by_text("Line 0 of many")).to_be_in_viewport()
    tab.visit("/tuning?conversation=talk-long&at=999999")
    main(tab).to_contain_text("No messages.")


def test_what_tries_to_break_out_is_there_to_be_read(walking: Window) -> None:
    tab = walked(walking, "/tuning?conversation=talk-bad")
    expect(tab.page.locator("h1")).to_have_text("<b>Bad</b> **title**")
    for words in (
        "<script>document.title",
        "<iframe src=",
        "leak",
        "made to be desrever and",
        "half of",
    ):
        main(tab).to_contain_text(words)
    assert tab.page.title() != "pwned"
    assert (
        tab.page.locator(
            '.st-key-said :is(script, img, iframe), .st-key-said a[href^="javascript"]'
        ).count()
        == 0
    )
    assert "\u202e" not in tab.page.locator(".stMain").inner_text()
    tab.press("Show all 200,000 characters")
    expect(tab.button("Show all 200,000 characters")).to_have_count(0)
    assert len(tab.page.locator(".attune-words").inner_text()) > 199_000
    assert not cut_off(tab.page)


def test_filters_and_file_are_those_of_the_address(walking: Window) -> None:
    tab = walked(walking, "/tuning?model=talked-small&rating=negative")
    main(tab).to_contain_text("Filtered by model talked-small")
    link = str(tab.page.get_by_role("link", name="CSV").evaluate("e => e.href"))
    lines = tab.page.request.get(link).text().strip().split("\r\n")
    assert len(lines) <= 2
    tab.press("Clear filters")
    tab.page.wait_for_url(lambda url: "model=" not in url)
    main(tab).to_contain_text("conversations · click a row for details")


def test_who_is_not_there_is_said_so(walking: Window) -> None:
    tab = walking.walk("/tuning?conversation=nobody-by-that-name")
    main(tab).to_contain_text("No conversation with this ID.")
    tab.visit("/tuning?conversation=talk-order&message=none")
    main(tab).to_contain_text("No message with this ID.")
    tab.visit("/tuning?q=qwertzuiop")
    main(tab).to_contain_text("No conversations match")


def test_other_pages_lead_here(walking: Window) -> None:
    tab = walked(walking, "/users?user=talk-ann")
    tab.page.get_by_role("link", name="Open in Tuning").click()
    expect(tab.page.locator("h1")).to_have_text("Where is it?")
    tab.visit("/ai-metrics?request=talk-r")
    tab.page.get_by_role("link", name="Open conversation", exact=False).first.click()
    expect(tab.page.locator("h1")).to_have_text("Where is it?")
