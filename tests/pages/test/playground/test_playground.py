"""The playground page, without a browser."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.executions.models import Execution
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from core.playground import queries
from core.playground.schemas import Draft, PlaygroundMessageView
from core.playground.service import sessions as playground_sessions
from core.providers.schemas import Parameters, ProviderKind
from pages._ui import guard
from tests.factories.identity import Person, person
from tests.factories.playground import DEFAULT_PROMPT
from tests.factories.providers import stored
from tests.factories.requests import price
from tests.faults.program import until
from tests.pages.conftest import PLAYGROUND, Console, prompt, said, toasts


@pytest.fixture
def admin(console: Console) -> Person:
    """Return an admin at a browser."""
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def messages(who: Person) -> list[PlaygroundMessageView]:
    with transaction() as session:
        newest = queries.find_newest_session(session, owner=who.actor.id)
        assert newest is not None
        return queries.list_messages(session, newest)


def wait_for_answer(app: AppTest, who: Person) -> AppTest:
    until(lambda: bool(messages(who)[-1].content), 10)
    return app.run()


def test_a_question_is_answered_with_what_is_set(console: Console, admin: Person) -> None:
    app = console(admin, PLAYGROUND)
    app.selectbox[0].set_value("fake:echo").run()
    app.slider[0].set_value(1.0).run()
    app.chat_input[0].set_value("Hello").run()
    app = wait_for_answer(app, admin)
    question, answer = messages(admin)
    assert question.content == "Hello"
    assert answer.content.startswith("Fake answer: Hello (prompt: You are a helpful")
    assert (answer.service_used, answer.custom_prompt) == ("fake:echo", None)
    assert "Fake answer: Hello" in said(app)


def test_a_message_is_sent_without_the_space_that_a_refusal_may_leave_at_its_end(
    console: Console, admin: Person
) -> None:
    console(admin, PLAYGROUND).chat_input[0].set_value("Hello ").run()
    assert messages(admin)[0].content == "Hello"


def test_a_message_of_spaces_is_refused(console: Console, admin: Person) -> None:
    app = console(admin, PLAYGROUND)
    app.chat_input[0].set_value("  ").run()
    assert toasts(app) == ["Enter a message."]
    assert messages(admin) == []


def test_a_removed_model_is_named_until_another_is_used(console: Console, admin: Person) -> None:
    with transaction() as session:
        draft = Draft(model="gone:large", parameters=Parameters())
        playground_sessions.open_session(session, actor=admin.actor, draft=draft)
    app = console(admin, PLAYGROUND)
    note = "The model of this session, large  ·  gone, is not available."
    assert note in said(app)
    app.selectbox[0].set_value("fake:echo").run()
    assert note not in said(app)


def test_another_model_begins_with_its_own_parameters(console: Console, admin: Person) -> None:
    app = console(admin, PLAYGROUND)
    app.selectbox[0].set_value("fake:echo").run()
    assert app.slider[0].value == 0.2
    app.slider[0].set_value(1.0).run()
    app.selectbox[0].set_value("fake:slow").run()
    assert app.slider[0].value == 0.2


def draft_parameters(who: Person) -> Parameters:
    with transaction() as session:
        newest = queries.find_newest_session(session, owner=who.actor.id)
        assert newest is not None
        return queries.get_session(session, newest, owner=who.actor.id).draft.parameters


def parameters_of_the_last_call() -> dict[str, object]:
    with transaction() as session:
        newest = select(Execution.parameters).order_by(Execution.id.desc()).limit(1)
        return dict(session.scalars(newest).one())


def test_newer_parameters_are_sent_when_they_were_set(console: Console, admin: Person) -> None:
    app = console(admin, PLAYGROUND)
    app.selectbox[0].set_value("fake:echo").run()
    app.chat_input[0].set_value("Hello").run()
    newer = {"reasoning_effort", "thinking_budget", "prompt_cache_ttl"}
    assert not newer & parameters_of_the_last_call().keys()
    wait_for_answer(app, admin)
    next(it for it in app.selectbox if it.label == "Reasoning effort").set_value("low").run()
    app.chat_input[0].set_value("Hello").run()
    assert parameters_of_the_last_call()["reasoning_effort"] == "low"


def test_a_parameter_is_left_out_when_one_that_excludes_it_is_set(
    console: Console, admin: Person
) -> None:
    stored("vendor", ProviderKind.ANTHROPIC, None)
    app = console(admin, PLAYGROUND)
    app.selectbox[0].set_value("vendor:claude-haiku-4-5").run()
    assert draft_parameters(admin).temperature == 0.2
    budget = next(it for it in app.number_input if it.label == "Thinking budget (tokens)")
    budget.set_value(2000).run()
    assert not app.exception
    assert draft_parameters(admin).thinking_budget == 2000
    assert draft_parameters(admin).temperature is None


def test_an_answer_that_may_cost_more_than_its_limit_is_refused(
    console: Console, admin: Person
) -> None:
    rates = {"provider": "fake", "input": "0", "output": "10000"}
    price(admin.actor, "plain", clock.now() - timedelta(days=1), **rates)
    app = console(admin, PLAYGROUND)
    app.selectbox[0].set_value("fake:plain").run()
    next(it for it in app.number_input if it.label.startswith("Cost limit")).set_value(0.5).run()
    app.chat_input[0].set_value("Hello").run()
    assert "may cost up to $5.12, over its cost limit of $0.50" in said(app)
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(Execution)) == 0


def test_a_cost_limit_of_the_api_is_shown_and_kept_as_it_is(
    console: Console, admin: Person
) -> None:
    limit = Decimal("0.00000025")
    with transaction() as session:
        draft = Draft(model="fake:echo", cost_limit_usd=limit)
        begun = playground_sessions.open_session(session, actor=admin.actor, draft=draft)
    app = console(admin, PLAYGROUND)
    field = next(it for it in app.number_input if it.label.startswith("Cost limit"))
    assert field.value == 2.5e-7
    app.slider[0].set_value(1.0).run()
    with transaction() as session:
        row = queries.find_row(session, begun.session_id, owner=admin.actor.id)
        assert row is not None
        kept = queries.session_view(row).draft
    assert (kept.parameters.temperature, kept.cost_limit_usd) == (1.0, limit)


def test_a_prompt_of_ones_own_is_sent_and_marked(console: Console, admin: Person) -> None:
    app = console(admin, PLAYGROUND)
    prompt(app).set_value("You are a pirate.").run()
    assert ":violet-badge[:material/edit: Custom prompt]" in said(app)
    app.chat_input[0].set_value("Hello").run()
    wait_for_answer(app, admin)
    assert messages(admin)[-1].custom_prompt == "You are a pirate."


@pytest.mark.parametrize(
    ("reason", "badge"),
    [
        ("length", "Max tokens reached"),
        ("max_tokens", "Max tokens reached"),
        ("content_filter", "Refused"),
        ("refusal", "Refused"),
    ],
)
def test_an_answer_that_is_not_whole_is_marked_whatever_its_vendor_calls_it(
    console: Console, admin: Person, reason: str, badge: str
) -> None:
    app = console(admin, PLAYGROUND)
    app.chat_input[0].set_value(f'#fake {{"finish_reason": "{reason}"}}\nHello').run()
    assert f":orange-badge[{badge}]" in said(wait_for_answer(app, admin))


def test_use_default_and_reset_take_the_override_back(console: Console, admin: Person) -> None:
    app = console(admin, PLAYGROUND)
    for button, left in (("use_default", ""), ("reset", DEFAULT_PROMPT)):
        prompt(app).set_value("You are a pirate.").run()
        next(
            it for it in app.button if it.key and it.key.startswith(f"playground.{button}")
        ).click().run()
        assert prompt(app).value == left
        assert "Default prompt" in said(app)


def test_another_accounts_session_is_not_shown(console: Console, admin: Person) -> None:
    app = console(admin, PLAYGROUND)
    app.chat_input[0].set_value("A private matter").run()
    address = app.query_params["session"][0]
    other = console(person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER), PLAYGROUND)
    other.query_params["session"] = address
    other.run()
    assert "A private matter" not in said(other)
    assert "No messages yet" in said(other)
    assert other.query_params["session"] != [address]


def test_a_session_that_ended_cannot_ask(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = console(admin, PLAYGROUND)
    monkeypatch.setattr(guard, "cookie", lambda: None)
    app.chat_input[0].set_value("From outside").run()
    assert "Your session has ended" in said(app)
    assert not app.title
    assert messages(admin) == []


def test_without_any_model_it_says_how_one_gets_here(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.providers.catalogue.list_models", lambda _session: [])
    app = console(admin, PLAYGROUND)
    assert not app.exception
    assert "No models available" in said(app)


def history_turns_of(who: Person) -> int | None:
    with transaction() as session:
        newest = queries.find_newest_session(session, owner=who.actor.id)
        assert newest is not None
        return queries.get_session(session, newest, owner=who.actor.id).draft.history_turns


def test_the_history_as_context_is_limited_and_turned_off(console: Console, admin: Person) -> None:
    app = console(admin, PLAYGROUND)
    assert app.toggle[0].value
    app.number_input(key=f"playground.history_turns.{session_of(admin)}").set_value(3).run()
    assert history_turns_of(admin) == 3
    app.toggle[0].set_value(False).run()
    assert history_turns_of(admin) == 0
    app.toggle[0].set_value(True).run()
    assert history_turns_of(admin) == 3


def session_of(who: Person) -> object:
    with transaction() as session:
        return queries.find_newest_session(session, owner=who.actor.id)
