"""Reviewers in the browser: waiting items, how they start, and what is on screen."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenWindow
from tests.browser.console import IDLE, Account, Program, Tab, Window

NOW = datetime.now(UTC).replace(microsecond=0)
FORM, TALK = ".st-key-pane-review-form", ".st-key-pane-review-talk"


def at(minutes: float) -> str:
    """Return when it was so many minutes ago."""
    return (NOW - timedelta(minutes=minutes)).isoformat()


def conversations(name: str, count: int) -> Iterator[dict[str, Any]]:
    """Yield conversations of a name, whose second message was disliked, and one of which nothing
    was thought.
    """
    for number in range(count):
        asked = {
            "id": f"{name}-{number}-0",
            "role": "user",
            "content": f"Question {number}?",
            "created_at": at(100 + number),
        }
        said = {
            "id": f"{name}-{number}-1",
            "role": "assistant",
            "content": f"Answer {number} of {name}.",
        }
        said |= {"created_at": at(99 + number), "model": f"{name}-small"}
        yield {
            "id": f"{name}-{number}",
            "user_id": f"{name}-user-{number}",
            "messages": [asked, said],
        }

    asked = {"id": f"{name}-x-0", "role": "user", "content": "Something else?", "created_at": at(9)}
    said = {"id": f"{name}-x-1", "role": "assistant", "content": "It depends.", "created_at": at(8)}
    yield {"id": f"{name}-x", "messages": [asked, said]}


def dislikes(name: str, count: int) -> Iterator[dict[str, Any]]:
    """Yield what users thought of them."""
    for number in range(count):
        about = {
            "conversation_id": f"{name}-{number}",
            "message_id": f"{name}-{number}-1",
            "created_at": at(50),
        }
        yield {"id": f"{name}-f{number}", "rating": -1, "comment": "<b>No</b>", **about}


def let_wait(program: Program, name: str, count: int) -> None:
    """Send conversations of a name, as a program would, so many of which are to be reviewed."""
    program.api.put(
        "/admin/ai/tuning/settings", json={"double_share": 0, "sample_share": 0}
    ).raise_for_status()
    program.send(
        name, {"conversations": conversations(name, count), "feedback": dislikes(name, count)}
    )


def begun(window_of: OpenWindow, account: Account) -> Tab:
    """Open the queue as the navigation does and take the first item, by its key."""
    return begun_in(window_of(account))


def begun_in(window: Window) -> Tab:
    """Do so in a window that is there already."""
    tab = window.open("/tuning")
    tab.wait_for(lambda: is_filled(tab), within_s=60)
    tab.page.keyboard.press("Control+Enter")
    expect(response(tab)).not_to_have_value("")  # until it arrives
    tab.page.locator(IDLE).wait_for()
    return tab


def is_filled(tab: Tab) -> bool:
    """Whether something waits; until then, look again."""
    if tab.button("Start reviewing").count():
        return True
    tab.page.reload()
    tab.wait()
    return False


def response(tab: Tab) -> Locator:
    """Return the field of the suggested response."""
    return tab.page.get_by_role("textbox", name="Suggested response")


def next_after(tab: Tab, original: str) -> None:
    """Wait until another item is there; for a moment, the one before still is, too."""
    tab.page.locator(IDLE).wait_for()

    def is_there() -> bool:
        shown: list[str] = response(tab).evaluate_all(
            "fields => fields.map((field) => field.value)"
        )
        return len(shown) == 1 and bool(shown[0]) and not shown[0].startswith(original)

    tab.wait_for(is_there)
    tab.page.locator(IDLE).wait_for()


def focus(tab: Tab) -> Locator:
    """Return the message that is judged."""
    return tab.page.locator(f'{TALK} [class*="st-key-focus-"]')


def annotations(program: Program, by: Account | None = None) -> list[dict[str, Any]]:
    """Return what was said, by one reviewer or by all."""
    query = {"limit": "200"} | ({"author": by.id} if by else {})
    found: list[dict[str, Any]] = (
        program.api.get("/admin/ai/tuning/annotations", params=query)
        .raise_for_status()
        .json()["items"]
    )
    return found
