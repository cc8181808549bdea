"""Pages that a role may not open, and unknown addresses, show a page of Attune."""

import re

from playwright.sync_api import expect

from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import Program
from tests.browser.walks import main


def test_a_page_for_other_roles_says_so_and_leads_on(
    open_window: OpenWindow, program: Program
) -> None:
    tab = open_window(program.account(Role.REVIEWER, "Nora")).open("/settings?view=prices")
    main(tab).to_contain_text("You don't have access to this page")
    main(tab).to_contain_text(
        "Your role is Reviewer. Settings is open to: Super admin, Admin. "
        "Send the link to one of them, or ask a super admin to change your role."
    )
    expect(tab.page.get_by_role("dialog")).to_have_count(0)
    tab.page.get_by_role("link", name="Go to Tuning").click()
    main(tab).to_contain_text("Tuning")
    expect(tab.page).to_have_url(re.compile("/tuning$"))


def test_a_mistyped_address_leads_to_the_start_page(open_window: OpenWindow) -> None:
    window = open_window()
    window.tolerates = ("404",)
    page = window.page("/overveiw")
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    page.get_by_role("link", name="Go to the start page").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
