"""On a phone, buttons stand beside what they act on, name no keys, and texts are whole."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import OWNER, SEEN_AS
from tests.browser.console import Program, Tab, Window
from tests.browser.walks import drawn


@pytest.fixture(scope="module")
def phone(browser: Browser, program: Program) -> Iterator[Tab]:
    with browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, **SEEN_AS
    ) as context:
        Window(program.address, context).let_in(program.cookie(OWNER))
        tab = Tab(context.new_page(), program.address)
        tab.go("/you")
        yield tab


def test_buttons_show_no_keys(phone: Tab) -> None:
    phone.visit("/playground")
    drawn(phone.page)
    expect(phone.page.get_by_role("button", name="New session")).to_be_visible()
    expect(phone.page.locator(".stMain button kbd").filter(visible=True)).to_have_count(0)


def test_all_types_of_files_that_a_field_takes_are_shown(phone: Tab) -> None:
    phone.visit("/datasets")
    phone.press("Import")
    types = phone.drawer.get_by_text("TSV")
    expect(types).to_have_css("white-space", "normal")


def test_a_session_is_signed_out_beside_its_name(phone: Tab) -> None:
    phone.visit("/you")
    row = phone.page.locator('[class*="st-key-row-"]').filter(has=phone.button("Sign out")).first
    shown = row.locator("p, button").filter(visible=True)
    name, button = shown.first.bounding_box(), shown.nth(1).bounding_box()
    assert name is not None
    assert button is not None
    assert button["y"] < name["y"] + name["height"]
