"""What an evaluation may spend is reserved before each call, so that its limit is kept."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.database.db import transaction
from core.evaluations.models import EvaluationResult
from core.evaluations.queries import results
from core.evaluations.runs import call_waiter
from core.evaluations.runs.work_items import EndedRun, ScoredRun
from core.evaluations.schemas import EvaluationResume, EvaluationStatus, NewScoring
from core.evaluations.service import claims, evaluations, settling
from core.executions.models import Execution
from core.executions.runner import Runner
from core.platform.ids import new_id
from core.providers.service import price_list
from core.quotas.errors import CostUnknown
from core.scoring.schemas import ScoreResult
from tests.factories.ab_tests import JUDGE, Judges
from tests.factories.evaluations import CONTAINS, answering, read, run, silence, started
from tests.factories.identity import Person, person
from tests.factories.providers import stored
from tests.factories.requests import price

ALWAYS = datetime(2001, 1, 1, tzinfo=UTC)
TARGET = {"model_id": "fake:echo", "parameters": {"max_tokens": 100}}
USAGE = '{"input": 150, "output": 100}'  # as much as the limit of tokens allows
DEAR = answering("good", usage=USAGE)


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


@pytest.fixture
def priced(one: Person) -> None:
    """Let a token of the fake provider cost a tenth of a cent."""
    for model in ("echo", "constrained"):
        price(one.actor, model, ALWAYS, provider="fake", input="1000", output="1000")


def reserved(evaluation_id: UUID) -> Decimal:
    with transaction() as session:
        of_it = EvaluationResult.evaluation_id == evaluation_id
        total = select(func.sum(EvaluationResult.reserved_usd)).where(of_it)
        return session.scalar(total) or Decimal(0)


def raised(one: Person, evaluation_id: UUID, limit: str) -> None:
    with transaction() as session:
        wanted = EvaluationResume.model_validate({"cost_limit_usd": limit})
        evaluations.resume(session, evaluation_id, wanted, actor=one.actor)


@pytest.mark.usefixtures("priced")
def test_calls_that_cost_the_most_they_can_keep_to_the_limit(one: Person) -> None:
    # Calls in progress exceeded the limit: the most that each may cost is reserved before it
    evaluation_id = started(one.actor, *[DEAR] * 20, target=TARGET, cost_limit_usd="2")
    run(evaluation_id)
    stopped = read(one.actor, evaluation_id)
    assert stopped.status is EvaluationStatus.FAILED
    assert "may cost up to $" in (stopped.error or "")
    assert Decimal(1) < stopped.spent_usd <= Decimal(2)
    assert stopped.spent_usd == Decimal("0.25") * stopped.progress.done
    assert reserved(evaluation_id) == 0


@pytest.mark.usefixtures("priced")
def test_a_raised_limit_goes_on_and_pays_for_no_answer_twice(one: Person) -> None:
    evaluation_id = started(one.actor, *[DEAR] * 20, target=TARGET, cost_limit_usd="2")
    run(evaluation_id)
    raised(one, evaluation_id, "20")
    run(evaluation_id)
    found = read(one.actor, evaluation_id)
    assert (found.status, found.spent_usd) == (EvaluationStatus.COMPLETED, Decimal(5))
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(Execution)) == 20


@pytest.mark.usefixtures("priced")
def test_a_limit_under_one_answer_makes_no_call(one: Person) -> None:
    evaluation_id = started(one.actor, DEAR, target=TARGET, cost_limit_usd="0.1")
    run(evaluation_id)
    found = read(one.actor, evaluation_id)
    assert (found.status, found.spent_usd) == (EvaluationStatus.FAILED, Decimal(0))
    assert "$0.10 of the cost limit is left" in (found.error or "")
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(Execution)) == 0


@pytest.mark.usefixtures("priced")
def test_judges_are_reserved_with_the_call_and_given_back_after_a_kill(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judges().install(monkeypatch)
    judged = {"kind": "judge", "rubric": "Is it kind?", "judge_model_id": JUDGE}
    with_judge = started(one.actor, DEAR, target=TARGET, scorers=[judged], cost_limit_usd="5000")
    without = started(one.actor, DEAR, target=TARGET, cost_limit_usd="5000")
    most = []
    for evaluation_id in (with_judge, without):
        with transaction() as session:
            taken = claims.take(session, evaluation_id, new_id())
            assert taken is not None
            [claimed] = claims.claim(session, taken, most=1)
        most.append((reserved(evaluation_id), claimed.judge_limit_usd or Decimal(0)))
    (both, of_judge), (of_call, nothing) = most
    assert nothing == 0 < of_judge
    assert both == of_call + 2 * of_judge  # once, and once more outside the form
    silence()
    run(with_judge)
    found = read(one.actor, with_judge)
    assert (found.status, reserved(with_judge)) == (EvaluationStatus.COMPLETED, Decimal(0))
    assert found.spent_usd > Decimal("0.25")


def test_a_model_without_a_price_is_refused_by_its_name(one: Person) -> None:
    stored("mine")
    with pytest.raises(CostUnknown, match="mine:unpriced has no price, so the cost limit"):
        started(one.actor, DEAR, target={"model_id": "mine:unpriced"}, cost_limit_usd="5")


def test_a_judge_without_a_price_is_refused_too(one: Person) -> None:
    stored("mine")
    judged = {"kind": "judge", "rubric": "Is it kind?", "judge_model_id": "mine:unpriced"}
    both = {"kind": "all", "scorers": [judged]}
    with pytest.raises(CostUnknown, match="mine:unpriced"):
        started(one.actor, DEAR, scorers=[both], cost_limit_usd="5")


@pytest.mark.usefixtures("priced")
def test_a_judge_without_a_price_is_refused_before_it_scores_answers_again(one: Person) -> None:
    # Each answer became a failed call, which only another paid call mended
    evaluation_id = started(one.actor, DEAR, target=TARGET, cost_limit_usd="2")
    run(evaluation_id)
    stored("mine")
    judge = {"kind": "judge", "rubric": "Is it kind?", "judge_model_id": "mine:unpriced"}
    wanted = NewScoring.model_validate({"scorers": [judge]})
    with pytest.raises(CostUnknown, match="mine:unpriced"), transaction() as session:
        evaluations.rescore(session, evaluation_id, wanted, actor=one.actor)
    assert read(one.actor, evaluation_id).progress.failed == 0


def test_a_judge_of_the_cases_that_has_lost_its_price_is_refused_before_it_scores_again(
    one: Person,
) -> None:
    # The cases were an iterator, which the check before this one had consumed
    stored("mine")
    dear = price(one.actor, "unpriced", ALWAYS, provider="mine", input="1", output="1")
    judge = {"kind": "judge", "rubric": "Is it kind?", "judge_model_id": "mine:unpriced"}
    case = {"input": answering("good"), "assertions": [CONTAINS, judge]}
    evaluation_id = started(one.actor, test_cases=[case], scorers=[], cost_limit_usd="2")
    run(evaluation_id)
    with transaction() as session:
        price_list.remove(session, dear.id, actor=one.actor)
    with pytest.raises(CostUnknown, match="mine:unpriced"), transaction() as session:
        evaluations.rescore(session, evaluation_id, NewScoring(), actor=one.actor)


def test_an_answer_does_not_fail_when_its_judge_loses_its_price_before_it_scores_again(
    one: Person,
) -> None:
    # A rerun would have paid for its answer again
    stored("mine")
    dear = price(one.actor, "unpriced", ALWAYS, provider="mine", input="1", output="1")
    evaluation_id = started(one.actor, answering("good"), cost_limit_usd="2")
    run(evaluation_id)
    assert read(one.actor, evaluation_id).success_rate.value == 1
    judge = {"kind": "judge", "rubric": "Is it kind?", "judge_model_id": "mine:unpriced"}
    wanted = NewScoring.model_validate({"scorers": [judge]})
    with transaction() as session:
        evaluations.rescore(session, evaluation_id, wanted, actor=one.actor)
    with transaction() as session:
        price_list.remove(session, dear.id, actor=one.actor)
    run(evaluation_id)
    found = read(one.actor, evaluation_id)
    assert (found.progress.failed, found.success_rate.value) == (0, None)
    with transaction() as session:
        [again], _ = results.export_after(session, evaluation_id, 0, actor=one.actor)
    assert "has no price" in again.scores[0].reason


def test_an_answer_comes_when_its_judge_loses_its_price_before_it(one: Person) -> None:
    # Planned with the answer, the refused judge left the run without one
    stored("mine")
    dear = price(one.actor, "unpriced", ALWAYS, provider="mine", input="1", output="1")
    judge = {"kind": "judge", "rubric": "Is it kind?", "judge_model_id": "mine:unpriced"}
    scorers = [CONTAINS, judge]
    evaluation_id = started(one.actor, answering("good"), scorers=scorers, cost_limit_usd="2")
    with transaction() as session:
        price_list.remove(session, dear.id, actor=one.actor)
    run(evaluation_id)
    assert read(one.actor, evaluation_id).progress.failed == 0
    with transaction() as session:
        [found], _ = results.export_after(session, evaluation_id, 0, actor=one.actor)
    by_rule, judged = found.scores
    assert by_rule.passed
    assert judged.score is None


@pytest.mark.usefixtures("priced")
def test_another_judge_scores_when_one_loses_its_price(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judges().install(monkeypatch)
    stored("mine")
    dear = price(one.actor, "unpriced", ALWAYS, provider="mine", input="1", output="1")
    scorers = [
        {"kind": "judge", "name": model, "rubric": "Is it kind?", "judge_model_id": model}
        for model in ("mine:unpriced", JUDGE)
    ]
    evaluation_id = started(
        one.actor, answering("good"), target=TARGET, scorers=scorers, cost_limit_usd="5000"
    )
    with transaction() as session:
        price_list.remove(session, dear.id, actor=one.actor)
    run(evaluation_id)
    with transaction() as session:
        [found], _ = results.export_after(session, evaluation_id, 0, actor=one.actor)
    assert [score.score is None for score in found.scores] == [True, False]


@pytest.mark.usefixtures("priced")
def test_embeddings_are_reserved_with_the_call(one: Person) -> None:
    similar = {"kind": "similarity", "value": "good", "model_id": "fake:echo"}
    scorers = [similar, {"kind": "any", "scorers": [similar | {"name": "again"}]}]
    with_them = started(one.actor, DEAR, target=TARGET, scorers=scorers, cost_limit_usd="5000")
    without = started(one.actor, DEAR, target=TARGET, cost_limit_usd="5000")
    for evaluation_id in (with_them, without):
        with transaction() as session:
            taken = claims.take(session, evaluation_id, new_id())
            assert taken is not None
            claims.claim(session, taken, most=1)
    # At worst, a token for each byte: of 100 tokens of 6 characters, and of the other text
    assert reserved(with_them) == reserved(without) + 2 * Decimal("0.604")


@pytest.mark.usefixtures("priced")
def test_embeddings_that_may_cost_more_than_is_left_are_not_made(one: Person) -> None:
    similar = {"kind": "similarity", "value": "x" * 10_000, "model_id": "fake:echo"}
    evaluation_id = started(one.actor, DEAR, target=TARGET, scorers=[similar], cost_limit_usd="5")
    run(evaluation_id)
    found = read(one.actor, evaluation_id)
    assert found.spent_usd <= 5
    assert "of the cost limit is left" in (found.error or "")


def test_what_an_unpriced_judge_leaves_out_is_said_beside_what_others_cost(one: Person) -> None:
    evaluation_id = started(one.actor, answering("good"))
    with transaction() as session:
        taken = claims.take(session, evaluation_id, new_id())
        assert taken is not None
        [claimed] = claims.claim(session, taken, most=1)
    answer = call_waiter.CallWaiter(taken).answer(claimed)
    costs = (Decimal("0.5"), None)
    scores = tuple(
        ScoreResult(name="kind", kind="judge", passed=True, score=1, reason="", cost_usd=each)
        for each in costs
    )
    judged = ScoredRun(scores, [1, 1], passed=True, score=1, scoring_usd=None)
    with transaction() as session:
        settling.settle(session, taken, [EndedRun(claimed.id, answer, judged)])
    found = read(one.actor, evaluation_id)
    assert (found.spent_usd, found.unpriced) == (Decimal("0.5"), 1)
