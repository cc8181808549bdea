"""Users in the browser: search, filters, and the journey of one user."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from core.activity.queries.funnels.funnel import STEPS
from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import Account, Program, Theme, Window
from tests.browser.test_every_page import look_at
from tests.browser.walks import WALKS, drawn, holds_together, main, walked, wide

NOW = datetime.now(UTC).replace(microsecond=0)
BEGAN = (NOW - timedelta(days=40)).replace(hour=8, minute=0, second=0)


def at(minutes: float) -> str:
    return (BEGAN + timedelta(minutes=minutes)).isoformat()


def events() -> Iterator[dict[str, Any]]:
    """Yield a user who dropped after an error, some others, and a visitor without a name."""
    for number, name in enumerate(STEPS[:2]):
        named = {"user_id": "people-ann"} if number else {}
        yield {
            "id": f"people-{number}",
            "event_type": name,
            "session_id": "people-s1",
            "created_at": at(number * 5),
            **named,
        }
    failed = {"error_code": "card_declined", "error_message": "The <b>bank</b> said no"}
    yield {
        "id": "people-e",
        "event_type": "onboarding.portfolio_error",
        "user_id": "people-ann",
        "created_at": at(9),
        **failed,
    }
    for number in range(60):
        yield {
            "id": f"people-other-{number}",
            "event_type": STEPS[0],
            "user_id": f"people-other-{number:02}",
            "created_at": at(-60 + number),
        }
    yield {
        "id": "people-v",
        "event_type": STEPS[0],
        "session_id": "people-visitor",
        "created_at": at(2),
    }


@pytest.fixture(scope="module")
def rows(program: Program) -> None:
    talk = {
        "id": "people-c",
        "user_id": "people-ann",
        "title": "A card that was declined",
        "created_at": at(7),
    }
    said = {
        "id": "1",
        "role": "user",
        "content": "Why was my card **declined**?",
        "created_at": at(7),
    }
    ann = {
        "id": "people-ann",
        "email": "ann@people.example",
        "display_name": "Ann People",
        "traits": {"plan": "pro"},
    }
    rated = {
        "id": "people-f",
        "user_id": "people-ann",
        "conversation_id": "people-c",
        "rating": -1,
        "comment": "No help",
    }
    sent = {
        "events": list(events()),
        "users": [ann],
        "conversations": [talk | {"messages": [said]}],
        "feedback": [rated | {"created_at": at(8)}],
    }
    program.show("people", sent)


@pytest.fixture(scope="module")
def accounts(program: Program) -> dict[Role, Account]:
    """Make somebody of each role that walks."""
    return program.accounts(Role, "People")


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("role", "theme", "width"), WALKS)
def test_list_and_journey_hold_together(
    open_window: OpenWindow, accounts: dict[Role, Account], role: Role, theme: Theme, width: int
) -> None:
    window = wide(open_window, accounts[role], width)
    for path in (
        "/users?q=people",
        "/users?anonymous=true",
        "/users?user=people-ann",
        "/users?session=people-visitor",
    ):
        holds_together(window, path, theme)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("path", ["/users", "/users?user=people-ann"])
def test_nobody_is_shut_out_of_users(walking: Window, path: str) -> None:
    tab = walked(walking, path)
    look_at(tab)


@pytest.mark.usefixtures("rows")
def test_search_finds_by_name_address_and_id_and_stands_in_the_address(
    walking: Window,
) -> None:
    tab = walked(walking, "/users")
    for wanted, count in (
        ("Ann Peo", "1 user ·"),
        ("ann@people", "1 user ·"),
        ("people-other", "60 users ·"),
    ):
        field = tab.page.get_by_role("textbox", name="Search")
        field.fill(wanted)
        field.press("Enter")
        main(tab).to_contain_text(count)
    assert "q=people-other" in tab.page.url
    tab.page.reload()
    tab.wait()
    main(tab).to_contain_text("60 users ·")
    tab.page.get_by_role("button", name="Clear filters").click()
    tab.page.wait_for_url(lambda url: "q=" not in url)


@pytest.mark.usefixtures("rows")
def test_pages_and_the_file_of_all_of_them_are_made_by_the_server(walking: Window) -> None:
    tab = walked(walking, "/users?q=people-other&sort=external_id")
    link = str(tab.page.get_by_role("link", name="CSV").evaluate("e => e.href"))
    lines = tab.page.request.get(link).text().strip().split("\r\n")
    assert len(lines) == 61
    assert sorted(line.split(",")[1] for line in lines[1:]) == [
        f"people-other-{number:02}" for number in range(60)
    ]
    main(tab).to_contain_text("60 users ·")
    expect(tab.page.get_by_test_id("stPagination")).to_contain_text("3")


@pytest.mark.usefixtures("rows")
def test_a_journey_says_what_happened_and_why_it_counts_as_dropped(walking: Window) -> None:
    tab = walked(walking, "/users?user=people-ann")
    for words in (
        "Ann People",
        "Dropped: step",
        "step 3 (onboarding.login_success) was not reached within 30 days",
        "anonymous",
        "step 2 reached",
        "card_declined",
        "The <b>bank</b> said no",
        "Thumbs-down",
        "A card that was declined",
    ):
        main(tab).to_contain_text(words)
    tab.press("Show messages")
    main(tab).to_contain_text("Why was my card declined?")
    tab.press("Hide messages")
    main(tab).not_to_contain_text("Why was my card declined?")
    tab.press("All users")
    tab.page.get_by_role("heading", name="Users").wait_for()


@pytest.mark.usefixtures("rows")
def test_words_are_not_for_analysts(open_window: OpenWindow, accounts: dict[Role, Account]) -> None:
    tab = open_window(accounts[Role.ANALYST]).open("/users?user=people-ann")
    drawn(tab.page)
    main(tab).to_contain_text("Your role can't read messages.")
    main(tab).not_to_contain_text("A card that was declined")
    main(tab).not_to_contain_text("No help")
    expect(tab.button("Show messages")).to_have_count(0)


@pytest.mark.usefixtures("rows")
def test_visitors_without_a_name_have_journeys_too(walking: Window) -> None:
    tab = walked(walking, "/users")
    tab.page.get_by_text("Anonymous sessions").click()
    tab.page.wait_for_url("**anonymous=true**")
    drawn(tab.page)
    main(tab).to_contain_text("session")
    tab.visit("/users?session=people-visitor")
    drawn(tab.page)
    main(tab).to_contain_text("Dropped: step")


def test_who_is_not_there_is_said_so(walking: Window) -> None:
    tab = walking.walk("/users?user=nobody-by-that-name")
    main(tab).to_contain_text("No user with this ID.")
    tab.visit("/users?q=nobody-by-that-name")
    main(tab).to_contain_text("No users match")
    tab.page.get_by_role("button", name="Clear filters").last.click()
    tab.page.wait_for_url(lambda url: "q=" not in url)
