"""The review queue by keyboard: undo step by step, back and forth, without losing anything between
items.
"""

from typing import Any

import pytest
from playwright.sync_api import expect

from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import IDLE, Account, Program
from tests.browser.line import Line
from tests.browser.reviewing import (
    annotations,
    at,
    begun,
    begun_in,
    conversations,
    let_wait,
    next_after,
    response,
)
from tests.browser.walks import main

NAME, TALKS = "ways", 14


@pytest.fixture(scope="module", autouse=True)
def rows(program: Program) -> None:
    """Let items wait for all tests of this module."""
    let_wait(program, NAME, TALKS)


@pytest.fixture(scope="module")
def reviewer(program: Program) -> Account:
    return program.account(Role.REVIEWER, "Wim")


def test_what_was_saved_or_skipped_can_be_undone(
    open_window: OpenWindow, program: Program, reviewer: Account
) -> None:
    tab = begun(open_window, reviewer)
    first, count = response(tab).input_value(), len(annotations(program, reviewer))
    tab.page.keyboard.press("4")
    tab.page.keyboard.press("Control+Enter")
    next_after(tab, first)
    assert len(annotations(program, reviewer)) == count + 1
    tab.page.keyboard.press("u")
    expect(response(tab)).to_have_value(first)
    assert len(annotations(program, reviewer)) == count
    expect(tab.page.get_by_role("radio", name="Approved")).to_be_checked()
    tab.page.keyboard.press("s")
    next_after(tab, first)
    assert len(annotations(program, reviewer)) == count


def test_undo_goes_back_step_by_step(
    open_window: OpenWindow, program: Program, reviewer: Account
) -> None:
    tab = begun(open_window, reviewer)
    count, seen = len(annotations(program, reviewer)), []
    for key in ("4", "3", "s"):
        seen.append(response(tab).input_value())
        if key != "s":
            tab.page.keyboard.press("m")
            tab.page.keyboard.type(f"Because of {key}")
            tab.page.keyboard.press("Escape")
            tab.page.locator(IDLE).wait_for()
            tab.page.keyboard.press(key)
            tab.page.locator(IDLE).wait_for()
        tab.page.keyboard.press(key if key == "s" else "Control+Enter")
        next_after(tab, seen[-1])
    assert len(annotations(program, reviewer)) == count + 2
    for before, original in ((2, seen[2]), (1, seen[1]), (0, seen[0])):
        tab.page.keyboard.press("u")
        expect(response(tab)).to_have_value(original)
        tab.page.locator(IDLE).wait_for()
        assert len(annotations(program, reviewer)) == count + before
    expect(tab.page.get_by_role("radio", name="Approved")).to_be_checked()
    expect(tab.page.get_by_role("textbox", name="Comment")).to_have_value("Because of 4")
    expect(tab.button("Undo")).to_have_count(0)
    for original in seen[:2]:
        tab.page.keyboard.press("Control+Enter")
        next_after(tab, original)
    assert len(annotations(program, reviewer)) == count + 2


def test_what_is_undone_outlives_a_reload(open_window: OpenWindow, reviewer: Account) -> None:
    tab = begun(open_window, reviewer)
    first, comment = response(tab).input_value(), tab.page.get_by_role("textbox", name="Comment")
    tab.page.keyboard.press("m")
    tab.page.keyboard.type("To be undone")
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("4")
    tab.page.keyboard.press("Control+Enter")
    next_after(tab, first)
    tab.page.keyboard.press("u")
    expect(comment).to_have_value("To be undone")
    tab.page.reload()
    tab.wait()
    expect(comment).to_have_value("To be undone")
    tab.page.keyboard.press("s")
    next_after(tab, first)


def test_an_emptied_suggestion_is_no_deletion_of_the_answer(
    open_window: OpenWindow, program: Program
) -> None:
    tab = begun(open_window, program.account(Role.REVIEWER, "Ema"))  # whose draft is left behind
    response(tab).fill("")
    expect(tab.page.locator(".count")).to_have_text("Empty: no response suggested")
    expect(tab.page.locator(".change")).to_be_hidden()
    response(tab).fill("Another answer")
    expect(tab.page.locator(".change ins")).not_to_have_count(0)


def test_the_users_own_edit_is_suggested_by_one_key(
    open_window: OpenWindow, program: Program
) -> None:
    program.send("edits", {"conversations": conversations("edits", 1), "feedback": [edit("edits")]})
    asked = {"message_id": "edits-0-1"}
    program.api.post("/admin/ai/tuning/queue", json=asked).raise_for_status()
    account = program.account(Role.REVIEWER, "Eda")
    tab = begun(open_window, account)
    while response(tab).input_value() != "Answer 0 of edits.":  # in order of priority
        before = response(tab).input_value()
        tab.page.keyboard.press("s")
        next_after(tab, before)
    expect(tab.button("Use user's edit")).to_be_visible()
    tab.page.keyboard.press("a")
    expect(response(tab)).to_have_value("Answer 0, as I would say it.")
    tab.page.locator(IDLE).wait_for()
    tab.page.keyboard.press("Control+Enter")
    main(tab).to_contain_text("1 reviewed by you today")
    [stored] = annotations(program, account)
    assert stored["suggested_response"] == "Answer 0, as I would say it."
    assert stored["annotation_type"] == "correction"


def edit(name: str) -> dict[str, Any]:
    """Return what a user made of the answer of the first conversation of a name."""
    about = {"conversation_id": f"{name}-0", "message_id": f"{name}-0-1"}
    said = {"rating": -1, "edited_text": "Answer 0, as I would say it.", "created_at": at(50)}
    return {"id": f"{name}-edit", **about, **said}


def test_previous_and_next_lead_along_what_one_had(
    open_window: OpenWindow, program: Program, reviewer: Account
) -> None:
    """K goes to what was saved, which is corrected there, and to what was left, with what was
    written; J goes on again.
    """
    tab = begun(open_window, reviewer)
    keys, comment = tab.page.keyboard, tab.page.get_by_role("textbox", name="Comment")
    saved = response(tab).input_value()
    keys.press("3")
    keys.press("Control+Enter")
    next_after(tab, saved)
    left = response(tab).input_value()
    keys.press("m")
    keys.type("Half a thou")
    keys.press("Escape")
    keys.press("j")
    next_after(tab, left)
    third = response(tab).input_value()
    keys.press("k")
    expect(response(tab)).to_have_value(left)
    expect(comment).to_have_value("Half a thou")
    keys.press("k")
    expect(response(tab)).to_have_value(saved)
    main(tab).to_contain_text("Already saved")
    # Though its field was empty when it was drawn
    expect(tab.page.locator(".count")).to_have_text("Unchanged")
    expect(tab.page.locator(".change")).to_be_hidden()
    expect(tab.button("Previous")).to_be_disabled()
    tab.page.locator(IDLE).wait_for()
    keys.press("m")
    keys.type("Seen again")
    keys.press("Control+Enter")
    expect(comment).to_have_value("Half a thou")
    [corrected] = [
        each for each in annotations(program, reviewer) if each["content"] == "Seen again"
    ]
    assert (corrected["annotation_type"], corrected["status"]) == ("flag", "pending")
    tab.page.locator(IDLE).wait_for()
    keys.press("j")
    expect(response(tab)).to_have_value(third)
    tab.page.locator(IDLE).wait_for()
    keys.press("k")
    expect(comment).to_have_value("Half a thou")
    tab.page.locator(IDLE).wait_for()
    keys.press("s")
    next_after(tab, left)


def test_what_is_typed_before_the_next_item_is_there_is_for_that_one(
    open_window: OpenWindow, reviewer: Account
) -> None:
    window = open_window(reviewer)
    line = Line(window)
    tab = begun_in(window)
    first = response(tab).input_value()
    tab.page.keyboard.press("e")
    tab.page.keyboard.press("Control+End")
    tab.page.keyboard.type(" More.")
    with line.held():
        tab.page.keyboard.press("Control+Enter")
        tab.page.keyboard.type("47mToo early")
        tab.page.keyboard.press("Control+Enter")  # what is not on screen yet is not saved
    next_after(tab, first)
    expect(tab.page.get_by_role("textbox", name="Comment")).to_have_value("Too early")
    for name in ("Approved", "Critical"):
        expect(tab.page.get_by_role("radio", name=name)).to_be_checked()
    tab.page.locator(IDLE).wait_for()
