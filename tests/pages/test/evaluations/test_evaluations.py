"""Evaluations on their page: started by a form, followed, and read by section."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.evaluations.models import EvaluationResult
from core.evaluations.queries import reports, results
from core.evaluations.schemas import EvaluationStatus
from core.evaluations.service import evaluations, summaries
from core.executions.runner import Runner
from core.identity.schemas import Role, SessionKind
from core.presentation import formatting
from core.services import service
from core.services.schemas import NewService
from core.system import workspace
from pages.test.evaluations.form import scorer_fields
from tests.factories import prompts
from tests.factories.bots import made
from tests.factories.evaluations import (
    answering,
    app_answered,
    evaluated,
    new,
    read,
    run,
    silence,
    started,
)
from tests.factories.identity import Person, person
from tests.factories.requests import price
from tests.pages.conftest import Console, said

PAGE = "test/evaluations/page.py"
GOOD, BAD = answering("good"), answering("bad")


@pytest.fixture
def admin(runner: Runner) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def opened(console: Console, admin: Person, query: dict[str, str]) -> AppTest:
    app = console(admin, PAGE)
    app.query_params.update(query)
    return app.run()


def field(app: AppTest, label: str) -> object:
    kinds = (app.text_input, app.text_area, app.selectbox, app.number_input)
    return next(each for kind in kinds for each in kind if each.label == label)


def press(app: AppTest, label: str) -> AppTest:
    found: AppTest = next(each for each in app.button if each.label == label).click().run()
    return found


def section(app: AppTest, name: str) -> AppTest:
    found: AppTest = app.button_group(key="evaluations.section").set_value(name).run()
    return found


def test_an_empty_list_says_what_an_evaluation_is(console: Console, admin: Person) -> None:
    assert "No evaluations yet" in said(console(admin, PAGE))


def test_a_form_starts_an_evaluation_of_questions(console: Console, admin: Person) -> None:
    app = opened(console, admin, {"new": "1"})
    press(app, "Start evaluation")
    assert "Enter a name." in said(app)
    field(app, "Name").set_value("Refunds")  # type: ignore[attr-defined]
    field(app, "Model of target 1").set_value("fake:echo")  # type: ignore[attr-defined]
    field(app, "Questions").set_value("refund? => refund\nhello => bye")  # type: ignore[attr-defined]
    app.run()
    press(app, "Estimate")
    assert "2 calls" in said(app)
    press(app, "Start evaluation")
    with transaction() as session:
        [found] = reports.list_evaluations(session, actor=admin.actor).items
    run(found.id)
    app.run()
    assert "Refunds" in said(app)
    assert app.dataframe[0].value.to_dict("records")[0]["Pass rate"] == "50.0% of 2 (no interval)"


def test_a_cost_limit_of_zero_is_not_taken_for_no_limit(console: Console, admin: Person) -> None:
    app = opened(console, admin, {"new": "1"})
    field(app, "Name").set_value("Refunds")  # type: ignore[attr-defined]
    field(app, "Questions").set_value("refund? => refund")  # type: ignore[attr-defined]
    app.number_input(key="evaluations.new.limit").set_value(0)
    press(app, "Start evaluation")
    assert "The cost limit must be more than 0" in said(app)
    with transaction() as session:
        assert reports.list_evaluations(session, actor=admin.actor).items == []


def test_a_form_takes_a_threshold_and_scorers_with_weights_and_groups(
    console: Console, admin: Person
) -> None:
    app = opened(console, admin, {"new": "1"})
    field(app, "Name").set_value("Refunds")  # type: ignore[attr-defined]
    field(app, "Model of target 1").set_value("fake:echo")  # type: ignore[attr-defined]
    field(app, "Questions").set_value("refund? => refund")  # type: ignore[attr-defined]
    field(app, "Minimum score to pass").set_value(0.6)  # type: ignore[attr-defined]
    field(app, "Other scorers (JSON)").set_value("[")  # type: ignore[attr-defined]
    app.run()
    press(app, "Start evaluation")
    assert "The other scorers are not valid JSON." in said(app)
    field(app, "Other scorers (JSON)").set_value(scorer_fields.EXAMPLE)  # type: ignore[attr-defined]
    app.run()
    press(app, "Start evaluation")
    with transaction() as session:
        [listed] = reports.list_evaluations(session, actor=admin.actor).items
    found = read(admin.actor, listed.id)
    assert found.threshold == 0.6
    assert [(each["kind"], each["weight"]) for each in found.scorers] == [
        ("contains", 2),
        ("any", 1),
        ("pairwise", 1),
    ]
    assert found.scorers[1]["scorers"][1]["negate"]


def test_the_model_that_judges_is_chosen_where_a_judge_scores(
    console: Console, admin: Person
) -> None:
    app = opened(console, admin, {"new": "1"})
    field(app, "Name").set_value("Manners")  # type: ignore[attr-defined]
    field(app, "Model of target 1").set_value("fake:echo")  # type: ignore[attr-defined]
    field(app, "Questions").set_value("hello => hello")  # type: ignore[attr-defined]
    press(app, "Add scorer")
    field(app, "Scorer 1").set_value("Judge")  # type: ignore[attr-defined]
    app.run()
    field(app, "Rubric").set_value("The answer is polite.")  # type: ignore[attr-defined]
    field(app, "Judge model").set_value("fake:constrained")  # type: ignore[attr-defined]
    app.run()
    assert "cannot judge" not in said(app)
    press(app, "Start evaluation")
    with transaction() as session:
        [listed] = reports.list_evaluations(session, actor=admin.actor).items
    assert read(admin.actor, listed.id).scorers[0]["judge_model_id"] == "fake:constrained"


def test_a_bot_is_a_target(console: Console, admin: Person) -> None:
    bot = made(admin.actor, bot_name="Rosa")
    app = opened(console, admin, {"new": "1"})
    field(app, "Name").set_value("Manners")  # type: ignore[attr-defined]
    field(app, "Model of target 1").set_value("fake:echo")  # type: ignore[attr-defined]
    field(app, "Prompt or bot of target 1").set_value(f"bot:{bot.id}")  # type: ignore[attr-defined]
    field(app, "Questions").set_value("hello => Rosa")  # type: ignore[attr-defined]
    app.run()
    press(app, "Start evaluation")
    with transaction() as session:
        [found] = reports.list_evaluations(session, actor=admin.actor).items
    assert read(admin.actor, found.id).results[0].title == "Rosa v1 · fake:echo"


def test_figures_cases_and_settings_have_their_sections(console: Console, admin: Person) -> None:
    found = evaluated(admin.actor, GOOD, BAD, runs=2)
    app = opened(console, admin, {"evaluation": str(found.id)})
    assert "add cases" in said(app)
    assert len(app.get("bidi_component")) >= 3
    section(app, "Cases")
    assert [row["Case"] for row in app.dataframe[0].value.to_dict("records")] == [2, 1]
    section(app, "Comparison")
    assert "Nothing to compare with" in said(app)
    section(app, "Settings")
    assert "Manifest" in said(app)


def test_settings_without_scorers_name_those_of_the_cases(console: Console, admin: Person) -> None:
    case = {"input": "Refund?", "expected_output": {"type": "contains", "keywords": ["refund"]}}
    evaluation_id = started(admin.actor, scorers=[], test_cases=[case])
    app = opened(console, admin, {"evaluation": str(evaluation_id), "section": "Settings"})
    assert "Each case is scored by its own scorers only." in said(app)


def test_settings_name_the_service_whatever_the_target_is_called(console: Console) -> None:
    boss = person(kind=SessionKind.BROWSER)
    given = {"name": "Helpdesk", "chat_url": "http://127.0.0.1:9/chat", "token": "t"}
    with transaction() as session:
        added = service.add(session, NewService.model_validate(given), actor=boss.actor)
    target = {"service_id": str(added.id), "name": "Candidate"}
    evaluation_id = started(boss.actor, target=target)
    address = {"evaluation": str(evaluation_id), "section": "Settings"}
    assert ":gray[:small[Service]]  \nHelpdesk" in said(opened(console, boss, address))
    with transaction() as session:
        service.remove(session, added.id, actor=boss.actor)
    assert ":gray[:small[Service]]  \nRemoved" in said(opened(console, boss, address))


def test_a_baseline_older_than_the_newest_hundred_is_compared_with(
    console: Console, admin: Person
) -> None:
    base = evaluated(admin.actor, GOOD, name="First")
    later = evaluated(admin.actor, GOOD, name="Second", baseline_id=str(base.id))
    with transaction() as session:
        for _ in range(100):
            evaluations.start(session, new(GOOD), actor=admin.actor)
    app = section(opened(console, admin, {"evaluation": str(later.id)}), "Comparison")
    assert field(app, "Baseline").value == base.id  # type: ignore[attr-defined]
    assert "1 case in common" in said(app)


def test_the_times_of_baselines_are_in_the_zone_of_the_list(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "zone", lambda: "Asia/Tokyo")
    base, later = (evaluated(admin.actor, GOOD, name=name) for name in ("First", "Second"))
    app = section(opened(console, admin, {"evaluation": str(later.id)}), "Comparison")
    at = formatting.moment(base.created_at, "Asia/Tokyo")
    assert f"First · {at}" in field(app, "Baseline").options  # type: ignore[attr-defined]


def test_a_comparison_says_its_verdict_in_words(console: Console, admin: Person) -> None:
    targets = [{"model_id": "fake:echo"}, {"model_id": "fake:plain"}]
    found = evaluated(admin.actor, GOOD, targets=targets)
    app = opened(console, admin, {"evaluation": str(found.id)})
    section(app, "Comparison")
    assert "Too few cases: about" in said(app)


def test_a_new_version_is_compared_with_the_one_before_it(console: Console, admin: Person) -> None:
    support = prompts.create(admin.actor, prompt="Old")
    prompts.save(admin.actor, support.id, prompt="New", base_version=1)
    target = {"model_id": "fake:echo", "template_id": "support"}
    targets = [target | {"version": number} for number in (2, 1)]
    found = evaluated(admin.actor, GOOD, targets=targets)
    app = opened(console, admin, {"evaluation": str(found.id)})
    section(app, "Comparison")
    assert field(app, "Target of the baseline").value == 2  # type: ignore[attr-defined]
    assert "against support@1" in said(app)


def test_a_comparison_names_the_cases_that_changed(console: Console, admin: Person) -> None:
    targets = [{"model_id": "fake:echo"}, {"model_id": "fake:plain"}]
    found = evaluated(admin.actor, BAD, "good news", targets=targets)
    with transaction() as session:
        of_target = select(EvaluationResult).where(EvaluationResult.target == 2)
        changed = session.scalars(of_target.where(EvaluationResult.position == 2)).one()
        changed.passed, changed.score = False, 0.0
    summaries.write(found.id)
    app = section(opened(console, admin, {"evaluation": str(found.id)}), "Comparison")
    [row] = app.dataframe[0].value.to_dict("records")
    assert [row[name] for name in ("Change", "Case", "Question", "Baseline", "Here")] == [
        ["Worse"],
        2,
        "good news",
        "1 of 1 passed · 1.00",
        "0 of 1 passed · 0.00",
    ]
    assert "1 case worse, 0 better" in said(app)


def test_a_case_opened_from_a_comparison_has_the_answers_of_the_baseline(
    console: Console, admin: Person
) -> None:
    base = evaluated(admin.actor, "Good grief", name="Before")
    later = evaluated(admin.actor, "Good grief", name="After", baseline_id=str(base.id))
    with transaction() as session:
        case, before = (
            results.list_cases(session, each.id, actor=admin.actor).items[0].id
            for each in (later, base)
        )
    query = {"evaluation": str(later.id), "section": "Cases", "case": str(case)}
    app = opened(console, admin, query | {"baseline": str(base.id), "baseline_case": str(before)})
    assert "Baseline: " in said(app)
    assert "Before" in said(app)
    assert said(app).count("run 1") == 2
    gone = opened(console, admin, query | {"baseline": str(base.id), "baseline_case": str(case)})
    assert said(gone).count("run 1") == 1
    press(app, "Back to comparison")
    assert "baseline" not in app.query_params
    assert app.query_params["section"] == "Comparison"


def test_a_case_of_a_comparison_with_itself_leads_back_to_it(
    console: Console, admin: Person
) -> None:
    targets = [{"model_id": "fake:echo"}, {"model_id": "fake:plain"}]
    found = evaluated(admin.actor, GOOD, targets=targets)
    with transaction() as session:
        [case] = results.list_cases(session, found.id, actor=admin.actor).items
    query = {"evaluation": str(found.id), "section": "Cases", "case": str(case.id)}
    app = opened(console, admin, query | {"baseline": str(found.id)})
    assert said(app).count("run 1") == 2
    press(app, "Back to comparison")
    assert app.query_params["section"] == "Comparison"


def test_a_comparison_warns_of_evaluations_that_were_not_scored_alike(
    console: Console, admin: Person
) -> None:
    base = evaluated(admin.actor, GOOD, threshold=0.5)
    later = evaluated(admin.actor, GOOD, baseline_id=str(base.id))
    app = section(opened(console, admin, {"evaluation": str(later.id)}), "Comparison")
    [warning] = app.warning
    assert "another threshold" in warning.value


def test_the_list_has_the_pass_rate_of_each_target(console: Console, admin: Person) -> None:
    targets = [{"model_id": "fake:echo"}, {"model_id": "fake:plain"}]
    found = evaluated(admin.actor, GOOD, BAD, targets=targets)
    rates = [result.success_rate.value for result in found.results]
    [row] = console(admin, PAGE).dataframe[0].value.to_dict("records")
    assert row["Pass rate"] == ", ".join(f"{rate:.1%}" for rate in rates)
    assert len(rates) == len(row["Targets"].split(", ")) == 2


def test_a_pending_one_can_be_cancelled_and_a_stopped_one_resumed(
    console: Console, admin: Person
) -> None:
    evaluation_id = started(admin.actor)
    app = opened(console, admin, {"evaluation": str(evaluation_id)})
    press(app, "Cancel")
    assert "Cancelled" in said(app)
    assert "0 of 1 results" in said(app)
    # It would run what is left
    assert "Score again" not in [each.label for each in app.button]
    press(app, "Delete")
    assert "Refunds is deleted with its 0 results." in said(app)
    press(app, "Cancel")
    press(app, "Resume")
    run(evaluation_id)
    app.run()
    assert "Completed" in said(app)
    assert "of 1 results" not in said(app)
    assert "Score again" in [each.label for each in app.button]


def test_a_stopped_one_goes_on_with_a_limit_raised_on_its_page(
    console: Console, admin: Person
) -> None:
    always = datetime(2001, 1, 1, tzinfo=UTC)
    price(admin.actor, "echo", always, provider="fake", input="1000", output="1000")
    evaluation_id = started(admin.actor, GOOD, cost_limit_usd="0.1")
    run(evaluation_id)
    app = opened(console, admin, {"evaluation": str(evaluation_id)})
    assert "of the cost limit is left" in said(app)
    limit = app.number_input[0]
    assert (limit.label, limit.value) == ("Cost limit in US dollars", 0.1)
    limit.set_value(50.0)
    press(app, "Set limit and resume")
    run(evaluation_id)
    assert read(admin.actor, evaluation_id).status is EvaluationStatus.COMPLETED


def test_one_that_waits_for_an_app_says_so_until_its_answers_are_scored(
    console: Console, admin: Person
) -> None:
    evaluation_id = started(admin.actor, "a", "b", target={"app": "shop-bot", "release": "1.4"})
    run(evaluation_id)
    silence()
    app = console(admin, PAGE)
    assert app.dataframe[0].value.to_dict("records")[0]["Status"] == ["Waiting"]
    app = opened(console, admin, {"evaluation": str(evaluation_id)})
    assert "run attune_client again" in said(app)
    section(app, "Settings")
    assert "Release" in said(app)
    app_answered(admin.actor, evaluation_id, "good")
    run(evaluation_id)
    app.run()
    assert "Completed" in said(app)
    section(app, "Results")
    assert app.dataframe[0].value.to_dict("records")[0]["Target"] == "app: shop-bot 1.4"


def test_an_unknown_one_is_said_to_be_missing(console: Console, admin: Person) -> None:
    for wrong in ("nonsense", "0190a6e0-0000-7000-8000-000000000000"):
        app = opened(console, admin, {"evaluation": wrong})
        assert "Evaluation not found" in said(app)


def test_answers_without_a_price_are_not_free_in_the_list(console: Console, admin: Person) -> None:
    evaluation_id = started(admin.actor, "a", "b", target={"app": "shop-bot"})
    app_answered(admin.actor, evaluation_id, "good")
    run(evaluation_id)
    assert (
        console(admin, PAGE).dataframe[0].value.to_dict("records")[0]["Cost"] == "$0 + 2 unpriced"
    )
