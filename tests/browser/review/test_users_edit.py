"""The user's own edit of an answer is part of a review that is saved right after it was taken."""

import pytest
from playwright.sync_api import expect

from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import Program
from tests.browser.line import Line
from tests.browser.reviewing import (
    annotations,
    at,
    begun_in,
    let_wait,
    next_after,
    response,
)

NAME, EDITED = "quick", "Answer 0, as I would say it."


@pytest.fixture(scope="module", autouse=True)
def rows(program: Program) -> None:
    """Let an answer wait that its user has edited."""
    about = {"conversation_id": f"{NAME}-0", "message_id": f"{NAME}-0-1"}
    said = {"rating": -1, "edited_text": EDITED, "created_at": at(50)}
    let_wait(program, NAME, 1)
    program.send(f"{NAME}-edit", {"feedback": [{"id": f"{NAME}-edit", **about, **said}]})
    asked = {"message_id": f"{NAME}-0-1"}
    program.api.post("/admin/ai/tuning/queue", json=asked).raise_for_status()


def test_a_review_that_is_saved_right_after_the_users_edit_was_taken_has_it(
    open_window: OpenWindow, program: Program
) -> None:
    account = program.account(Role.REVIEWER, "Quinn")
    window = open_window(account)
    line = Line(window)
    tab = begun_in(window)
    while response(tab).input_value() != f"Answer 0 of {NAME}.":  # in order of priority
        before = response(tab).input_value()
        tab.page.keyboard.press("s")
        next_after(tab, before)
    expect(tab.button("Use user's edit")).to_be_visible()
    with line.held():
        tab.page.keyboard.press("a")
        tab.page.keyboard.press("Control+Enter")
    tab.wait_for(lambda: bool(annotations(program, account)))
    [stored] = annotations(program, account)
    assert stored["suggested_response"] == EDITED
    assert stored["annotation_type"] == "correction"
