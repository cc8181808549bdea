"""No figure of a bot's tests is canned: other answers give other figures."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from core.bots.models import BotPerformanceMetric, BotResult
from core.bots.result_schemas import BotTestResult, NewScenario
from core.bots.service import scenarios
from core.database.db import transaction
from core.executions.runner import Runner
from core.identity.schemas import Actor
from tests.factories.bots import SCORES, Judge, asked, judgement, made, started, worked
from tests.factories.identity import person
from tests.factories.requests import price

KNOWLEDGE = {
    "products": ["Returns are free within thirty days"],
    "policies": ["Delivery is on Monday"],
}
FIGURES = {
    "response",
    "response_time_ms",
    "cost_usd",
    "confidence",
    "personality_score",
    "knowledge_sources",
    "knowledge_coverage",
}
QUICK = '#fake {"text": "Returns are free within thirty days", "usage": {"input": 9}}\n'
SLOW = '#fake {"text": "Delivery happens Monday.", "usage": {"input": 900}, "delay_s": 0.2}\n'


@pytest.fixture
def actor(runner: Runner) -> Actor:
    one = person().actor
    price(one, "echo", datetime(2020, 1, 1, tzinfo=UTC), provider="fake")
    return one


def verdict(shift: int, *, met: bool | None = None) -> str:
    """Return a judge's answer; `met` is whether the one expected outcome is there."""
    scores = {name: score - shift for name, score in SCORES.items()}
    outcome = {} if met is None else {"outcome_1": {"reason": f"By {shift}", "met": met}}
    return judgement(rationale=f"By {shift}", suggestions=[f"{shift}"], **scores, **outcome)


def unchanged(one: BotTestResult, other: BotTestResult, names: set[str]) -> list[str]:
    before, after = (each.model_dump(include=names) for each in (one, other))
    scores = [(each["personality_score"] or {}) for each in (before, after)]
    assert [name for name in scores[0] if scores[0][name] == scores[1].get(name)] == []
    return [name for name in before if before[name] == after[name]]


def test_another_answer_changes_every_figure_of_a_test_message(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = made(actor, knowledge=KNOWLEDGE)
    Judge(verdict(0), verdict(20)).install(monkeypatch)
    one, other = (asked(actor, bot, f"{script}May I?") for script in (QUICK, SLOW))
    assert unchanged(one, other, FIGURES) == []
    with transaction() as session:
        for table in (BotResult, BotPerformanceMetric):
            first, second = session.scalars(select(table).order_by(table.id)).all()
            for name in ("confidence_score", "response_time_ms", "personality_analysis"):
                assert getattr(first, name) != getattr(second, name)


def test_another_answer_changes_every_figure_of_a_scenario(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, results = made(actor, knowledge=KNOWLEDGE), []
    for shift, script in ((0, QUICK), (20, SLOW)):
        new = NewScenario(
            name="Returns", user_messages=(f"{script}May I?",) * 2, expected_outcomes=("kind",)
        )
        with transaction() as session:
            scenario = scenarios.create_scenario(session, new, actor=actor)
        with monkeypatch.context() as patch:
            Judge(verdict(shift, met=not shift)).install(patch)
            results.append(worked(actor, started(actor, bot, scenario.id, mode="messages"))[1])
    for one, other in zip(*results, strict=True):
        assert unchanged(one, other, FIGURES | {"outcomes"}) == []
