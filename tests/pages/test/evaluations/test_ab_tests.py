"""A/B tests on their page: started by a form, followed, and read by section."""

from decimal import Decimal

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core.ab_tests.queries.ab_tests import list_ab_tests
from core.ab_tests.queries.results import list_cases
from core.database.db import transaction
from core.database.paging import Window
from core.evaluations.models import EvaluationTest
from core.executions.runner import Runner
from core.identity.schemas import Role, SessionKind
from tests.factories.ab_tests import (
    BAD,
    GOOD,
    JUDGE,
    Judges,
    case,
    count_ended,
    created,
    finished,
    read,
    started,
    variants,
)
from tests.factories.bots import made
from tests.factories.evaluations import run
from tests.factories.identity import Person, person
from tests.pages.conftest import Console, said, toasts

PAGE = "test/evaluations/ab_tests/page.py"


@pytest.fixture
def admin(runner: Runner) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def opened(console: Console, admin: Person, **query: str) -> AppTest:
    app = console(admin, PAGE)
    app.query_params.update(query)
    return app.run()


def enter(app: AppTest, **values: str) -> None:
    """Fill fields by their labels, with spaces for underscores."""
    kinds = (app.text_input, app.text_area, app.selectbox)
    for name, value in values.items():
        label = name.replace("_", " ")
        found = next(each for kind in kinds for each in kind if each.label == label)
        found.set_value(value).run()


def press(app: AppTest, label: str) -> AppTest:
    found: AppTest = next(each for each in app.button if each.label == label).click().run()
    return found


def section(app: AppTest, name: str) -> AppTest:
    found: AppTest = app.button_group(key="ab_tests.section").set_value(name).run()
    return found


def test_an_empty_list_says_what_an_ab_test_is(console: Console, admin: Person) -> None:
    assert "No A/B tests yet" in said(console(admin, PAGE))


def test_a_form_starts_an_ab_test_of_two_bots(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judges().install(monkeypatch)
    bots = [made(admin.actor, bot_name=name) for name in ("Rosa", "Max")]
    app = opened(console, admin, new="1")
    press(app, "Start A/B test")
    assert toasts(app) == ["Enter a name."]
    enter(app, Name="Manners", Questions="hello\ngood bye")
    press(app, "Estimate")
    assert toasts(app) == ["Choose a prompt or bot for variant A."]
    for variant, bot in zip("AB", bots, strict=True):
        enter(app, **{f"Model_of_variant_{variant}": "fake:echo"})
        enter(app, **{f"Prompt_or_bot_of_variant_{variant}": f"bot:{bot.id}"})
    enter(app, Judge=JUDGE)
    press(app, "Estimate")
    assert "4 calls and 8 calls of judges" in said(app)
    press(app, "Start A/B test")
    with transaction() as session:
        [listed] = list_ab_tests(session, Window(), actor=admin.actor).items
    test = read(admin.actor, listed.id)
    assert test.evaluation_id is not None
    run(test.evaluation_id)
    count_ended()
    app.run()
    assert "Add about 8 more cases before you choose" in said(app)
    assert "Tie" not in said(app)
    [row] = console(admin, PAGE).dataframe[0].value.to_dict("records")
    assert (row["Winner"].tolist(), row["Verdict"]) == ([], "Too few cases: about 8 more")
    rows = app.dataframe[0].value.to_dict("records")
    assert "A: Rosa v1 · fake:echo: 2 answers" in said(app)
    assert [row["A"] for row in rows][:2] == ["0.50", "100.0"]
    assert rows[0]["Verdict"] == "Too few cases: about 8 more"


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "\0"])
def test_a_name_without_a_visible_character_is_refused(
    console: Console, admin: Person, name: str
) -> None:
    bots = [made(admin.actor, bot_name=each) for each in ("Rosa", "Max")]
    app = opened(console, admin, new="1")
    enter(app, Name=name, Questions="hello\ngood bye")
    for variant, bot in zip("AB", bots, strict=True):
        enter(app, **{f"Prompt_or_bot_of_variant_{variant}": f"bot:{bot.id}"})
    press(app, "Start A/B test")
    assert "Enter a name" in toasts(app)[0]
    with transaction() as session:
        assert not list_ab_tests(session, Window(), actor=admin.actor).items


def test_the_list_says_whether_bots_or_prompts_are_compared(
    console: Console, admin: Person
) -> None:
    bots = [{"bot_id": str(made(admin.actor, bot_name=each).id)} for each in ("Rosa", "Max")]
    prompts = variants(admin.actor)
    for pair in (prompts, bots, [bots[0], prompts[0]]):
        created(admin.actor, [case(GOOD, BAD)], variants=pair)
    rows = console(admin, PAGE).dataframe[0].value.to_dict("records")
    assert [row["Kind"] for row in rows] == ["Bot and prompt", "Bots", "Prompts"]


def test_scenarios_are_cases_that_need_a_judge(console: Console, admin: Person) -> None:
    prompt = variants(admin.actor)[0]["template_id"]
    app = opened(console, admin, new="1")
    enter(app, Name="Scenarios", Judge="No judge")
    for variant in "AB":
        enter(app, **{f"Prompt_or_bot_of_variant_{variant}": prompt})
    app.button_group(key="ab_tests.new.source").set_value("Scenarios").run()
    press(app, "Start A/B test")
    assert toasts(app) == ["Choose scenarios."]
    scenarios = next(each for each in app.multiselect if each.label == "Scenarios")
    assert scenarios.options[0] == "Product Inquiry · 3 messages"
    scenarios.select(scenarios.options[0]).run()
    press(app, "Start A/B test")
    assert "Choose a judge" in toasts(app)[0]
    enter(app, Judge=JUDGE)
    press(app, "Start A/B test")
    assert toasts(app) == ["A/B test started"]


def test_questions_without_expected_texts_ask_for_a_judge_in_words(
    console: Console, admin: Person
) -> None:
    prompt = variants(admin.actor)[0]["template_id"]
    app = opened(console, admin, new="1")
    enter(app, Name="Plain", Questions="hello => hi\ngood bye")
    for variant in "AB":
        enter(app, **{f"Prompt_or_bot_of_variant_{variant}": prompt})
    enter(app, Judge="No judge")
    press(app, "Start A/B test")
    assert toasts(app) == [
        "Choose a judge, or add an expected text after => in each question.",
    ]


def test_the_winner_is_named_with_each_metric_and_the_reasons(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judges({GOOD: 5, BAD: 1}, {GOOD: (1, 2, 3, 4), BAD: (4, 3, 2, 1)}).install(monkeypatch)
    id_ = finished(admin.actor, [case(GOOD, BAD)] * 12, judge_model_id=JUDGE).id
    app = opened(console, admin, test=str(id_))
    assert "A wins" in said(app)
    assert "Use A, support@1 · fake:echo: its answers are better" in said(app)
    assert "Quality decides" in said(app)
    rows = app.dataframe[0].value.to_dict("records")
    assert [row["Metric"] for row in rows] == [
        "Quality (0 to 1)",
        "Consistency (0 to 100)",
        "Response time (of an answer)",
        "Cost (of 1,000 answers)",
    ]
    # On a phone, the first three are in sight
    assert list(rows[0])[:4] == ["Metric", "A", "B", "A − B"]
    assert (rows[0]["A"], rows[0]["B"], rows[0]["A − B"]) == ("1.00", "0.00", "+1.00")
    assert "A: support@1 · fake:echo: 12 answers" in said(app)
    assert "B: support@2 · fake:echo: 12 answers" in said(app)
    assert rows[0]["Verdict"] == "A is better"
    assert len(app.get("bidi_component")) >= 4
    listed = opened(console, admin)
    assert listed.dataframe[0].value.to_dict("records")[0]["Winner"] == ["A"]


def test_cases_show_both_answers_side_by_side(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judges({GOOD: 5, BAD: 1}, {GOOD: (1, 2, 3, 4), BAD: None}).install(monkeypatch)
    id_ = finished(admin.actor, [case(GOOD, GOOD), case(GOOD, BAD)], judge_model_id=JUDGE).id
    app = opened(console, admin, test=str(id_))
    section(app, "Cases")
    rows = app.dataframe[0].value.to_dict("records")
    assert [row["Case"] for row in rows] == [2, 1]
    assert (rows[0]["Quality of A"], rows[0]["A − B"]) == ("1.00", 1)
    with transaction() as session:
        [first, _] = list_cases(session, id_, Window(), actor=admin.actor).items
    app.query_params["case"] = str(first.id)
    app.run()
    assert GOOD in said(app)
    assert BAD in said(app)
    assert "Formality 1, enthusiasm 2, technical depth 3, empathy 4" in said(app)
    section(app, "Settings")
    assert "Rubric of quality" in said(app)


def test_a_pending_one_can_be_cancelled_resumed_and_deleted(
    console: Console, admin: Person
) -> None:
    id_ = created(admin.actor, [case(GOOD, BAD)]).id
    evaluation_id = started(admin.actor, id_)
    app = opened(console, admin, test=str(id_))
    assert "No result yet" in said(app)
    press(app, "Cancel")
    count_ended()
    assert "Cancelled" in said(app.run())
    press(app, "Resume")
    run(evaluation_id)
    count_ended()
    assert "Completed" in said(app.run())
    press(app, "Delete")
    app.button(key="ab_tests.delete.confirm").click().run()
    assert "No A/B tests yet" in said(app)


def test_the_list_says_as_evaluations_do_that_all_calls_failed(
    console: Console, admin: Person
) -> None:
    failing = {"fault": "server"}
    id_ = finished(admin.actor, [case(failing, failing)]).id
    [row] = console(admin, PAGE).dataframe[0].value.to_dict("records")
    assert (list(row["Status"]), list(row["Winner"])) == (["All calls failed"], [])
    app = opened(console, admin, test=str(id_))
    assert "All calls failed" in said(app)
    assert "Tie" not in said(app)


def test_a_cost_that_is_not_known_is_said_to_be_missing(console: Console, admin: Person) -> None:
    id_ = finished(admin.actor, [case(GOOD, BAD)]).id
    with transaction() as session:
        session.execute(update(EvaluationTest).values(unpriced=2))
    [row] = console(admin, PAGE).dataframe[0].value.to_dict("records")
    assert row["Cost"] == "$0 + 2 unpriced"
    assert "$0 + 2 unpriced" in said(opened(console, admin, test=str(id_)))


def test_a_finished_one_is_run_again_after_a_question(console: Console, admin: Person) -> None:
    finished_one = finished(admin.actor, [case(GOOD, BAD)])
    app = press(opened(console, admin, test=str(finished_one.id)), "Run again")
    assert "The results of Warmth are replaced" in said(app)
    assert read(admin.actor, finished_one.id).evaluation_id == finished_one.evaluation_id
    app.button(key="ab_tests.run.confirm").click().run()
    assert "No result yet" in said(app)


def test_details_are_changed_in_settings(console: Console, admin: Person) -> None:
    id_ = created(admin.actor, [case(GOOD, BAD)], description="Of refunds").id
    app = opened(console, admin, test=str(id_))
    assert "Not run yet" in said(app)
    section(app, "Settings")
    app.text_input(key=f"ab_tests.details.name.{id_}").set_value(" ")
    press(app, "Save details")
    assert toasts(app) == ["Enter a name."]
    app.text_input(key=f"ab_tests.details.name.{id_}").set_value("Tone")
    app.number_input(key=f"ab_tests.details.limit.{id_}").set_value(0)
    press(app, "Save details")
    assert toasts(app) == ["The cost limit must be more than 0. Leave it empty for none."]
    app.number_input(key=f"ab_tests.details.limit.{id_}").set_value(None)
    press(app, "Save details")
    changed = read(admin.actor, id_)
    assert (changed.test_name, changed.description) == ("Tone", "Of refunds")


def test_a_small_cost_limit_stays_when_the_name_is_changed(console: Console, admin: Person) -> None:
    id_ = created(admin.actor, [case(GOOD, BAD)], cost_limit_usd="0.0000004").id
    app = section(opened(console, admin, test=str(id_)), "Settings")
    app.text_input(key=f"ab_tests.details.name.{id_}").set_value("Tone")
    press(app, "Save details")
    changed = read(admin.actor, id_)
    assert (changed.test_name, changed.cost_limit_usd) == ("Tone", Decimal("0.0000004"))


def test_a_cost_limit_that_is_emptied_is_removed(console: Console, admin: Person) -> None:
    id_ = created(admin.actor, [case(GOOD, BAD)], cost_limit_usd="2").id
    app = section(opened(console, admin, test=str(id_)), "Settings")
    assert app.number_input(key=f"ab_tests.details.limit.{id_}").value == 2
    app.number_input(key=f"ab_tests.details.limit.{id_}").set_value(None)
    press(app, "Save details")
    assert read(admin.actor, id_).cost_limit_usd is None


def test_an_unknown_one_and_anothers_are_said_to_be_missing(
    console: Console, admin: Person
) -> None:
    others = created(person().actor, [case(GOOD, BAD)]).id
    for wrong in ("nonsense", str(others)):
        assert "A/B test not found" in said(opened(console, admin, test=wrong))
