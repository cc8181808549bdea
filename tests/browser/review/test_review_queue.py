"""The review queue in the browser: by keyboard alone, and typed text is kept."""

import re

import pytest
from playwright.sync_api import expect

from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import IDLE, Account, Program
from tests.browser.geometry import cut_off, overlapping
from tests.browser.reviewing import FORM, annotations, begun, focus, let_wait, next_after, response
from tests.browser.test_every_page import look_at
from tests.browser.walks import drawn, main

NAME, TALKS = "rq", 30


@pytest.fixture(scope="module", autouse=True)
def rows(program: Program) -> None:
    """Let items wait for all tests of this module."""
    let_wait(program, NAME, TALKS)


@pytest.fixture(scope="module")
def reviewer(program: Program) -> Account:
    return program.account(Role.REVIEWER, "Rae")


@pytest.mark.parametrize("items", [6, pytest.param(20, marks=pytest.mark.prove)])
def test_items_one_after_the_other_without_the_mouse(
    open_window: OpenWindow, program: Program, items: int
) -> None:
    reviewer = program.account(Role.REVIEWER, "Kay")
    tab = begun(open_window, reviewer)
    keys = tab.page.keyboard
    seen = []
    for number in range(items):
        original = response(tab).input_value()
        expect(focus(tab)).to_contain_text(original)
        expect(focus(tab)).to_be_focused()  # so that screen readers read it
        seen.append(original)
        keys.press(str(1 + number % 2))
        keys.press("6")
        keys.press("e")
        expect(response(tab)).to_be_focused()
        keys.press("Control+End")
        keys.type(f" Said better, {number}js?")
        keys.press("Control+Enter")
        main(tab).to_contain_text(f"{number + 1} reviewed by you today")
        next_after(tab, original)
    assert len(set(seen)) == items
    stored = {each["suggested_response"]: each for each in annotations(program, reviewer)}
    assert set(stored) == {
        f"{original} Said better, {number}js?" for number, original in enumerate(seen)
    }
    assert {each["severity"] for each in stored.values()} == {"moderate"}
    assert {each["annotation_type"] for each in stored.values()} == {"correction", "improvement"}


def test_a_change_is_shown_while_it_is_typed_and_outlives_a_reload(
    open_window: OpenWindow, reviewer: Account
) -> None:
    tab = begun(open_window, reviewer)
    tab.page.keyboard.press("2")  # the page is drawn anew meanwhile
    tab.page.keyboard.press("e")
    tab.page.keyboard.press("Control+End")
    tab.page.keyboard.type(" Half a sen")
    tab.page.locator(IDLE).wait_for()
    expect(tab.page.locator(f"{FORM} ins")).to_have_text("Half a sen")
    written = response(tab).input_value()
    tab.page.reload()
    tab.wait()
    expect(response(tab)).to_have_value(written)
    expect(tab.page.locator(f"{FORM} ins")).to_have_text("Half a sen")
    tab.page.keyboard.press("s")
    next_after(tab, written)


def test_without_a_type_nothing_is_saved_and_keys_can_be_switched_off(
    open_window: OpenWindow, reviewer: Account
) -> None:
    tab = begun(open_window, reviewer)
    first = response(tab).input_value()
    tab.page.keyboard.press("Control+Enter")
    expect(tab.page.get_by_text("Choose a type")).to_be_visible()
    expect(response(tab)).to_have_value(first)
    tab.page.keyboard.press("?")
    dialog = tab.page.get_by_role("dialog", name="Keyboard shortcuts")
    dialog.get_by_text("Single-key shortcuts").click()
    dialog.wait_for(state="detached")
    expect(tab.page.locator(f"{FORM} kbd")).to_have_text(["Ctrl + Enter"])
    tab.page.locator(IDLE).wait_for()
    tab.page.keyboard.press("s")
    tab.page.keyboard.press("e")
    expect(response(tab)).not_to_be_focused()
    expect(response(tab)).to_have_value(first)


def test_a_selection_is_approved_at_once(open_window: OpenWindow, program: Program) -> None:
    tab = open_window().open("/tuning?view=queue")
    count = len(annotations(program))
    main(tab).to_contain_text("Waiting for review")
    tab.wait()
    rows = tab.page.get_by_test_id("stDataFrame").first.locator("tbody tr")
    expect(rows.nth(3)).to_be_attached()
    last = min(rows.count(), 11)  # the first ones may be in somebody's hands
    for number, row in enumerate((last - 1, last), 1):
        tab.select_row(row)
        expect(tab.button(f"Approve {number}")).to_be_visible()
    texts = tab.page.locator(".st-key-review-texts")
    expect(texts.get_by_text("Question: Question")).to_have_count(2)
    expect(texts.locator(".attune-markdown")).to_have_text([re.compile(r"Answer \d+ of \w+\.")] * 2)
    tab.press("Approve 2")
    expect(tab.page.get_by_text("2 messages approved")).to_be_visible()
    approved = [each for each in annotations(program) if each["annotation_type"] == "approved"]
    assert len(annotations(program)) == count + 2
    assert len(approved) >= 2


def test_a_document_is_made_of_an_annotation_and_stands_with_it(
    open_window: OpenWindow, program: Program
) -> None:
    note = {
        "message_id": "rq-28-1",
        "annotation_type": "improvement",
        "content": "Say **when**",
        "tags": ["for the help"],
    }
    program.api.post("/admin/ai/tuning/annotations", json=note).raise_for_status()
    tab = open_window().open("/tuning?view=annotations&tag=for+the+help")
    main(tab).to_contain_text("1 annotation")
    tab.open_row(1)
    tab.press("Create document")
    expect(tab.page.get_by_role("textbox", name="Content (Markdown)")).to_have_value("Say **when**")
    tab.press("Propose document")
    expect(tab.page.get_by_role("dialog")).to_contain_text("Enter a title and content.")
    tab.page.get_by_role("textbox", name="Title").fill("When it arrives")
    expect(tab.page.get_by_role("textbox", name="Content (Markdown)")).to_have_value("Say **when**")
    tab.press("Propose document")
    expect(tab.drawer).to_contain_text("Document: When it arrives (draft)")
    [made] = program.api.get("/admin/ai/knowledge/documents?status=draft&q=arrives").json()["items"]
    assert made["title"] == "When it arrives"
    assert made["tags"] == ["for the help"]


def test_an_annotation_is_read_moved_on_and_stands_in_its_conversation(
    open_window: OpenWindow, program: Program
) -> None:
    note = {
        "message_id": "rq-29-1",
        "annotation_type": "flag",
        "content": "Look <b>here</b>",
        "tags": ["odd one"],
    }
    program.api.post("/admin/ai/tuning/annotations", json=note).raise_for_status()
    tab = open_window().open("/tuning?view=annotations&tag=odd+one")
    main(tab).to_contain_text("1 annotation")
    tab.open_row(1)
    expect(tab.drawer).to_contain_text("Look <b>here</b>")
    expect(tab.drawer).to_contain_text("Answer 29 of rq.")  # the message that it is about
    tab.press("Mark as reviewed")
    expect(tab.button("Mark as applied")).to_be_visible()
    [stored] = program.api.get("/admin/ai/tuning/annotations?tag=odd+one").json()["items"]
    assert stored["status"] == "reviewed"
    tab.press("Open conversation")
    expect(tab.page.locator('[class*="st-key-focus-"]')).to_contain_text("Look <b>here</b>")


def test_an_annotation_is_edited_where_it_is_listed_and_in_its_conversation(
    open_window: OpenWindow, program: Program
) -> None:
    note = {
        "message_id": "rq-27-1",
        "annotation_type": "flag",
        "content": "At frst",
        "tags": ["to edit"],
    }
    other = {**note, "message_id": "rq-24-1"}
    program.api.post("/admin/ai/tuning/annotations", json=other).raise_for_status()
    made = program.api.post("/admin/ai/tuning/annotations", json=note).raise_for_status().json()
    tab = open_window().open("/tuning?view=annotations&tag=to+edit")
    tab.open_row(1)
    expect(tab.button("Next")).to_be_visible()
    tab.press("Edit")
    expect(tab.button("Next")).to_have_count(0)  # what is written would be lost
    expect(response(tab)).to_have_value("Answer 27 of rq.")
    heard, keys = tab.drawer.get_by_text("Unchanged"), tab.page.keyboard
    expect(heard).to_be_visible()
    keys.press("e")
    expect(response(tab)).to_be_focused()
    keys.press("Escape")
    expect(response(tab)).not_to_be_focused()
    keys.press("1")
    expect(tab.page.get_by_role("radio", name="Correction")).to_be_checked()

    def is_written() -> bool:  # a choice may draw the drawer anew, which undoes what was typed
        expect(response(tab)).to_be_visible()
        keys.press("e")
        response(tab).fill("Answer 27 of rq. And so on")
        return tab.page.locator("ins").is_visible()

    tab.wait_for(is_written)
    expect(tab.page.locator("ins")).to_have_text("And so on")
    keys.press("Control+Enter")
    expect(tab.drawer).to_contain_text("1 change")
    expect(tab.drawer).to_contain_text("Correction")
    tab.press("Open conversation")
    card = tab.page.locator(f".st-key-annotation-{made['id']}")
    expect(card.locator("ins").first).to_have_text("And so on")
    card.get_by_role("button", name="Edit").click()
    comment = card.get_by_role("textbox", name="Comment")
    expect(comment).to_have_value("At frst")  # a field is empty until its value arrives
    comment.fill("At first")
    card.get_by_role("button", name="Save changes").click()
    expect(card).to_contain_text("At first")
    expect(card).to_contain_text("2 changes")
    stored = program.api.get(f"/admin/ai/tuning/annotations/{made['id']}").json()
    assert (stored["annotation_type"], stored["content"]) == ("correction", "At first")
    assert stored["suggested_response"] == "Answer 27 of rq. And so on"


def test_what_others_have_said_a_reviewer_reads_and_does_not_edit(
    open_window: OpenWindow, program: Program
) -> None:
    note = {
        "message_id": "rq-26-1",
        "annotation_type": "flag",
        "content": "Not yours",
        "tags": ["hands off"],
    }
    program.api.post("/admin/ai/tuning/annotations", json=note).raise_for_status()
    # With no review of their own in this conversation
    newcomer = program.account(Role.REVIEWER, "Newcomer")
    tab = open_window(newcomer).open("/tuning?view=annotations&tag=hands+off")
    tab.open_row(1)
    expect(tab.button("Open conversation")).to_be_visible()
    expect(tab.button("Edit")).to_have_count(0)
    tab.press("Open conversation")
    main(tab).to_contain_text("Not yours")
    expect(tab.button("Edit")).to_have_count(0)


@pytest.mark.parametrize(
    "path", ["/tuning?view=queue&working=yes", "/tuning?view=queue", "/tuning?view=annotations"]
)
def test_nobody_is_shut_out_and_it_fits(
    open_window: OpenWindow, reviewer: Account, path: str
) -> None:
    tab = open_window(reviewer).open(path)
    drawn(tab.page)
    assert not cut_off(tab.page)
    assert not overlapping(tab.page)
    look_at(tab)
