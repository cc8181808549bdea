"""A run has both variants answer every case, and stores what the answers and the judge say."""

from datetime import UTC, datetime
from decimal import Decimal
from statistics import mean
from uuid import UUID

import pytest
from sqlalchemy import select

from core.ab_tests import encrypted_texts
from core.ab_tests.errors import NoAbTestResult
from core.ab_tests.figures import TRAITS
from core.ab_tests.models import AbTestResult
from core.ab_tests.views import Winner
from core.database.db import transaction
from core.evaluations.schemas import EvaluationStatus
from core.executions.models import Execution
from core.executions.runner import Runner
from core.identity.schemas import Actor
from tests.factories.ab_tests import (
    BAD,
    GOOD,
    JUDGE,
    Judges,
    case,
    count_ended,
    created,
    finished,
    outcome,
    read,
    started,
)
from tests.factories.bots import made
from tests.factories.evaluations import run
from tests.factories.identity import person
from tests.factories.requests import price

WARM, COLD = (20, 80, 10, 90), (80, 20, 30, 10)
COUNTED = 123_456  # tokens, by which the call is found


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


def stored() -> list[AbTestResult]:
    with transaction() as session:
        order = (AbTestResult.position, AbTestResult.variant, AbTestResult.run)
        return list(session.scalars(select(AbTestResult).order_by(*order)))


def time_of(input_tokens: int) -> int | None:
    """Return the milliseconds of the call that has used so many tokens."""
    with transaction() as session:
        used = Execution.input_tokens == input_tokens
        return session.scalars(select(Execution.execution_time_ms).where(used)).one()


def average_times(ab_test_id: UUID) -> tuple[float, float]:
    of_test = [row for row in stored() if row.ab_test_id == ab_test_id]
    a, b = (
        mean(row.response_time_ms or 0 for row in of_test if row.variant == variant)
        for variant in ("A", "B")
    )
    return a, b


def test_every_figure_of_an_answer_is_stored_by_case_and_variant(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    price(actor, "echo", datetime(2020, 1, 1, tzinfo=UTC), provider="fake")
    Judges({GOOD: 5, BAD: 2}, {GOOD: WARM, BAD: COLD}).install(monkeypatch)
    quick = {"text": GOOD, "usage": {"input": COUNTED, "output": 5}}
    slow = {"text": BAD, "delay_s": 0.3, "usage": {"input": 1000, "output": 500}}
    test = finished(actor, [case(quick, slow)], judge_model_id=JUDGE)
    assert test.status is EvaluationStatus.COMPLETED
    a, b = stored()
    assert (a.position, a.variant, b.position, b.variant) == (1, "A", 1, "B")
    # The score is the mean of the judge's, from 0 to 1, and the case's own: 1 and 1, 0.25 and 0
    assert (a.quality_score, b.quality_score) == (1, 0.125)
    assert (a.response_time_ms, b.response_time_ms) == (time_of(COUNTED), time_of(1000))
    assert (b.response_time_ms or 0) >= 300
    # 1,000 tokens at $1 and 500 at $2 per million
    assert (b.cost_usd, a.cost_usd != b.cost_usd) == (Decimal("0.002"), True)
    assert a.personality_analysis == dict(zip(TRAITS, WARM, strict=True))
    assert b.personality_analysis == dict(zip(TRAITS, COLD, strict=True))


def test_other_answers_give_other_figures(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    Judges({GOOD: 5, BAD: 2}, {GOOD: WARM, BAD: COLD}).install(monkeypatch)
    steady = finished(actor, [case(GOOD, BAD)] * 12, judge_model_id=JUDGE)
    first = outcome(actor, steady.id)
    mixed = finished(
        actor,
        [case(BAD, {"text": GOOD, "delay_s": 0.1})] * 6 + [case(BAD, BAD)] * 6,
        judge_model_id=JUDGE,
        variants=[each.model_dump(include={"template_id", "version", "model_id"}, mode="json")
                  for each in steady.variants],
    )  # fmt: skip
    second = outcome(actor, mixed.id)
    assert (first.winner, second.winner) == (Winner.A, Winner.B)
    assert (first.metrics.quality_scores.A, first.metrics.quality_scores.B) == (1, 0.125)
    assert pytest.approx((6 * 1 + 6 * 0.125) / 12) == second.metrics.quality_scores.B
    assert first.metrics.personality_consistency.B == 100
    # Half of B's answers are warm: each trait is half of the distance from its mean
    away = sum(abs(x - y) / 2 for x, y in zip(WARM, COLD, strict=True)) / 4
    assert second.metrics.personality_consistency.A == 100
    assert pytest.approx(100 - away) == second.metrics.personality_consistency.B
    times = second.metrics.average_response_time
    assert pytest.approx(average_times(mixed.id), abs=1) == (times.A, times.B)
    assert (times.B or 0) >= 50  # half of its answers were delayed by twice that


def test_without_a_judge_the_cases_expectations_decide(actor: Actor) -> None:
    test = finished(actor, [case(GOOD, BAD)] * 8 + [case(GOOD, GOOD)] * 4)
    found = outcome(actor, test.id)
    assert (found.winner, found.verdict) == (Winner.A, "A is better")
    quality = found.metrics.quality_scores
    assert quality.A == 1
    assert pytest.approx(1 / 3) == quality.B
    compared = found.comparisons[0].comparison
    assert compared is not None
    assert compared.p_value == pytest.approx(2 * 0.5**8)
    assert found.metrics.personality_consistency.A is None
    assert [each.personality_analysis for each in stored()] == [None] * 24


def test_a_judge_that_fails_leaves_null_with_the_reason(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judges({GOOD: None, BAD: 4}, {GOOD: None, BAD: WARM}).install(monkeypatch)
    test = finished(actor, [case(GOOD, BAD)], judge_model_id=JUDGE)
    a, b = stored()
    assert (a.personality_analysis, b.personality_analysis is None) == (None, False)
    assert "requested form" in (encrypted_texts.problem_of(a) or "")
    assert encrypted_texts.problem_of(b) is None
    # Of A, only the case's own score is there: a mean without the judge's is not like B's
    assert (a.quality_score, b.quality_score) == (None, 0.375)
    found = outcome(actor, test.id)
    assert (found.A.not_scored, found.A.not_analyzed) == (1, 1)
    assert (found.B.not_scored, found.B.not_analyzed) == (0, 0)


def test_failed_calls_are_in_no_figure_and_are_told(actor: Actor) -> None:
    failing = {"text": GOOD, "fault": "bad_request"}
    test = finished(actor, [case(failing, GOOD), *[case(GOOD, GOOD)] * 2])
    found = outcome(actor, test.id)
    assert (found.A.failed, found.comparisons[0].A.n) == (1, 2)
    assert stored()[0].is_failed
    assert stored()[0].quality_score is None
    assert "1 call failed (1 of A, 0 of B)." in found.recommendation


def test_two_bots_answer_with_their_own_versions(actor: Actor) -> None:
    bots = [made(actor, bot_name=name) for name in ("Rosa", "Max")]
    test = created(
        actor,
        [{"input": "hello", "expected_output": {"type": "contains", "value": "Rosa"}}],
        variants=[{"bot_id": str(bot.id), "model_id": "fake:echo"} for bot in bots],
    )
    assert [each.title for each in test.variants] == ["Rosa v1 · fake:echo", "Max v1 · fake:echo"]
    assert [(each.bot_id, each.version, each.weight) for each in test.variants] == [
        (bot.id, 1, 50) for bot in bots
    ]
    run(started(actor, test.id))
    assert read(actor, test.id).status is EvaluationStatus.RUNNING  # until it is counted


def test_there_is_no_result_before_the_end(actor: Actor) -> None:
    test = created(actor, [case(GOOD, BAD)])
    assert (test.status, test.case_count) == (None, 1)
    with pytest.raises(NoAbTestResult):
        outcome(actor, test.id)
    started(actor, test.id)
    with pytest.raises(NoAbTestResult):
        outcome(actor, test.id)


def test_another_run_replaces_the_results(actor: Actor) -> None:
    test = finished(actor, [case(GOOD, BAD)])
    before = {each.id for each in stored()}
    first = test.evaluation_id
    run(started(actor, test.id))
    assert stored() == []  # removed with their evaluation
    count_ended()
    after = read(actor, test.id)
    assert after.evaluation_id != first
    assert len(stored()) == 2
    assert not before & {each.id for each in stored()}
