"""Texts of senders and addresses are shown as text: no link, picture or markup."""

import pytest
from streamlit.testing.v1 import AppTest

from core.identity.schemas import Role, SessionKind
from core.platform import clock
from tests.factories import activity, conversations
from tests.factories.batches import ran
from tests.factories.identity import Person, person
from tests.pages.conftest import (
    BATCH_HISTORY,
    ONBOARDING,
    SETTINGS,
    USERS,
    Console,
    said,
    toasts,
    written,
)

LINK = "[Sign in again](https://evil.example/login)"


@pytest.fixture
def analyst(runner: object) -> Person:
    return person(Role.ANALYST, kind=SessionKind.BROWSER)


def opened(console: Console, one: Person, page: str, **query: str) -> AppTest:
    app = console(one, page)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


@pytest.mark.parametrize("steps", [f"{LINK},x", f"{LINK}|,x"])
def test_steps_of_an_address_are_no_link_when_they_are_refused(
    console: Console, analyst: Person, steps: str
) -> None:
    activity.store([activity.event("signup.start", clock.now())])
    app = opened(console, analyst, ONBOARDING, steps=steps)
    assert not app.exception
    assert "Sign in again" in said(app)
    assert "](" not in written(app)


def test_the_name_of_a_batch_job_is_no_link(console: Console, analyst: Person) -> None:
    ran(clock.now(), job=LINK, phase_durations={"load": 60_000})
    app = opened(console, analyst, BATCH_HISTORY)
    assert f"{LINK}, daily median" in said(app)
    assert "](" not in written(app)


def test_two_underscores_in_the_name_of_a_batch_job_do_not_fail_the_page(
    console: Console, analyst: Person
) -> None:
    # Streamlit refuses them in the key of a component, and the page failed for everyone
    for job in ("nightly__rollup", "nightly_rollup", "nightly_._rollup"):
        ran(clock.now(), job=job, phase_durations={"load": 60_000})
    app = opened(console, analyst, BATCH_HISTORY)
    assert not app.exception
    assert not app.error
    assert "3 finished runs" in said(app)


def test_messages_of_a_journey_are_no_markdown_of_the_page(console: Console) -> None:
    activity.store([activity.event("page_view", clock.now(), user_id="ann")])
    asked = conversations.message(0, content=LINK, created_at=clock.now().isoformat())
    conversations.stored({"id": "c", "user_id": "ann", "messages": [asked]})
    app = opened(console, person(Role.ADMIN, kind=SessionKind.BROWSER), USERS, user="ann")
    next(button for button in app.button if button.label == "Show messages").click().run()
    assert "Sign in again" in said(app)
    assert "](" not in written(app)


def test_the_label_of_a_way_is_words_whatever_the_sender_calls_a_user(
    console: Console, analyst: Person
) -> None:
    failed = activity.event(
        "signup.failed", clock.now(), user_id=LINK, error_code="E1", error_message="no"
    )
    activity.store([failed])
    app = opened(console, analyst, ONBOARDING, view="errors")
    labels = [each.proto.label for each in app.get("page_link")]
    assert any("Open journey of" in label for label in labels)
    assert not [label for label in labels if "](" in label]


def test_what_is_refused_says_in_a_toast_what_was_entered_as_it_was(console: Console) -> None:
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), SETTINGS)
    app.button_group[0].set_value("Redaction").run()
    app.text_area(key="redaction.patterns").set_value(LINK)
    next(button for button in app.button if button.label == "Save").click().run()
    assert any(LINK[:20] in said for said in toasts(app))
    assert "](" not in written(app)
