"""Settings, Onboarding: saved funnels; and the funnel that Onboarding proposes."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.activity.service import apply_funnel, saved_funnels
from core.database.db import transaction
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from pages._ui import cache
from tests.factories import activity
from tests.factories.identity import Person, person
from tests.pages.conftest import ONBOARDING, SETTINGS, USERS, Console, said, toasts

KINDS = ["account.created", "trial.started", "report.published"]


@pytest.fixture
def admin(database: object) -> Person:
    """Return an admin of a product with events of its own."""
    begun = clock.now() - timedelta(hours=3)
    for number in range(8):
        activity.store(activity.spaced(KINDS[: 3 - number % 2], user=f"u{number}", start=begun))
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def opened(console: Console, one: Person) -> AppTest:
    app = console(one, SETTINGS)
    return app.button_group[0].set_value("Onboarding").run()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def names() -> list[str]:
    with transaction() as session:
        return [
            each.name
            for each in saved_funnels.list_funnels(session, actor=person(Role.ADMIN).actor)
        ]


def test_a_proposed_funnel_becomes_the_workspaces(console: Console, admin: Person) -> None:
    app = console(admin, ONBOARDING)
    assert "Proposed funnel" in said(app)
    app = press(app, "Use as workspace funnel")
    assert "Workspace funnel saved" in toasts(app)[0]
    assert "Proposed funnel" not in said(app)
    assert "workspace funnel, in order" in said(app)
    apply_funnel.prepare_funnels()
    cache.forget()
    app = console(admin, USERS)
    rows = app.dataframe[0].value.to_dict("records")
    assert {row["Last step"] for row in rows} == {"Report published", "Trial started"}


def test_an_analyst_sees_the_proposal_and_may_look_at_it_only(
    console: Console, admin: Person
) -> None:
    app = console(person(Role.ANALYST, kind=SessionKind.BROWSER), ONBOARDING)
    assert "Use as workspace funnel" not in {button.label for button in app.button}
    app = press(app, "Show it here only")
    assert "3 steps, in order" in said(app)


def test_a_funnel_is_saved_previewed_and_deleted(console: Console, admin: Person) -> None:
    app = opened(console, admin)
    app = app.selectbox[0].set_value("New funnel").run()
    app.text_input[0].set_value("Trial")
    for number, kind in enumerate(KINDS[:2]):
        app.multiselect[number].set_value([kind])
    for _ in range(3):
        app = press(app, "Remove step 3")
    app = press(app, "Preview last 30 days")
    assert "Preview" in said(app)
    app = press(app, "Save")
    assert toasts(app) == ["Trial saved as version 1"]
    assert names() == ["Onboarding", "Trial"]
    app = press(press(app, "Delete"), "Delete funnel")
    assert names() == ["Onboarding"]


def test_what_is_no_funnel_is_said_and_the_form_stays(console: Console, admin: Person) -> None:
    app = opened(console, admin)
    app.multiselect[1].set_value([])
    app = press(app, "Save")
    assert "Choose an event type for each step" in said(app)
    assert app.multiselect[0].value == ["onboarding.register_start"]


def test_event_types_that_no_step_can_have_are_refused_in_words(
    console: Console, admin: Person
) -> None:
    activity.store(activity.spaced(["paid, twice"], user="u1", start=clock.now()))
    app = opened(console, admin)
    app = app.selectbox[0].set_value("New funnel").run()
    app.text_input[0].set_value("Trial")
    app.multiselect[0].set_value(["paid, twice"])
    app = press(app, "Save")
    assert "Event types with a comma, | or ?" in said(app)
    assert names() == ["Onboarding"]


def applied() -> None:
    """Apply a draft, as the dialog does."""
    import streamlit as st  # noqa: PLC0415  AppTest runs these lines apart

    from core.activity.queries.funnels.funnel import Funnel, Step  # noqa: PLC0415
    from pages._ui import errors  # noqa: PLC0415
    from pages.watch.onboarding import funnel_editor  # noqa: PLC0415

    workspace = Funnel((Step(("account.created",)), Step(("trial.started",))))
    funnel_editor.FORM.open(Funnel((Step((st.session_state["type"],)), *workspace.steps)))
    with errors.InForm(st.container()):
        funnel_editor.apply(workspace)


@pytest.mark.parametrize("kind", ["paid, twice", "paid|free", "paid?"])
def test_steps_are_not_applied_as_others_than_were_chosen(kind: str) -> None:
    app = AppTest.from_function(applied)
    app.session_state["type"] = kind
    app.run()
    assert not app.exception
    assert "Event types with a comma, | or ?" in said(app)
    assert "onboarding.steps" not in app.session_state
