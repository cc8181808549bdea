"""The field of the system prompt is whole, however low the window is."""

from tests.browser.conftest import OpenWindow

CUT = "e => e.scrollHeight - e.clientHeight"


def test_the_field_of_the_system_prompt_is_not_cut(open_window: OpenWindow) -> None:
    tab = open_window(width=1440, height=760).open("/playground")
    field = tab.page.get_by_role("textbox", name="System prompt")
    place = field.locator("xpath=ancestor::*[@data-testid='stElementContainer'][1]")
    tab.wait_for(lambda: place.evaluate(CUT) == 0)
