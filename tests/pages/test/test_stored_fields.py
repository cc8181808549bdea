"""What a page shows in one field stays as it was stored, unless that field is edited."""

from types import SimpleNamespace
from typing import Any

import pytest

from core.identity.schemas import Role, SessionKind
from pages._ui import state
from pages.test.bots.scenarios import scenario_dialog
from tests.factories.identity import person
from tests.factories.prompts import create, read
from tests.pages.conftest import Console
from tests.pages.test.prompts.test_prompts import fill, opened, press


@pytest.mark.parametrize("sequences", [["\n"], ["\n", "\nUser:"]])
def test_stop_sequences_with_line_ends_stay_when_the_text_is_changed(
    sequences: list[str], console: Console, database: object
) -> None:
    admin = person(Role.ADMIN, kind=SessionKind.BROWSER)
    create(admin.actor, default_parameters={"stop_sequences": sequences})
    app = fill(opened(console, admin, "support"), "Prompt", "Hello there")
    press(app, "Save as version 2")
    assert read(admin.actor, "support").version == 2
    saved = read(admin.actor, "support").default_parameters.set_values()
    assert saved == {"stop_sequences": sequences}


@pytest.mark.parametrize("default", ["", " "])
def test_a_default_without_letters_stays_when_the_text_is_changed(
    default: str, console: Console, database: object
) -> None:
    admin = person(Role.ADMIN, kind=SessionKind.BROWSER)
    create(admin.actor, prompt="Hi {{x}}", variables=[{"name": "x", "default": default}])
    app = fill(opened(console, admin, "support"), "Prompt", "Hello {{x}}")
    press(app, "Save as version 2")
    assert read(admin.actor, "support").version == 2
    assert read(admin.actor, "support").variables[0].default == default


def test_description_and_messages_with_line_ends_stay_when_a_scenario_is_renamed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fields: dict[str, object] = {}
    monkeypatch.setattr(state, "put", fields.__setitem__)
    monkeypatch.setattr(state, "get", fields.get)
    given = {
        "description": "An order\nis late",
        "goal": "",
        "user_messages": ["Hello,\nmy order is late"],
        "expected_outcomes": ["Is\nkind"],
    }
    stored: Any = SimpleNamespace(name="Late", is_active=True, **given)
    scenario_dialog.fill(stored)
    fields[scenario_dialog.NAME] = "Late order"
    assert scenario_dialog.read(stored) == {"name": "Late order", **given}
    fields[scenario_dialog.MESSAGES] = "Hello\n\nBye"
    assert scenario_dialog.read(stored)["user_messages"] == ["Hello", "Bye"]
