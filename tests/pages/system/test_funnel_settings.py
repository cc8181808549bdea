"""Settings, Onboarding: the form of the saved funnels."""

from streamlit.testing.v1 import AppTest

from core.identity.schemas import SessionKind
from tests.factories.identity import person
from tests.pages.conftest import SETTINGS, Console


def form(app: AppTest) -> tuple[str, int]:
    assert not app.exception
    name = app.text_input(key="funnel_settings.name").value
    days = next(each for each in app.number_input if each.label.startswith("Conversion window"))
    return str(name), int(days.value or 0)


def test_the_form_is_filled_again_after_another_section(console: Console) -> None:
    app = console(person(kind=SessionKind.BROWSER), SETTINGS)
    app.button_group[0].set_value("Onboarding").run()
    before = form(app)
    app.button_group[0].set_value("Quotas").run()
    app.button_group[0].set_value("Onboarding").run()
    assert form(app) == before
