"""Settings, Redaction: changed, previewed and rejected with a message, without a browser."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core.database import settings
from core.database.db import transaction
from core.identity.schemas import Role, SessionKind
from core.ingest import redaction
from core.ingest.redaction import Mode, Redaction
from tests.factories.identity import person
from tests.pages.conftest import SETTINGS, Console, said, toasts


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    redaction.redactor_cache.clear()


def opened(console: Console) -> AppTest:
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), SETTINGS)
    return app.button_group[0].set_value("Redaction").run()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def rules() -> Redaction:
    with transaction() as session:
        return settings.read(session, Redaction)


def test_what_the_form_holds_is_stored(console: Console) -> None:
    app = opened(console)
    app.radio(key="redaction.mode").set_value(Mode.HASH)
    app.checkbox(key="redaction.phone").set_value(False)
    app.text_area(key="redaction.patterns").set_value("order: ORD-[0-9]+\n\nticket: T:[0-9]+")
    press(app, "Save")
    found = rules()
    assert (found.mode, found.email, found.phone) == (Mode.HASH, True, False)
    assert [(each.name, each.pattern) for each in found.patterns] == [
        ("order", "ORD-[0-9]+"),
        ("ticket", "T:[0-9]+"),
    ]
    assert toasts(app) == ["Redaction saved"]


@pytest.mark.parametrize("line", ["bad: (", "Bad name: x", "no pattern"])
def test_a_bad_pattern_is_refused_in_words_and_nothing_is_stored(
    console: Console, line: str
) -> None:
    app = opened(console)
    app.text_area(key="redaction.patterns").set_value(line)
    press(app, "Save")
    assert rules() == Redaction()
    assert line.split(":")[0] in " ".join(toasts(app))


def test_rules_are_tried_without_being_stored(console: Console) -> None:
    app = opened(console)
    app.radio(key="redaction.mode").set_value(Mode.MASK)
    app.text_area(key="redaction.sample").set_value("Write to ada@example.com")
    press(app, "Test redaction")
    assert [code.value for code in app.code] == ["Write to [email]"]
    assert rules().mode is Mode.OFF
    assert "Redaction" in said(app)
