"""Signing in, and being rejected."""

import re
from secrets import token_hex
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Page, expect

from core.identity.schemas import Role
from tests.browser.conftest import OWNER, OpenWindow
from tests.browser.console import Account, Program, Tab, Window


def sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def expect_sign_in_page(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sign in to Attune")).to_be_visible()
    assert urlsplit(page.url).path == "/login"


@pytest.fixture
def visitor(open_window: OpenWindow) -> Window:
    """Open the window of somebody who has not signed in."""
    window = open_window(None)
    window.context.clear_cookies()
    return window


@pytest.fixture(scope="module")
def maria(program: Program) -> Account:
    """Return an admin."""
    return program.account(Role.ADMIN, "Maria")


@pytest.fixture
def marias(open_window: OpenWindow, program: Program, maria: Account) -> Window:
    """Open the admin's window, with a session of its own."""
    window = open_window(maria)
    window.let_in(program.new_cookie(maria))
    return window


def test_one_lands_on_the_address_first_asked_for(visitor: Window) -> None:
    page = visitor.page("/accounts?section=Audit&action=session.sign_in")
    expect_sign_in_page(page)
    sign_in(page, OWNER.email, OWNER.password)
    expect(page.get_by_role("heading", name="Accounts")).to_be_visible()
    expect(page.get_by_role("radio", name="Audit")).to_be_checked()
    expect(page.get_by_label("Action")).to_have_value("session.sign_in")
    assert urlsplit(page.url).path == "/accounts"
    assert "action=session.sign_in" in page.url


def test_the_front_page_leads_to_the_first_page(visitor: Window) -> None:
    page = visitor.page("/")
    sign_in(page, OWNER.email, OWNER.password)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert urlsplit(page.url).path == "/overview"


def test_a_wrong_password_is_said_in_words_and_the_email_stays(visitor: Window) -> None:
    visitor.tolerates = ("status of 401",)
    page = visitor.page("/login")
    sign_in(page, "somebody@example.com", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("Wrong email or password")
    expect(page.get_by_label("Email")).to_have_value("somebody@example.com")
    expect(page.get_by_label("Password")).to_have_value("")
    expect(page.get_by_label("Password")).to_be_focused()


@pytest.mark.parametrize(
    "path",
    ["/playground", "/settings", "/accounts", "/you", "/home", "/nowhere", "/pages/console.py"],
)
def test_without_signing_in_every_address_is_the_sign_in_page(visitor: Window, path: str) -> None:
    expect_sign_in_page(visitor.page(path))


def test_nobody_is_led_elsewhere_by_a_link_to_our_sign_in(visitor: Window) -> None:
    page = visitor.page("/login?next=//elsewhere.example/")
    sign_in(page, OWNER.email, OWNER.password)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_an_invitation_leads_a_reviewer_to_the_queue_and_their_own_account(
    window: Window, visitor: Window
) -> None:
    tab = window.open("/accounts")
    tab.press("Invite account")
    dialog = tab.page.get_by_role("dialog", name="Invite account")
    dialog.get_by_label("Email").fill(f"rita-{token_hex(3)}@example.com")
    dialog.get_by_role("button", name="Create invitation").click()
    expect(dialog).to_contain_text("Enter a name.")
    dialog.get_by_label("Name").fill("Rita")
    tab.confirm("Invite account", "Create invitation")
    shown = tab.page.get_by_test_id("stCode")
    expect(shown).to_contain_text("/welcome/")
    link = shown.inner_text().strip()
    tab.press("Done")
    expect(shown).to_have_count(0)

    page = visitor.page(urlsplit(link).path)
    page.get_by_label("New password").fill("a password for Rita")
    page.get_by_label("Confirm password").fill("a password for Rita")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name="Tuning")).to_be_visible()
    links = page.get_by_test_id("stSidebar").get_by_role("link")
    expect(links).to_have_text(
        [re.compile(f"{name}$") for name in ("Tuning", "Knowledge", "Tickets", "Rita")]
    )

    visitor.tolerates = ("status of 404",)
    page.goto(link)
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()


def test_an_address_that_a_role_may_not_see_shows_nothing_of_its_page(
    open_window: OpenWindow, program: Program
) -> None:
    analyst = open_window(program.account(Role.ANALYST, "Anna"))
    for path, words in {
        "/settings": "Default prompt",
        "/accounts": "Audit",
        "/playground": "System prompt",
    }.items():
        tab = analyst.walk(path)
        expect(tab.page.locator("h1")).to_have_text("You don't have access to this page")
        expect(tab.page.get_by_text(words)).to_have_count(0)


def test_signing_out_shuts_every_tab(marias: Window, program: Program) -> None:
    marias.tolerates = ("WebSocket", "status of 401")
    settings, playground, last = (
        marias.open("/settings"),
        marias.open("/playground"),
        marias.open("/you"),
    )
    last.page.get_by_test_id("stSidebar").get_by_role("button", name="Sign out").click()
    expect_sign_in_page(last.page)
    # The playground hears of it by itself; elsewhere the next click leads out.
    expect_sign_in_page(playground.page)
    settings.page.get_by_role("textbox", name="Default prompt").fill(
        "Changed by somebody who is out"
    )
    settings.press("Save")
    expect_sign_in_page(settings.page)
    assert "somebody who is out" not in program.api.get("/admin/settings").text
    settings.page.goto(f"{marias.address}/playground")
    expect_sign_in_page(settings.page)


def test_a_dialog_of_a_session_that_was_ended_changes_nothing(
    marias: Window, program: Program, maria: Account
) -> None:
    marias.tolerates = ("WebSocket", "status of 401")
    tab = marias.open("/settings?section=Providers")
    tab.press("Add provider")
    dialog = tab.page.get_by_role("dialog", name="Add provider")
    dialog.get_by_role("textbox", name="Name").fill("sneaked-in")
    with tab.rerun("part"):  # a run that comes after the end leads out by itself
        dialog.get_by_role("textbox", name="Name").press("Tab")
    end_sessions(program, maria)
    dialog.get_by_role("button", name="Save and test").click()
    expect_sign_in_page(tab.page)
    assert "sneaked-in" not in program.api.get("/admin/providers").text


def test_an_account_that_is_disabled_is_led_out_in_the_middle_of_a_page(
    marias: Window, program: Program, maria: Account
) -> None:
    marias.tolerates = ("WebSocket", "status of 401")
    tab = marias.open()
    tab.begin_answer()
    end_sessions(program, maria)
    expect_sign_in_page(tab.page)


def test_what_was_asked_for_comes_back_after_signing_in_again(
    marias: Window, program: Program, maria: Account
) -> None:
    marias.tolerates = ("WebSocket", "status of 401")
    tab = marias.open("/accounts?section=Audit")
    end_sessions(program, maria)
    tab.page.get_by_label("Action").fill("session.end")
    tab.page.get_by_label("Action").press("Enter")
    expect_sign_in_page(tab.page)
    sign_in(tab.page, maria.email, maria.password)
    expect(tab.page.get_by_role("heading", name="Accounts")).to_be_visible()
    expect(tab.page.get_by_role("radio", name="Audit")).to_be_checked()


def test_a_password_that_is_changed_ends_the_other_sessions(
    open_window: OpenWindow, program: Program
) -> None:
    paul = program.account(Role.REVIEWER, "Paul")
    elsewhere = program.new_cookie(paul)
    tab: Tab = open_window(paul).open("/you")
    tab.page.get_by_label("Current password").fill(paul.password)
    tab.page.get_by_label("New password", exact=True).fill("another password")
    tab.page.get_by_label("Confirm new password").fill("another passw0rd")
    tab.press("Change password")
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("don't match")
    tab.page.get_by_label("Current password").fill(paul.password)
    tab.page.get_by_label("New password", exact=True).fill("another password")
    tab.page.get_by_label("Confirm new password").fill("another password")
    tab.press("Change password")
    expect(tab.page.get_by_test_id("stToast").filter(has_text="Password changed")).to_be_visible()
    expect(tab.page.locator('[class*="st-key-end-"]')).to_have_count(0)
    headers = {"Cookie": f"attune={elsewhere}"}
    assert (
        httpx2.get(
            f"{program.address}/api/v1/admin/auth/me", headers=headers, trust_env=False, timeout=30
        ).status_code
        == 401
    )


def end_sessions(program: Program, account: Account) -> None:
    """Disable an account, as a super_admin does, and enable it again."""
    for is_active in (False, True):
        program.api.patch(
            f"/admin/accounts/{account.id}", json={"is_active": is_active}
        ).raise_for_status()
