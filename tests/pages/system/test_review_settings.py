"""Settings of the review: what the API takes, the form shows and keeps."""

from core.annotations import settings
from core.database.db import transaction
from core.identity.schemas import SessionKind
from tests.factories.identity import person
from tests.pages.conftest import SETTINGS, Console, toasts

SMALL = settings.ReviewSettings(slow_ms=50, sample_share=0.00002, double_share=0.000375)


def test_small_numbers_stay_when_the_form_is_saved(console: Console) -> None:
    boss = person(kind=SessionKind.BROWSER)
    with transaction() as session:
        settings.change(session, SMALL, actor=boss.actor)
    app = console(boss, SETTINGS)
    app.button_group[0].set_value("Review").run()
    assert app.number_input(key="review_settings.slow_ms").value == 0.05
    next(each for each in app.button if each.label == "Save").click().run()
    assert toasts(app) == ["Review settings saved"]
    with transaction() as session:
        assert settings.read(session, actor=boss.actor) == SMALL
