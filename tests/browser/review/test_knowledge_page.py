"""Knowledge in the browser: documents read, changed and imported; memories; feedback with its
conversation.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Route, expect

from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import Account, Program, Tab, Theme, Window
from tests.browser.test_every_page import look_at
from tests.browser.walks import drawn, holds_together, main, walked, walks

NOW = datetime.now(UTC).replace(microsecond=0)
WALKS = walks(Role.ADMIN, Role.REVIEWER, Role.SUPER_ADMIN)
PATHS = (
    "/knowledge",
    "/knowledge?q=zebra",
    "/knowledge?document=known-zebra",
    "/knowledge?document=known-bad",
    "/knowledge?section=memories",
    "/knowledge?section=feedback",
)
HOSTILE = (
    "<script>document.title = 'pwned'</script><img src=x onerror=\"document.title = 'pwned'\">\n\n"
    "![leak](https://elsewhere.example/leak.png) [click me](javascript:alert(1)) <a "
    "href='javascript:alert(1)'>raw</a>\n\n"
    "$5 and $6, made to be \u202edesrever\u202c :red[no] half of \ud83d a "
    "pair\n\n![ref][r]\n\n[r]: https://elsewhere.example/ref.png"
)
ZEBRA = (
    "# How zebras travel\n\nA zebra takes **five days**.\n\n- by train\n- by boat\n\n| a | b "
    "|\n|---|---|\n| 1 | 2 |\n"
)


def at(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def documents() -> Iterator[dict[str, Any]]:
    """Yield one that can be read, one that tries to break out, a draft, and enough others for two
    pages.
    """
    known = {"scope": "zoo", "tags": ["travel", "zebra"], "created_at": at(500)}
    yield {"id": "known-zebra", "title": "How zebras travel", "content": ZEBRA, **known}
    yield {
        "id": "known-bad",
        "title": "<b>Bad</b> **title** \u202e",
        "content": HOSTILE,
        "scope": "<i>bad</i>",
        "created_at": at(90),
    }
    yield {
        "id": "known-draft",
        "title": "A draft of lions",
        "content": "Lions wait.",
        "status": "draft",
        **known,
    }
    for number in range(26):
        content = f"What number {number} says."
        yield {
            "id": f"known-{number}",
            "title": f"Number {number}",
            "content": content,
            "scope": "rest",
            "created_at": at(600),
        }


def conversation() -> dict[str, Any]:
    """Return a conversation of twelve messages, one of them by a model with a name."""
    said = [
        {
            "id": f"k{n}",
            "role": "assistant" if n % 2 else "user",
            "content": f"Known line {n}",
            "created_at": at(30 - n),
        }
        for n in range(12)
    ]
    said[7] |= {"model": "known-small"}
    return {"id": "known-talk", "user_id": "known-ann", "title": "About knowing", "messages": said}


def memories() -> Iterator[dict[str, Any]]:
    """Yield a preference, and a rule that tries to fetch a picture."""
    yield {
        "id": "mem-1",
        "user_id": "known-ann",
        "kind": "preference",
        "content": "Likes <b>zebras</b>",
        "confidence": 0.9,
    }
    yield {
        "id": "mem-2",
        "user_id": "known-ann",
        "kind": "rule",
        "content": "Never by boat ![x](https://elsewhere.example/m.png)",
    }


def feedback() -> Iterator[dict[str, Any]]:
    """Yield one bad rating with words, and five good ones of the days before."""
    about = {
        "conversation_id": "known-talk",
        "message_id": "k7",
        "user_id": "known-ann",
        "created_at": at(1),
        "app": "known",
    }
    yield {
        "id": "known-f",
        "rating": -1,
        "comment": "Not <b>known</b>",
        "edited_text": "Known line seven",
        **about,
    }
    for n in range(1, 6):
        yield {"id": f"known-f{n}", "rating": 5, **about, "created_at": at(60 * 24 * n)}


@pytest.fixture(scope="module", autouse=True)
def rows(program: Program) -> None:
    """Send rows once for all tests of this module, as a program would."""
    program.send(
        "know",
        {
            "conversations": [conversation()],
            "documents": documents(),
            "memories": memories(),
            "feedback": feedback(),
        },
    )


@pytest.fixture(scope="module")
def accounts(program: Program) -> dict[Role, Account]:
    return {role: program.account(role, f"Know{role.replace('_', '')}") for role in Role}


@pytest.mark.parametrize(("role", "theme", "width"), WALKS)
def test_all_of_it_holds_together(
    open_window: OpenWindow, accounts: dict[Role, Account], role: Role, theme: Theme, width: int
) -> None:
    window = open_window(accounts[role], width=width, height=844 if width == 390 else 900)
    for path in PATHS:
        holds_together(window, path, theme)


@pytest.mark.parametrize("path", ["/knowledge?q=zebra", "/knowledge?document=known-zebra"])
def test_nobody_is_shut_out_of_documents(walking: Window, path: str) -> None:
    tab = walked(walking, path)
    look_at(tab)


def test_words_lead_to_a_document_rendered_and_raw(open_window: OpenWindow) -> None:
    tab = open_window().open("/knowledge")
    main(tab).to_contain_text("29 documents")
    field = tab.page.get_by_role("textbox", name="Search")
    field.fill("five zebra")
    field.press("Enter")
    main(tab).to_contain_text("1 document · best match first")
    expect(tab.page.locator(".attune-found mark").first).to_be_visible()
    tab.press("How zebras travel")
    expect(tab.page.locator(".st-key-document-said strong")).to_have_text("five days")
    expect(tab.page.locator(".st-key-document-said table")).to_be_visible()
    tab.page.get_by_role("tab", name="Source").click()
    main(tab).to_contain_text("**five days**")
    tab.press("All documents")
    main(tab).to_contain_text("1 document · best match first")


def test_an_edit_is_shown_in_the_history(
    open_window: OpenWindow, accounts: dict[Role, Account]
) -> None:
    tab = open_window(accounts[Role.ADMIN]).open("/knowledge?document=known-3")
    tab.press("Edit")
    words = tab.page.get_by_role("textbox", name="Content (Markdown)")
    expect(words).to_have_value("What number 3 says.")
    words.fill("What number three says.")
    tab.press("Save changes")
    expect(tab.page.locator(".st-key-document-said")).to_contain_text("What number three says.")
    tab.page.get_by_role("tab", name="History (1)").click()
    main(tab).to_contain_text("Knowadmin edited this document")
    tab.page.locator('[data-testid="stExpander"] summary').first.click()
    expect(tab.page.locator(".attune-diff ins")).to_have_text("three")


def test_a_document_is_made_published_and_deleted(
    open_window: OpenWindow, accounts: dict[Role, Account]
) -> None:
    tab = open_window(accounts[Role.ADMIN]).open("/knowledge")
    tab.press("New document")
    tab.press("Create document")
    tab.page.get_by_text("Enter a title and content.").wait_for()
    tab.page.get_by_role("textbox", name="Title").fill("Made by hand")
    tab.page.get_by_role("textbox", name="Content (Markdown)").fill("By **hand**.")
    tab.press("Create document")
    expect(tab.page.locator("h1")).to_have_text("Made by hand")
    main(tab).to_contain_text("Draft")
    tab.press("Publish")
    # And covers nothing that one may press
    expect(tab.page.get_by_test_id("stToast")).to_be_visible()
    expect(tab.button("Publish")).to_have_count(0)
    tab.press("Delete")
    tab.press("Delete document")
    tab.page.wait_for_url(lambda url: "document=" not in url)
    tab.go("/knowledge?q=hand")
    main(tab).to_contain_text("No documents match")


def test_a_zip_of_markdown_comes_in_once_it_is_there(
    open_window: OpenWindow, accounts: dict[Role, Account]
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as folder:
        folder.writestr("guide/first.md", "# The first guide\n\nfolderish")
        folder.writestr("guide/picture.png", b"no")
    tab = open_window(accounts[Role.ADMIN]).open("/knowledge")
    on_its_way: list[Route] = []
    tab.page.route("**/upload_file/**", lambda route: on_its_way.append(route))
    tab.press("Upload folder")
    tab.page.locator('input[type="file"]').set_input_files(
        FilePayload(name="guide.zip", mimeType="application/zip", buffer=packed.getvalue())
    )
    tab.page.get_by_text("guide.zip").wait_for()
    # Its name is there before the file is
    expect(tab.page.get_by_role("button", name="Upload documents")).to_be_disabled()
    tab.wait_for(lambda: bool(on_its_way))
    on_its_way.pop().continue_()
    tab.press("Upload documents")
    main(tab).to_contain_text("1 document created, 0 updated, 0 unchanged")
    tab.go("/knowledge?document=guide/first.md")
    expect(tab.page.locator("h1").first).to_have_text("The first guide")


def test_what_tries_to_break_out_is_there_to_be_read(walking: Window) -> None:
    tab = walked(walking, "/knowledge?document=known-bad")
    expect(tab.page.locator("h1")).to_have_text("<b>Bad</b> **title**")
    for words in ("<script>document.title", "leak", "made to be desrever", "$5 and $6"):
        main(tab).to_contain_text(words)
    assert tab.page.title() != "pwned"
    assert (
        tab.page.locator(
            ".st-key-document-said :is(script, img, iframe), .st-key-document-said "
            'a[href^="javascript"]'
        ).count()
        == 0
    )
    assert "\u202e" not in tab.page.locator(".stMain").inner_text()


def test_a_memory_is_read_and_deleted(
    open_window: OpenWindow, accounts: dict[Role, Account]
) -> None:
    tab = open_window(accounts[Role.ADMIN]).open("/knowledge?section=memories&q=zebras")
    main(tab).to_contain_text("1 memory")
    pick_first_row(tab)
    expect(tab.page.locator(".st-key-memory-one mark")).to_have_text("zebras")
    expect(tab.drawer).to_contain_text("Likes <b>zebras</b>")
    tab.press("Delete")
    tab.press("Delete memory")
    main(tab).to_contain_text("No memories match")


def test_feedback_has_its_conversation_beside_it(
    open_window: OpenWindow, accounts: dict[Role, Account]
) -> None:
    tab = open_window(accounts[Role.REVIEWER]).open("/knowledge?section=feedback&app=known")
    main(tab).to_contain_text("Ratings by day")
    main(tab).to_contain_text("83.3")
    pick_first_row(tab)
    beside = tab.page.locator(".st-key-feedback-one")
    expect(beside).to_contain_text("Known line 7")
    expect(beside).to_contain_text("Not <b>known</b>")
    tab.press("Add to review queue")
    # A rule adds answers with a thumbs-down by itself, and may have been faster
    tab.page.get_by_text(re.compile("(Added to|Already in) the queue")).wait_for()
    tab.page.get_by_role("link", name="Open conversation").click()
    expect(tab.page.locator("h1")).to_have_text("About knowing")


def test_reviewers_change_nothing_and_analysts_see_nothing(
    open_window: OpenWindow, accounts: dict[Role, Account]
) -> None:
    tab = open_window(accounts[Role.REVIEWER]).open("/knowledge?document=known-zebra")
    drawn(tab.page)
    for name in ("Edit", "Delete", "Publish"):
        expect(tab.button(name)).to_have_count(0)
    tab = open_window(accounts[Role.ANALYST]).open("/overview")
    expect(
        tab.page.get_by_test_id("stSidebar").get_by_role("link", name="Knowledge")
    ).to_have_count(0)


def pick_first_row(tab: Tab) -> None:
    """Click the first row of the last table."""
    drawn(tab.page)
    table = tab.page.get_by_test_id("stDataFrame").last
    tab.click_table(table, 16, 52, partial(expect(tab.drawer).to_have_count, 1, timeout=5000))
