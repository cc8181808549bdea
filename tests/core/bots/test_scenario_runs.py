"""Runs of scenarios: what is sent, checked and stored, and what stops them."""

from collections.abc import Iterator
from decimal import Decimal
from threading import Event, Thread

import pytest
from sqlalchemy import update

from core.bots import scenario_steps
from core.bots.errors import GoalMissing
from core.bots.judging import NO_JUDGE_IN_RUN
from core.bots.queries import results
from core.bots.queries import scenarios as scenario_queries
from core.bots.result_schemas import NewScenario, RunStatus, ScenarioChange
from core.bots.schemas import BotChange, NewBotVersion
from core.bots.service import bots, runs, scenarios
from core.bots.service import results as result_service
from core.database.db import transaction
from core.errors import Unavailable
from core.executions import runner as runners
from core.executions.runner import Runner
from core.identity.models import AdminUser
from core.identity.schemas import Actor
from core.network.cancellation import CancelToken
from core.platform.ids import new_id
from core.providers.chunks import Chunk
from core.providers.errors import CallCancelled
from core.providers.schemas import ModelCall
from core.providers.vendors.fake import Fake
from tests.factories.bots import Judge, included, judgement, made, started, state, worked
from tests.factories.identity import person

MET = {f"outcome_{number}": {"reason": "It is.", "met": number != 2} for number in (1, 2, 3)}


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


def test_the_included_scenarios_have_exactly_the_specifications_texts(actor: Actor) -> None:
    found = {each.name: (each.user_messages, each.expected_outcomes) for each in included(actor)}
    assert found == {
        "Product Inquiry": (
            [
                "What are your pricing plans?",
                "Do you offer enterprise features?",
                "Can I get a demo of your product?",
            ],
            ["helpful", "informative", "sales-oriented"],
        ),
        "Technical Support": (
            [
                "I cannot log into my account",
                "The app keeps crashing on my phone",
                "My integration stopped working",
            ],
            ["empathetic", "solution-focused", "technical"],
        ),
        "Billing Questions": (
            [
                "Why was I charged twice this month?",
                "How do I cancel my subscription?",
                "Can I get a refund for last month?",
            ],
            ["careful", "policy-aware", "empathetic"],
        ),
    }


def test_all_scenarios_run_and_each_answer_is_judged(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judge(judgement(**MET)).install(monkeypatch)
    included(actor)
    run, found = worked(actor, started(actor, made(actor), mode="messages"))
    assert (run.status, run.done, run.total) == (RunStatus.COMPLETED, 9, 9)
    assert [each.message for each in found] == [
        message for each in included(actor) for message in each.user_messages
    ]
    for each in found:
        assert each.message.split()[0] in each.response
        assert [check.met for check in each.outcomes] == [True, False, True]
        assert each.confidence == 83


def test_a_conversation_carries_on_and_single_messages_begin_anew(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge(judgement(**MET))
    judge.install(monkeypatch)
    bot, scenario = made(actor), included(actor)[0].id
    prompts = {}
    for mode in ("conversation", "messages"):
        judge.calls.clear()
        worked(actor, started(actor, bot, scenario, mode=mode))
        prompts[mode] = judge.calls[-1].messages[-1].content
    assert "What are your pricing plans?" in prompts["conversation"]
    assert "What are your pricing plans?" not in prompts["messages"]


def test_without_a_judge_rules_are_checked_and_the_rest_is_not(actor: Actor) -> None:
    new = NewScenario(
        name="Rules", user_messages=("one two",), expected_outcomes=("contains: two", "kind")
    )
    with transaction() as session:
        scenario = scenarios.create_scenario(session, new, actor=actor)
    _, [result] = worked(actor, started(actor, made(actor), scenario.id, judge_model_id=None))
    assert [(each.by, each.met) for each in result.outcomes] == [("rule", True), ("judge", None)]
    assert result.outcomes[1].reason == NO_JUDGE_IN_RUN


def test_a_simulated_user_writes_what_follows_until_its_goal_is_reached(actor: Actor) -> None:
    scenario = included(actor)[2]
    run, found = worked(actor, started(actor, made(actor), scenario.id, mode="simulated", turns=3))
    assert run.status is RunStatus.COMPLETED
    # The echo of the fake has the words of the instructions that end a conversation nowhere
    assert [each.position for each in found] == [1, 2, 3]
    assert found[0].message == scenario.user_messages[0]
    assert found[1].message != found[0].message


def test_a_simulated_user_needs_a_goal(actor: Actor) -> None:
    new = NewScenario(name="No goal", user_messages=("hello",))
    with transaction() as session:
        scenario = scenarios.create_scenario(session, new, actor=actor)
    with pytest.raises(GoalMissing):
        started(actor, made(actor), scenario.id, mode="simulated")


def test_after_a_stop_a_run_goes_on_after_the_last_answer(actor: Actor) -> None:
    run_id = started(actor, made(actor), included(actor)[0].id)
    looks = iter([True, False])
    scenario_steps.work(run_id, may_go_on=lambda: next(looks, False))
    run, before = state(actor, run_id)
    assert (run.status, run.done) == (RunStatus.RUNNING, 1)
    run, after = worked(actor, run_id)
    assert (run.status, run.done) == (RunStatus.COMPLETED, 3)
    assert [each.id for each in after[:1]] == [each.id for each in before]


def test_an_equal_run_is_started_again_only_after_the_end_of_the_first(actor: Actor) -> None:
    # A second press paid for every answer twice
    bot, scenario = made(actor), included(actor)[0].id
    first = started(actor, bot, scenario)
    assert started(actor, bot, scenario) == first
    assert started(actor, bot, scenario, mode="messages") != first
    worked(actor, first)
    assert started(actor, bot, scenario) != first


def test_an_edited_scenario_is_run_though_one_of_its_former_texts_has_not_ended(
    actor: Actor,
) -> None:
    # An equal run that goes on is returned, but this one had read the texts before the edit
    new = NewScenario(name="Greeting", user_messages=("hello",))
    with transaction() as session:
        scenario = scenarios.create_scenario(session, new, actor=actor)
    bot = made(actor)
    first = started(actor, bot, scenario.id)
    change = ScenarioChange(user_messages=("good evening",))
    with transaction() as session:
        scenarios.change_scenario(session, scenario.id, change, actor=actor)
    second = started(actor, bot, scenario.id)
    assert second != first
    assert started(actor, bot, scenario.id) == second


def test_a_run_ends_once_its_account_is_disabled(actor: Actor) -> None:
    # A run of all scenarios goes on for hours, and pays for every answer
    run_id = started(actor, made(actor), included(actor)[0].id)

    def disable() -> bool:
        with transaction() as session:
            if scenario_queries.count_answers(session, run_id):
                session.execute(update(AdminUser).values(is_active=False))
        return True

    scenario_steps.work(run_id, may_go_on=disable)
    run, _ = state(actor, run_id)
    assert (run.status, run.done) == (RunStatus.FAILED, 2)
    assert "not active" in (run.error or "")


def test_a_cancelled_run_sends_nothing_more(actor: Actor) -> None:
    run_id = started(actor, made(actor), included(actor)[0].id)
    with transaction() as session:
        runs.cancel(session, run_id, actor=actor)
    run, found = worked(actor, run_id)
    assert (run.status, found) == (RunStatus.CANCELLED, [])


def test_a_conversation_ends_at_an_answer_that_failed_and_says_so(actor: Actor) -> None:
    run_id = started(actor, made(actor), included(actor)[0].id, model_id="fake:refusing")
    run, [result] = worked(actor, run_id)
    assert run.status is RunStatus.COMPLETED
    assert result.problem
    assert (result.confidence, result.personality_score) == (None, None)


def test_an_answer_that_failed_follows_and_breaks_no_rule_and_took_no_time(actor: Actor) -> None:
    # Its empty text contains nothing that is forbidden, and a refusal is quick
    rules = ("does not contain: sorry", "contains: 30 days", "friendly")
    new = NewScenario(name="Returns", user_messages=("How?",), expected_outcomes=rules)
    with transaction() as session:
        scenario = scenarios.create_scenario(session, new, actor=actor)
    bot = made(actor)
    _, [result] = worked(actor, started(actor, bot, scenario.id, model_id="fake:refusing"))
    assert result.problem
    assert [each.met for each in result.outcomes] == [None, None, None]
    with transaction() as session:
        [figures] = results.figures_by_scenario(session, bot.id, actor=actor)
    assert (figures.outcomes_checked, figures.mean_response_time_ms) == (0, None)


def test_results_and_ratings_are_counted_by_the_version_that_was_run(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge(judgement(**MET))
    judge.install(monkeypatch)
    bot, scenario = made(actor), included(actor)[0].id
    worked(actor, started(actor, bot, scenario))
    with transaction() as session:
        change = BotChange.model_validate({"personality_traits": {"empathy": 100}})
        bots.change_bot(session, bot.id, change, actor=actor)
        bots.save_version(session, bot.id, NewBotVersion(), actor=actor)
    judge.answers[:] = [judgement(**MET, overall_alignment=50)]
    _, found = worked(actor, started(actor, bot, scenario))
    with transaction() as session:
        result_service.rate(session, found[0].id, Decimal("3.5"), actor=actor)
        figures = results.figures_by_scenario(session, bot.id, actor=actor)
    assert [(each.version, each.tests, each.mean_alignment) for each in figures] == [
        (1, 3, 90),
        (2, 3, 50),
    ]
    assert [each.mean_rating for each in figures] == [None, 3.5]
    assert [(each.outcomes_met, each.outcomes_checked) for each in figures] == [(6, 9)] * 2


def test_an_answer_that_the_stop_of_its_process_cut_off_is_made_again(
    actor: Actor, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, is_asked = Fake.stream, Event()

    def stream(fake: Fake, call: ModelCall, cancel_token: CancelToken) -> Iterator[Chunk]:
        if not is_asked.is_set():
            is_asked.set()
            assert cancel_token.wait(60)
            raise CallCancelled
        yield from usual(fake, call, cancel_token)

    def stop() -> None:
        assert is_asked.wait(60)
        runner.stop(grace_s=0.0)

    monkeypatch.setattr(Fake, "stream", stream)
    new = NewScenario(name="Slow", user_messages=("question",))
    with transaction() as session:
        scenario = scenarios.create_scenario(session, new, actor=actor)
    run_id = started(actor, made(actor), scenario.id)
    stopping = Thread(target=stop)
    stopping.start()
    with pytest.raises(Unavailable):  # the job tries again
        scenario_steps.work(run_id, may_go_on=lambda: True)
    stopping.join()
    run, found = state(actor, run_id)
    assert (run.status, run.done, found) == (RunStatus.RUNNING, 0, [])
    runners.use(again := Runner(new_id()))
    again.start()
    try:
        run, found = worked(actor, run_id)
    finally:
        again.stop(grace_s=0.0)
    assert (run.status, run.done) == (RunStatus.COMPLETED, 1)
    assert [each.problem for each in found] == [None]


def test_a_run_that_was_deleted_with_its_bot_ends_quietly(actor: Actor) -> None:
    bot = made(actor)
    run_id = started(actor, bot)
    with transaction() as session:
        bots.delete_bot(session, bot.id, actor=actor)
    scenario_steps.work(run_id, may_go_on=lambda: True)
