"""The comparison page, without a browser."""

from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from core.comparisons import queries
from core.comparisons.schemas import ComparisonView
from core.comparisons.service import turns
from core.database.db import transaction
from core.database.paging import Window
from core.identity.schemas import Role, SessionKind
from core.platform.ids import new_id
from core.playground import queries as playground
from core.prompts.schemas import NewPrompt
from core.prompts.service import prompts
from core.providers import catalogue
from core.providers.schemas import Parameters
from core.services import service
from core.services.schemas import NewService
from tests.factories import bots
from tests.factories.comparisons import asked, begun, finish, voted
from tests.factories.identity import Person, person
from tests.pages.conftest import Console, said, toasts

COMPARISON = "test/playground/comparison/page.py"


@pytest.fixture
def admin(console: Console) -> Person:
    """Return an admin at a browser."""
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def newest(who: Person) -> ComparisonView:
    with transaction() as session:
        first = queries.list_comparisons(session, Window(), owner=who.actor.id).items[0]
        return queries.get_comparison(session, first.id, owner=who.actor.id)


def choose(app: AppTest, label: str, value: str) -> None:
    next(box for box in app.selectbox if box.label == label).set_value(value)


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def opened(console: Console, who: Person, id_: UUID) -> AppTest:
    app = console(who, COMPARISON)
    app.query_params["comparison"] = str(id_)
    return app.run()


def test_a_message_is_answered_in_all_columns_voted_on_and_the_winner_kept(
    console: Console, admin: Person
) -> None:
    app = console(admin, COMPARISON)
    choose(app, "Model A", "fake:echo")
    choose(app, "Model B", "fake:plain")
    app.toggle[0].set_value(True).run()
    app.chat_input[0].set_value("Hello").run()
    for column in newest(admin).columns:
        finish(column.session_id)
    app = app.run()
    assert said(app).count("Fake answer: Hello") == 2
    # Figures would tell which column is which
    assert not any(hidden in said(app) for hidden in ("fake:", "first token"))
    app = press(app, "B is better")
    assert "first token" in said(app)
    assert newest(admin).turns[0].winner == 2
    assert all(model in said(app) for model in ("fake:echo", "fake:plain"))
    press(app, "Keep B as session")
    kept = newest(admin)
    assert kept.kept == 2
    with transaction() as session:
        playground.get_session(session, kept.columns[1].session_id, owner=admin.actor.id)


def ask(app: AppTest, who: Person, message: str) -> None:
    app.chat_input[0].set_value(message).run()
    for column in newest(who).columns:
        finish(column.session_id)


def test_each_column_has_parameters_of_its_own_and_those_that_differ_are_in_its_title(
    console: Console, admin: Person
) -> None:
    app = console(admin, COMPARISON)
    choose(app, "Model A", "fake:echo")
    choose(app, "Model B", "fake:echo")
    app = app.run()
    first, second = (it for it in app.slider if it.label == "Temperature")
    first.set_value(0.1)
    second.set_value(1.5)
    ask(app.run(), admin, "Hello")
    found = [column.parameters or {} for column in newest(admin).columns]
    assert [each["temperature"] for each in found] == [0.1, 1.5]
    assert found[0]["max_tokens"] == found[1]["max_tokens"]
    assert "temperature 0.1" in said(app.run())
    assert "max tokens" not in said(app)


def test_choosing_a_prompt_sets_the_model_and_the_parameters_of_its_version(
    console: Console, admin: Person
) -> None:
    new = NewPrompt(
        name="careful",
        system_prompt="Be careful.",
        model_id="fake:plain",
        default_parameters=Parameters(temperature=0.3),
    )
    with transaction() as session:
        prompts.create_prompt(session, new, actor=admin.actor)
    app = console(admin, COMPARISON)
    choose(app, "Model A", "fake:echo")
    choose(app, "Prompt A", "careful@latest")
    app = app.run()
    # The version is in the field below: the name stands for any of them
    assert next(box for box in app.selectbox if box.label == "Prompt A").options[2:3] == ["careful"]
    assert next(box for box in app.selectbox if box.label == "Model A").value == "fake:plain"
    assert next(it for it in app.slider if it.label == "Temperature").value == 0.3


@pytest.mark.parametrize("count", [1, 3, 4])
def test_one_to_four_columns_answer(console: Console, admin: Person, count: int) -> None:
    app = console(admin, COMPARISON)
    app.session_state["comparison.count"] = count
    app = app.run()
    for letter in "ABCD"[:count]:
        choose(app, f"Model {letter}", "fake:echo")
    ask(app.run(), admin, "Hello")
    assert said(app.run()).count("Fake answer: Hello") == count


@pytest.mark.parametrize(
    ("reason", "badge"), [("max_tokens", "Max tokens reached"), ("refusal", "Refused")]
)
def test_an_answer_that_is_not_whole_is_marked_and_does_not_name_its_vendor(
    console: Console, admin: Person, reason: str, badge: str
) -> None:
    # An answer that a limit cut off looked as whole as the one that it was compared with
    message = f'#fake {{"finish_reason": "{reason}", "text": ""}}\nHello'
    comparison = begun(admin.actor, "fake:echo", "fake:echo", blind=True)
    asked(admin.actor, comparison, message)
    [answer, _] = newest(admin).turns[0].answers
    assert answer.finish_reason not in ("max_tokens", "refusal")
    text = said(opened(console, admin, comparison.id))
    assert text.count(f":orange-badge[{badge}]") == 2
    assert ("Answer not available" in text) is (badge != "Refused")


def test_a_reason_is_kept_with_the_vote(console: Console, admin: Person) -> None:
    comparison = begun(admin.actor)
    asked(admin.actor, comparison)
    app = opened(console, admin, comparison.id)
    app.text_input[0].set_value("Shorter").run()
    press(app, "Tie")
    [turn] = newest(admin).turns
    assert (turn.outcome, turn.reason) == ("tie", "Shorter")


def test_what_a_column_could_not_begin_with_is_said_in_it(console: Console, admin: Person) -> None:
    app = console(admin, COMPARISON)
    choose(app, "Model A", "fake:echo")
    choose(app, "Model B", "fake:plain")
    app.chat_input[0].set_value("Hello").run()
    assert len(newest(admin).columns) == 2
    comparison = begun(admin.actor, "fake:echo", "fake:missing")
    with transaction() as session:
        sent = turns.send(session, comparison.id, "hello", actor=admin.actor)
    finish(sent.columns[0].session_id)
    app = opened(console, admin, comparison.id)
    assert str(sent.turns[0].answers[1].problem) in said(app)
    assert not [button for button in app.button if button.label == "Tie"]


def test_the_comparison_of_another_is_not_shown(console: Console, admin: Person) -> None:
    other = person()
    comparison = begun(other.actor)
    asked(other.actor, comparison, "A secret question")
    app = opened(console, admin, comparison.id)
    assert "secret" not in said(app)
    assert "Model A" in [box.label for box in app.selectbox]


def test_an_earlier_comparison_is_opened_from_the_list_and_deleted(
    console: Console, admin: Person
) -> None:
    comparison = begun(admin.actor)
    asked(admin.actor, comparison, "An early question")
    app = console(admin, COMPARISON)
    next(it for it in app.button if "An early question" in it.label).click().run()
    assert "Fake answer: An early question" in said(app)
    app = press(app, "Delete comparison")
    next(it for it in app.button if it.key == "comparison.confirm").click().run()
    with transaction() as session:
        assert queries.list_comparisons(session, Window(), owner=admin.actor.id).items == []


def test_older_comparisons_are_on_the_next_page(console: Console, admin: Person) -> None:
    oldest = begun(admin.actor)
    for _ in range(20):
        begun(admin.actor)
    app = console(admin, COMPARISON)
    assert f"comparison-{oldest.id}" not in [button.key for button in app.button]
    app.session_state["comparison.earlier.page"] = 2
    app.run()
    assert f"comparison-{oldest.id}" in [button.key for button in app.button]


def test_votes_make_a_leaderboard(console: Console, admin: Person) -> None:
    comparison = begun(admin.actor, "fake:echo", "fake:plain")
    asked(admin.actor, comparison)
    voted(admin.actor, comparison, 2)
    app = console(admin, COMPARISON)
    assert "open votes" in said(app)
    assert "blind votes" not in said(app)
    assert said(app).index("| fake:plain |") < said(app).index("| fake:echo |")


def test_a_reason_that_is_entered_after_a_blind_vote_is_kept_with_it(
    console: Console, admin: Person
) -> None:
    # A reason was stored by the press of a choice only
    comparison = begun(admin.actor, blind=True)
    asked(admin.actor, comparison)
    app = press(opened(console, admin, comparison.id), "A is better")
    app.text_input(key=f"comparison.reason.{comparison.id}.1").set_value("Calmer.").run()
    assert not app.exception
    [turn] = newest(admin).turns
    assert (turn.winner, turn.reason, turn.blind) == (1, "Calmer.", True)


def test_one_that_does_not_exist_is_said_to_be_missing_at_once(
    console: Console, admin: Person
) -> None:
    app = console(admin, COMPARISON)
    app.query_params["comparison"] = str(new_id())
    assert toasts(app.run()) == ["Comparison not found."]
    assert toasts(app.run()) == []


def test_connection_is_shown_only_with_columns_that_connect(
    console: Console, admin: Person
) -> None:
    app = console(admin, COMPARISON)
    assert not shows_connection(app)
    assert shows_connection(opened(console, admin, begun(admin.actor).id))


def shows_connection(app: AppTest) -> bool:
    return any("attune-connection" in str(each.proto.body) for each in app.get("html")[1:])


def test_a_prompt_with_stop_sequences_and_variables_answers_with_both(
    console: Console, admin: Person
) -> None:
    # The field of stop sequences held a tuple, which ended the page
    new = NewPrompt(
        name="shop",
        system_prompt="You work for {{shop}}.",
        default_parameters=Parameters(stop_sequences=("END", "STOP")),
    )
    with transaction() as session:
        prompts.create_prompt(session, new, actor=admin.actor)
    app = console(admin, COMPARISON)
    app.session_state["comparison.count"] = 1
    app = app.run()
    choose(app, "Model A", "fake:echo")
    app = app.run()
    choose(app, "Prompt A", "shop@latest")
    app = app.run()
    assert not app.exception
    next(it for it in app.text_area if it.label == "`shop`").set_value("Acme")
    ask(app.run(), admin, "Hello")
    [column] = newest(admin).columns
    assert (column.parameters or {})["stop_sequences"] == ["END", "STOP"]
    assert "You work for Acme." in said(app.run())


def test_a_message_is_sent_without_the_space_that_a_refusal_may_leave_at_its_end(
    console: Console, admin: Person
) -> None:
    app = console(admin, COMPARISON)
    choose(app, "Model A", "fake:echo")
    choose(app, "Model B", "fake:plain")
    ask(app, admin, "Hello ")
    assert newest(admin).turns[0].message == "Hello"


def test_a_message_of_spaces_is_refused(console: Console, admin: Person) -> None:
    app = console(admin, COMPARISON)
    app.chat_input[0].set_value("  ").run()
    assert toasts(app) == ["Enter a message."]
    assert not app.exception


def test_a_missing_value_is_said_and_the_message_stays(console: Console, admin: Person) -> None:
    with transaction() as session:
        new = NewPrompt(name="shop", system_prompt="You work for {{shop}}.")
        prompts.create_prompt(session, new, actor=admin.actor)
    app = console(admin, COMPARISON)
    choose(app, "Prompt A", "shop@latest")
    app.run().chat_input[0].set_value("Hello").run()
    assert "shop" in toasts(app)[0]
    assert app.chat_input[0].proto.value == "Hello"


def test_a_service_that_is_not_active_and_a_bot_are_chosen_for_columns(
    console: Console, admin: Person
) -> None:
    with transaction() as session:
        given = NewService(name="Old bot", chat_url="http://127.0.0.1:9/chat", token="t")
        added = service.add(session, given, actor=admin.actor)
    bot = bots.made(admin.actor, bot_name="Pirate")
    app = console(admin, COMPARISON)
    choose(app, "Model A", f"service:{added.id}")
    choose(app, "Model B", "fake:echo")
    choose(app, "Prompt B", f"bot:{bot.id}")
    app.run().chat_input[0].set_value("Hello").run()
    first, second = newest(admin).columns
    assert first.model == "Old bot"
    assert (second.prompt, second.bot_id) == ("Pirate v1", bot.id)
    assert "temperature" in (second.parameters or {})


@pytest.mark.parametrize(("models", "leads"), [(0, True), (1, True), (2, False)])
def test_without_two_models_to_compare_the_page_leads_to_providers(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch, models: int, leads: bool
) -> None:
    with transaction() as session:
        known = catalogue.list_models(session)[:models]
    monkeypatch.setattr("core.providers.catalogue.list_models", lambda _session: known)
    app = console(admin, COMPARISON)
    assert not app.exception
    assert ("No models available" in said(app)) is (models == 0)
    queries = [link.proto.query_string for link in app.get("page_link")]
    assert ("section=Providers" in queries) is leads


def test_back_from_a_comparison_shows_the_columns_as_they_were_chosen(
    console: Console, admin: Person
) -> None:
    app = console(admin, COMPARISON)
    choose(app, "Model A", "fake:echo")
    app = app.button_group[0].set_value(3).run()
    app.toggle[0].set_value(True)
    choose(app, "Model C", "fake:echo")
    choose(app, "Prompt B", "Custom prompt")
    app = app.run()
    app.text_area[0].set_value("Be brief.").run()
    temperature = next(each for each in app.slider if each.label == "Temperature")
    temperature.set_value(0.25).run()
    ask(app, admin, "Hello")
    app = app.run()
    assert not app.selectbox
    del app.query_params["comparison"]  # as the browser's Back does
    app = app.run()
    assert app.button_group[0].value == 3
    assert app.toggle[0].value
    chosen = {box.label: box.value for box in app.selectbox}
    assert (chosen["Model C"], chosen["Prompt B"]) == ("fake:echo", "Custom prompt")
    assert app.text_area[0].value == "Be brief."
    assert next(each for each in app.slider if each.label == "Temperature").value == 0.25
