"""Usage in a browser: full and empty, narrow and dark, with an estimate of the monthly cost."""

from functools import partial

import pytest
from playwright.sync_api import Page, expect

from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import Account, Program, Theme, Window
from tests.browser.test_every_page import look_at
from tests.browser.walks import holds_together, main, walked, walks, wide

FULL, EMPTY = "/usage?days=7", "/usage?start=2026-01-01&end=2026-01-03"


@pytest.fixture(scope="module")
def calls(program: Program) -> None:
    """Make calls with two models."""
    for model in ("fake:echo", "fake:echo", "fake:plain"):
        call = {"model_id": model, "prompt": "Hello", "parameters": {"max_tokens": 50}}
        program.api.post("/prompts/execute", json=call).raise_for_status()


@pytest.fixture(scope="module")
def accounts(program: Program) -> dict[Role, Account]:
    return program.accounts((Role.SUPER_ADMIN, Role.ADMIN), "Usage")


def has_charts(page: Page) -> None:
    expect(page.locator(".js-plotly-plot")).to_have_count(2)


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(
    ("role", "theme", "width"), walks(Role.SUPER_ADMIN, Role.ADMIN, Role.ADMIN)
)
def test_usage_holds_together(
    open_window: OpenWindow, accounts: dict[Role, Account], role: Role, theme: Theme, width: int
) -> None:
    window = wide(open_window, accounts[role], width)
    holds_together(window, FULL, theme, has_charts)
    holds_together(window, EMPTY, theme)


@pytest.mark.usefixtures("calls")
def test_nobody_is_shut_out_of_usage(walking: Window) -> None:
    tab = walked(walking, FULL)
    look_at(tab)


@pytest.mark.usefixtures("calls")
def test_usage_is_grouped_downloaded_and_led_to_its_row(walking: Window) -> None:
    tab = walked(walking, FULL)
    tab.choose("Group by", "By account")
    main(tab).to_contain_text("By account")
    with tab.page.expect_download() as download:
        tab.page.get_by_role("link", name="Export CSV").click()
    assert download.value.path().read_text().startswith("id,name,")
    tab.choose("Group by", "By project")
    main(tab).to_contain_text("set in the details of a playground session")
    tab.choose("Group by", "By day")
    main(tab).to_contain_text("newest first")
    tab.wait()  # until the table of projects is gone
    table = tab.page.get_by_test_id("stDataFrame").first
    tab.click_table(table, 60, 51, partial(main(tab).to_contain_text, "By model", timeout=5000))


def test_a_monthly_cost_is_estimated(walking: Window) -> None:
    tab = walked(walking, EMPTY)
    tab.choose("Models", "fake:echo")
    tab.page.keyboard.press("Escape")  # the list stays open for more
    tab.page.get_by_role("radio", name="Text", exact=True).click()
    tab.wait()
    text = tab.page.get_by_role("textbox", name="User text")
    text.fill("x" * 400)
    text.blur()
    main(tab).to_contain_text("Enter the tokens of an answer")
    answer = tab.page.get_by_role("spinbutton", name="Output tokens per call")
    answer.fill("50")
    answer.blur()
    main(tab).to_contain_text("100 tokens in (by the length of the text) and 50 tokens out")
