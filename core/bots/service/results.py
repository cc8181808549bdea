"""Store answers of bots, what the judge says of them, and testers' ratings."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.bots import encrypted_texts, judging
from core.bots.encrypted_texts import ResultDetails
from core.bots.errors import BotMissing, ScenarioMissing
from core.bots.judging import AnswerJudgement
from core.bots.knowledge.items import KnowledgeItem
from core.bots.knowledge.overlap import knowledge_use
from core.bots.models import BotConfiguration, BotPerformanceMetric, BotResult, Scenario
from core.bots.queries import results as queries
from core.bots.queries.conversations import get_row
from core.bots.result_schemas import (
    BotTestResult,
    KnowledgeSource,
    OutcomeCheck,
    PersonalityScores,
)
from core.bots.scenarios import outcomes as rules
from core.bots.schemas import BotContent
from core.database.tables import table_of
from core.executions.schemas import ExecutionStatus, ExecutionView
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform.ids import new_id

JUDGE, RULE = "judge", "rule"
NOT_CHECKED = "Not checked yet."
NO_ANSWER = "There is no answer to check."
metrics = table_of(BotPerformanceMetric)


@dataclass(frozen=True)
class ResultOrigin:
    """Of what an answer is a test: the bot with the version that its content is, and the place in
    a run of scenarios.
    """

    bot_id: UUID
    content: BotContent
    version: int | None
    items: Sequence[KnowledgeItem]
    parameters_left_out: Sequence[str] = ()
    run_id: UUID | None = None
    scenario_id: UUID | None = None
    scenario: str | None = None
    position: int = 1
    outcomes: Sequence[str] = ()


def store(
    session: Session, origin: ResultOrigin, message: str, answer: ExecutionView, *, actor: Actor
) -> BotTestResult:
    """Store an answer with the knowledge that it uses and the rules that it follows.

    Raises BotMissing or ScenarioMissing when its bot or scenario was deleted while it was made.
    """
    require(actor, Permission.RUN_MODELS)
    _hold(session, origin)
    use = knowledge_use(answer.response, origin.items)
    details = _details_of(origin, answer, use.sources)
    # How soon a call fails says nothing of how long answers take
    time_ms = answer.execution_time_ms if details.problem is None else None
    id_ = new_id()
    row = BotResult(
        id=id_,
        user_id=actor.id,
        bot_config_id=origin.bot_id,
        bot_version=origin.version,
        test_scenario_id=origin.scenario_id,
        run_id=origin.run_id,
        position=origin.position,
        test_message=encrypted_texts.seal(message, "test_message", id_),
        bot_response=encrypted_texts.seal(answer.response, "bot_response", id_),
        details=encrypted_texts.seal_details(details, id_),
        traits=origin.content.personality_traits.model_dump(),
        model_id=answer.model_id,
        execution_id=answer.id,
        response_time_ms=time_ms,
        finish_reason=answer.finish_reason,
        cost_usd=answer.usage.estimated_cost,
        knowledge_sources=[source.title for source in use.sources],
        knowledge_coverage=(
            None if use.coverage is None else Decimal(use.coverage).quantize(Decimal("0.0001"))
        ),
    )
    _count(row, details.outcomes)
    session.add(row)
    session.flush()
    session.add(
        BotPerformanceMetric(
            id=new_id(),
            bot_config_id=origin.bot_id,
            result_id=id_,
            test_scenario=origin.scenario,
            response_time_ms=time_ms,
        )
    )
    session.flush()
    return queries.get_result(session, id_, actor=actor)


def _hold(session: Session, origin: ResultOrigin) -> None:
    """Keep a bot and its scenario from being deleted before an answer is stored."""
    bot = select(BotConfiguration.id).where(BotConfiguration.id == origin.bot_id)
    # The weakest lock: it holds up a deletion, and no change
    if session.scalar(bot.with_for_update(read=True, key_share=True)) is None:
        raise BotMissing
    if origin.scenario_id is None:
        return
    scenario = select(Scenario.id).where(Scenario.id == origin.scenario_id)
    if session.scalar(scenario.with_for_update(read=True, key_share=True)) is None:
        raise ScenarioMissing


def _details_of(
    origin: ResultOrigin, answer: ExecutionView, sources: list[KnowledgeSource]
) -> ResultDetails:
    problem = None
    if answer.status is not ExecutionStatus.COMPLETED:
        problem = answer.error.detail if answer.error else "The call was stopped."
    # An empty text would follow each rule of what it must not contain
    checked = answer.response if problem is None else None
    return ResultDetails(
        problem=problem,
        sources=sources,
        outcomes=[_by_rule(outcome, checked) for outcome in origin.outcomes],
        parameters_left_out=list(origin.parameters_left_out),
    )


def store_judgement(
    session: Session,
    result_id: UUID,
    judge_model_id: str | None,
    judgement: AnswerJudgement | str,
    *,
    actor: Actor,
) -> BotTestResult:
    """Store what a judge said of an answer, or the reason why it said nothing.

    An analysis without a result takes an earlier one away: what is shown is the last judge's.
    """
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, result_id, actor=actor, lock=True)
    details = encrypted_texts.details_of(row)
    checks = _with_judgement(details.outcomes, judgement)
    scores = None
    said: dict[str, Any] = {"analysis_problem": judgement, "rationale": "", "suggestions": []}
    if isinstance(judgement, AnswerJudgement):
        scores = judgement.model_dump(include=set(PersonalityScores.model_fields))
        said = judgement.model_dump(include={"rationale", "suggestions"})
        said["analysis_problem"] = None
    changed = details.model_copy(update={**said, "outcomes": checks})
    alignment = scores["overall_alignment"] if scores else None
    score = judging.confidence(row.finish_reason, alignment)
    row.details = encrypted_texts.seal_details(changed, row.id)
    row.judge_model_id, row.personality_analysis = judge_model_id, scores
    row.confidence_score = None if score is None else Decimal(score)
    _count(row, checks)
    session.flush()
    figures = {
        "response_quality_score": alignment,
        "confidence_score": row.confidence_score,
        "personality_analysis": scores,
    }
    session.execute(update(metrics).where(metrics.c.result_id == result_id).values(**figures))
    return queries.get_result(session, result_id, actor=actor)


def rate(session: Session, result_id: UUID, rating: Decimal, *, actor: Actor) -> BotTestResult:
    """Store the tester's rating of an answer, instead of an earlier one; raise BotResultMissing."""
    require(actor, Permission.RUN_MODELS)
    get_row(session, result_id, actor=actor)
    of_it = update(metrics).where(metrics.c.result_id == result_id)
    session.execute(of_it.values(customer_satisfaction_rating=rating))
    return queries.get_result(session, result_id, actor=actor)


def judged_outcomes(checks: Sequence[OutcomeCheck]) -> list[str]:
    """Return the outcomes that a judge checks, in order."""
    return [each.outcome for each in checks if each.by == JUDGE]


def _by_rule(outcome: str, answer: str | None) -> OutcomeCheck:
    found = rules.check(outcome, answer or "")
    if found is None:
        return OutcomeCheck(outcome=outcome, by=JUDGE, met=None, reason=NOT_CHECKED)
    if answer is None:
        return OutcomeCheck(outcome=outcome, by=RULE, met=None, reason=NO_ANSWER)
    return OutcomeCheck(outcome=outcome, by=RULE, met=found.met, reason=found.reason)


def _with_judgement(
    checks: Sequence[OutcomeCheck], judgement: AnswerJudgement | str
) -> list[OutcomeCheck]:
    if isinstance(judgement, str):
        unknown = {"met": None, "reason": judgement}
        return [each if each.by == RULE else each.model_copy(update=unknown) for each in checks]
    judged = iter(judgement.outcomes)
    return [
        each if each.by == RULE else each.model_copy(update=next(judged).model_dump())
        for each in checks
    ]


def _count(row: BotResult, checks: Sequence[OutcomeCheck]) -> None:
    row.outcomes_met = sum(each.met is True for each in checks)
    row.outcomes_checked = sum(each.met is not None for each in checks)
