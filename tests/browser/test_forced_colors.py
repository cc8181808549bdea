"""With colors that the system forces, the chosen period can be seen."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import OWNER
from tests.browser.console import Program, Tab, Window
from tests.browser.walks import drawn

GROUNDS = """buttons => buttons.map(
    button => [button.dataset.selected === 'true', getComputedStyle(button).backgroundColor])"""


def test_the_chosen_period_has_a_ground_of_its_own(browser: Browser, program: Program) -> None:
    context = browser.new_context(forced_colors="active", reduced_motion="reduce")
    Window(program.address, context).let_in(program.cookie(OWNER))
    tab = Tab(context.new_page(), program.address)
    tab.go("/ai-metrics")
    drawn(tab.page)
    expect(tab.page.locator('.stButtonGroup button[data-selected="true"]')).not_to_have_count(0)
    grounds = tab.page.locator(".stButtonGroup button").evaluate_all(GROUNDS)
    context.close()
    chosen = {ground for is_chosen, ground in grounds if is_chosen}
    others = {ground for is_chosen, ground in grounds if not is_chosen}
    assert len(chosen) == 1
    assert not chosen & others
