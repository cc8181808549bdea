"""A sample of production messages is scored once, within a budget; low scores are reviewed."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from core.annotations.settings import ReviewSettings
from core.database import settings
from core.database.db import Session, transaction
from core.identity.schemas import Role
from core.platform import clock
from core.scores.ingest import OwnScore, store_own
from core.scoring import jobs
from core.scoring.service import production
from core.scoring.settings import (
    ProductionScoring,
    ProductionScoringState,
    ProductionScoringView,
    change,
    read,
)
from tests.factories.annotations import rows as review_rows
from tests.factories.annotations import told
from tests.factories.conversations import conversation, message, stored
from tests.factories.identity import Person, person
from tests.factories.providers import stored as provider
from tests.factories.requests import price

pytestmark = pytest.mark.usefixtures("runner")
NO_APOLOGY = {"kind": "contains", "name": "no apology", "values": ["sorry"], "negate": True}


def judge(score: int = 5, **more: object) -> dict[str, Any]:
    script = {"json": {"rationale": "As it is.", "score": score}, **more}
    rubric = f"#fake {json.dumps(script)}\nHelpful?"
    return {"kind": "judge", "name": "helpful", "rubric": rubric, "judge_model_id": "fake:echo"}


@pytest.fixture
def one() -> Person:
    with transaction() as core:
        settings.write(core, ReviewSettings(sample_share=0.0, double_share=0.0), by=None)
    return person(Role.ADMIN)


def chosen(one: Person, *scorers: dict[str, Any], **more: Any) -> None:  # noqa: ANN401
    """Turn production scoring on, as if an hour ago."""
    given = {"is_active": True, "sample_share": 1, "scorers": scorers, **more}
    with transaction() as core:
        change(core, ProductionScoring.model_validate(given), actor=one.actor)
        state = settings.read(core, ProductionScoringState)
        since = clock.now() - timedelta(hours=1)
        settings.write(
            core, state.model_copy(update={"since": since, "looked_until": None}), by=None
        )


def talk(*answers: str, name: str = "c", minutes_ago: int = 30) -> None:
    """Store a conversation in which questions and these answers alternate."""
    began = clock.now() - timedelta(minutes=minutes_ago)
    said = []
    for place, content in enumerate(answers):
        for number, words in ((2 * place, "A question?"), (2 * place + 1, content)):
            at = (began + timedelta(seconds=number)).isoformat()
            said.append(message(number, content=words, created_at=at))
    stored(conversation(name) | {"messages": said})


def work() -> None:
    jobs.score_production(0)


def scores() -> list[dict[str, Any]]:
    wanted = text(
        "select messages.external_id as message, name, value, label, message_scores.source, "
        "evaluator, comment, message_scores.cost_usd, attributes from message_scores "
        "join messages on messages.id = subject_id order by name, message"
    )
    with transaction() as core:
        return [dict(row) for row in core.execute(wanted).mappings()]


def state(one: Person) -> ProductionScoringView:
    with transaction() as core:
        return read(core, actor=one.actor)


def executions() -> int:
    with transaction() as core:
        return len(core.execute(text("select id from prompt_executions")).all())


def test_answers_are_scored_by_rules_and_judges(one: Person) -> None:
    chosen(one, NO_APOLOGY, judge(4))
    talk("I am sorry.", "It is Paris.")
    work()
    found = [(each["message"], each["name"], each["value"], each["label"]) for each in scores()]
    assert found == [
        ("m1", "helpful", 0.75, "pass"),
        ("m3", "helpful", 0.75, "pass"),
        ("m1", "no apology", 0, "fail"),
        ("m3", "no apology", 1, "pass"),
    ]
    by_judge = scores()[0]
    assert (by_judge["source"], by_judge["evaluator"]) == ("judge", "fake:echo")
    assert (by_judge["comment"], by_judge["attributes"]["rating"]) == ("As it is.", 4)
    assert scores()[2]["source"] == "rule"
    assert state(one).messages_today == 2


def test_a_second_run_scores_and_pays_nothing_twice(one: Person) -> None:
    chosen(one, NO_APOLOGY, judge())
    talk("It is Paris.")
    work()
    before = scores()
    work()
    with transaction() as core:  # as after a kill: the place of the last run is lost
        kept = settings.read(core, ProductionScoringState)
        settings.write(core, kept.model_copy(update={"looked_until": None}), by=None)
    work()
    assert scores() == before
    assert (executions(), len(before), state(one).messages_today) == (1, 2, 1)


def test_only_the_sample_of_the_environment_is_scored(one: Person) -> None:
    chosen(one, NO_APOLOGY, sample_share=0)
    talk("It is Paris.")
    work()
    assert scores() == []
    chosen(one, NO_APOLOGY, environment="staging", sample_share=1)
    work()
    assert scores() == []
    chosen(one, NO_APOLOGY, environment="production")
    work()
    assert len(scores()) == 1


def test_half_of_many_messages_are_in_a_sample_of_half(one: Person) -> None:
    chosen(one, NO_APOLOGY, sample_share=0.5)
    talk(*["It is Paris."] * 100)
    work()
    assert 30 <= len(scores()) <= 70


def test_messages_of_before_the_change_and_questions_are_not_scored(one: Person) -> None:
    chosen(one, NO_APOLOGY)
    talk("It is Paris.", minutes_ago=61)
    talk("", name="d")
    work()
    assert scores() == []


def test_low_scores_join_the_review_queue(one: Person) -> None:
    chosen(one, NO_APOLOGY, review_below=0.5)
    talk("I am sorry.", "It is Paris.")
    work()
    told()
    told()
    found = review_rows("select message_id, reasons from review_items")
    with transaction() as core:
        low = core.execute(text("select id from messages where external_id = 'm1'")).scalar_one()
    assert [(each["message_id"], each["reasons"]) for each in found] == [(low, ["score"])]


def test_without_a_limit_low_scores_join_no_queue(one: Person) -> None:
    chosen(one, NO_APOLOGY, review_below=None)
    talk("I am sorry.")
    work()
    told()
    assert review_rows("select 1 from review_items") == []


def test_a_judge_outside_the_form_leaves_a_label_and_is_not_asked_again(one: Person) -> None:
    outside = {
        "kind": "judge",
        "name": "helpful",
        "rubric": "Good?",
        "judge_model_id": "fake:plain",
    }
    chosen(one, outside)
    talk("It is Paris.")
    work()
    work()
    (only,) = scores()
    assert (only["value"], only["label"]) == (None, "not scored")
    assert "requested form" in only["comment"]
    assert executions() == 2  # the question, and once more
    assert review_rows("select 1 from review_items") == []


@pytest.mark.parametrize("scorers", [[NO_APOLOGY, judge()], [judge(), NO_APOLOGY]])
def test_a_used_up_budget_ends_judging_but_not_rules(
    one: Person, scorers: list[dict[str, Any]]
) -> None:
    chosen(one, *scorers, daily_budget_usd=0)
    talk("It is Paris.")
    work()
    assert [each["name"] for each in scores()] == ["no apology"]
    assert executions() == 0
    figures = state(one)
    assert (figures.skipped_today, figures.spent_today_usd) == (1, Decimal(0))
    assert figures.problem is not None
    assert "budget" in figures.problem


def test_a_score_is_skipped_once_when_no_later_run_tries_it_again(one: Person) -> None:
    chosen(one, judge(), daily_budget_usd=0)
    talk("It is Paris.", minutes_ago=1)
    work()
    assert state(one).skipped_today == 0
    with transaction() as core:  # as if that had been 16 minutes ago
        core.execute(text("update messages set created_at = created_at - interval '16 minutes'"))
        kept = settings.read(core, ProductionScoringState)
        before = {"looked_until": clock.now() - timedelta(minutes=16)}
        settings.write(core, kept.model_copy(update=before), by=None)
    work()
    work()
    assert state(one).skipped_today == 1


def test_a_message_whose_judge_scores_it_later_than_its_rules_counts_once(one: Person) -> None:
    chosen(one, NO_APOLOGY, judge(), daily_budget_usd=0)
    talk("It is Paris.", minutes_ago=1)
    work()
    chosen(one, NO_APOLOGY, judge(), daily_budget_usd=1)
    work()
    assert (len(scores()), state(one).messages_today) == (2, 1)


def test_what_judges_cost_stays_within_the_budget(one: Person) -> None:
    price(
        one.actor, "echo", clock.now() - timedelta(days=1), provider="fake", input="1", output="50"
    )
    budget = Decimal("0.11")  # at worst, 2,000 tokens of a verdict cost 0.10
    chosen(one, judge(), daily_budget_usd=budget)
    talk(*["It is Paris."] * 20)
    work()
    with transaction() as core:
        spent = core.execute(text("select sum(cost_usd) from prompt_executions")).scalar_one()
    figures = state(one)
    assert 0 < figures.spent_today_usd == spent <= budget
    assert figures.skipped_today > 0
    assert figures.messages_today + figures.skipped_today == 20
    assert sum(each["cost_usd"] for each in scores()) == spent


def by_meaning(model_id: str) -> dict[str, Any]:
    value = "the capital is paris"
    return {"kind": "similarity", "name": "near", "value": value, "model_id": model_id}


def test_texts_are_embedded_only_when_that_fits_into_the_rest_of_the_budget(one: Person) -> None:
    a_day_ago = clock.now() - timedelta(days=1)
    price(one.actor, "echo", a_day_ago, provider="fake", input="1000", output="0")
    chosen(one, by_meaning("fake:echo"), daily_budget_usd=Decimal("0.001"))
    talk("It is Paris.")
    work()
    assert [each["attributes"]["measure"] for each in scores()] == ["lexical"]
    assert state(one).spent_today_usd == 0


def test_texts_are_not_embedded_by_a_model_whose_price_is_unknown(one: Person) -> None:
    provider("mine")
    chosen(one, by_meaning("mine:unpriced"))
    talk("It is Paris.")
    work()
    assert ["has no price" in each["comment"] for each in scores()] == [True]


def test_the_account_that_set_it_up_must_still_run_models(one: Person) -> None:
    chosen(one, NO_APOLOGY)
    talk("It is Paris.")
    with transaction() as core:
        core.execute(text("update admin_users set is_active = false"))
    work()
    assert scores() == []
    assert "Save the settings again" in (state(one).problem or "")


def test_a_run_ends_once_the_account_may_not_run_models(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(one, NO_APOLOGY)
    talk("It is Paris.", "It is Rome.")

    def store_and_disable(core: Session, scored: list[OwnScore]) -> None:
        store_own(core, scored)
        core.execute(text("update admin_users set is_active = false"))

    monkeypatch.setattr(production, "store_own", store_and_disable)
    work()
    assert [each["message"] for each in scores()] == ["m1"]


def test_a_call_with_unreadable_arguments_keeps_no_later_answer_from_its_score(
    one: Person,
) -> None:
    # One such call broke the run of all scores, again every five minutes for a day
    chosen(one, judge())
    at = (clock.now() - timedelta(minutes=40)).isoformat()
    called = {"tool_calls": [{"name": "search", "arguments": '{"a": "\\ud83d"}'}]}
    stored(conversation("a") | {"messages": [message(1, created_at=at, **called)]})
    talk("It is Paris.")
    work()
    assert [each["label"] for each in scores()] == ["pass", "pass"]


def test_turned_off_it_does_nothing(one: Person) -> None:
    chosen(one, NO_APOLOGY, is_active=False)
    talk("It is Paris.")
    work()
    assert scores() == []
