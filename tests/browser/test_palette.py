"""The command palette and the list of keyboard shortcuts."""

import re

from playwright.sync_api import Page, expect

from core.identity.schemas import Role
from core.platform import clock
from tests.browser.console import Program, Window

# Whether the key has opened it before the next frame
IS_OPEN_AT_ONCE = """() => {
    dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true }));
    return document.getElementById('attune-palette').open;
}"""


def wait_for_keys(page: Page) -> None:
    """Wait until the page has made the palette, and with that hears the keys."""
    expect(page.locator("#attune-palette")).to_be_attached()


def open_palette(page: Page) -> None:
    wait_for_keys(page)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search", exact=True)).to_be_focused()


def test_ctrl_k_opens_the_palette_at_once_and_enter_goes_to_the_page(walking: Window) -> None:
    tab = walking.walk("/overview")
    page = tab.page
    wait_for_keys(page)
    assert page.evaluate(IS_OPEN_AT_ONCE)
    page.keyboard.type("ai met")
    options = page.locator("#attune-palette").get_by_role("option")
    expect(options).to_have_text([re.compile("AI metrics")])
    page.keyboard.press("Enter")
    page.wait_for_url("**/ai-metrics**")
    expect(page.locator("#attune-palette")).to_be_hidden()


def test_a_user_and_a_run_are_found_by_name_and_opened(walking: Window, program: Program) -> None:
    run = {
        "batch_run_id": "palette-run",
        "started_at": clock.now().isoformat(),
        "status": "completed",
    }
    program.send(
        "palette",
        {
            "users": [{"id": "palette-user", "display_name": "Paula Palette"}],
            "batch-runs": [run],
        },
    )
    tab = walking.walk("/you")
    page = tab.page
    open_palette(page)
    page.keyboard.type("paula")
    option = page.get_by_role("option", name="Paula Palette")
    expect(option).to_contain_text("palette-user")
    option.click()
    page.wait_for_url("**/users?user=**")
    expect(page.get_by_text("Paula Palette").first).to_be_visible()
    tab.wait()
    open_palette(page)
    page.keyboard.type("palette-r")
    expect(page.get_by_role("option")).to_contain_text("palette-run")
    page.keyboard.press("Enter")
    page.wait_for_url("**/batch-history?run=palette-run**")


def test_arrow_keys_choose_and_words_without_a_match_say_so(walking: Window) -> None:
    page = walking.walk("/you").page
    open_palette(page)
    first = page.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.type("<b>nothing</b>")
    expect(page.locator("#attune-palette")).to_contain_text('No results for "<b>nothing</b>"')
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#attune-palette")).to_be_hidden()
    assert page.url.endswith("/you")


def test_actions_open_their_dialogs(walking: Window) -> None:
    tab = walking.walk("/you")
    for words, title in (("new api", "Create API key"), ("invite", "Invite account")):
        open_palette(tab.page)
        tab.page.keyboard.type(words)
        tab.page.keyboard.press("Enter")
        expect(tab.page.get_by_role("dialog")).to_contain_text(title)
        assert "action=" not in tab.page.url
        tab.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        expect(tab.page.get_by_role("dialog")).to_have_count(0)
        tab.wait()


def test_an_analyst_is_offered_only_their_pages(window: Window, program: Program) -> None:
    analyst = program.account(Role.ANALYST, "Palettist")
    window.context.clear_cookies()
    window.let_in(program.cookie(analyst))
    try:
        page = window.open("/overview").page
        open_palette(page)
        shown = " ".join(page.get_by_role("option").all_inner_texts())
    finally:
        window.let_in(program.cookie(program.owner))
    assert "Onboarding" in shown
    for hidden in ("Settings", "Accounts", "Playground", "Invite", "API key"):
        assert hidden not in shown


def test_a_question_mark_lists_the_shortcuts_of_the_page_but_not_while_one_types(
    window: Window,
) -> None:
    tab = window.open()
    page = tab.page
    page.locator("h1").click()
    wait_for_keys(page)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Search pages, objects and actions")
    expect(keys).to_contain_text("New session")
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    page.get_by_test_id("stChatInputTextArea").click()
    page.keyboard.type("?")
    expect(page.get_by_test_id("stChatInputTextArea")).to_have_value("?")
    expect(keys).to_have_count(0)


def test_the_palette_opens_over_a_drawer_and_keeps_the_focus(
    walking: Window, program: Program
) -> None:
    run = {
        "batch_run_id": "drawn",
        "started_at": clock.now().isoformat(),
        "status": "completed",
    }
    program.show("drawer", {"batch-runs": [run]})
    page = walking.walk("/batch-history?run=drawn").page
    expect(page.get_by_role("dialog")).to_be_visible()
    open_palette(page)
    page.keyboard.type("overv")
    expect(page.get_by_role("combobox", name="Search", exact=True)).to_have_value("overv")
    page.keyboard.press("Enter")
    page.wait_for_url("**/overview")


def test_the_sidebar_leads_to_both_by_mouse(walking: Window) -> None:
    page = walking.walk("/you").page
    page.get_by_role("button", name="Search Ctrl K").click()
    expect(page.locator("#attune-palette")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
