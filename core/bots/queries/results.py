"""Read an account's test results; what others test of a shared bot stays theirs."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from core.bots import encrypted_texts, judging
from core.bots.errors import BotResultMissing
from core.bots.models import BotPerformanceMetric, BotResult
from core.bots.queries.bots import figure_columns, get_bot, metrics, results
from core.bots.result_schemas import (
    BotTestResult,
    PersonalityAnalysis,
    RunOutcomes,
    ScenarioFigures,
)
from core.database.paging import Page, Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor


def _rows(actor: Actor, *conditions: ColumnElement[bool]) -> Select[BotResult, Decimal | None]:
    rating = BotPerformanceMetric.customer_satisfaction_rating
    return (
        select(BotResult, rating)
        .join(BotPerformanceMetric, BotPerformanceMetric.result_id == BotResult.id)
        .where(BotResult.user_id == actor.id, *conditions)
    )


def get_result(session: Session, result_id: UUID, *, actor: Actor) -> BotTestResult:
    """Return a test result of the actor; raise BotResultMissing."""
    require(actor, Permission.RUN_MODELS)
    row = session.execute(_rows(actor, BotResult.id == result_id)).first()
    if row is None:
        raise BotResultMissing
    return view(*row)


def list_results(
    session: Session,
    bot_id: UUID,
    *,
    version: int | None = None,
    run_id: UUID | None = None,
    with_runs: bool = True,
    window: Window,
    actor: Actor,
) -> Page[BotTestResult]:
    """Return the actor's results of a bot, the newest first; those of a run in its order.

    Without `with_runs`, those of single test messages.
    """
    get_bot(session, bot_id, actor=actor)
    conditions = [BotResult.bot_config_id == bot_id]
    if version is not None:
        conditions.append(BotResult.bot_version == version)
    if run_id is not None:
        conditions.append(BotResult.run_id == run_id)
    if not with_runs:
        conditions.append(BotResult.run_id.is_(None))
    own = (BotResult.user_id == actor.id, *conditions)
    total = session.scalar(select(func.count()).select_from(BotResult).where(*own)) or 0
    # IDs rise with the time at which they are made
    newest = BotResult.id.asc() if run_id is not None else BotResult.id.desc()
    page = _rows(actor, *conditions).order_by(newest)
    rows = session.execute(page.limit(window.limit).offset(window.offset))
    return window.page([view(*row) for row in rows], total)


def sum_outcomes(session: Session, run_id: UUID, *, actor: Actor) -> RunOutcomes:
    """Return the outcomes of all answers of a run of the actor."""
    require(actor, Permission.RUN_MODELS)
    own = (BotResult.run_id == run_id, BotResult.user_id == actor.id)
    sums = (func.sum(BotResult.outcomes_met), func.sum(BotResult.outcomes_checked))
    met, checked = session.execute(select(*sums).where(*own)).one()
    return RunOutcomes(met=met or 0, checked=checked or 0)


def view(row: BotResult, rating: Decimal | None) -> BotTestResult:
    """Return a result with its texts decrypted."""
    details = encrypted_texts.details_of(row)
    analysis = None
    if row.personality_analysis is not None:
        analysis = PersonalityAnalysis(
            **row.personality_analysis,
            suggestions=details.suggestions,
            rationale=details.rationale,
        )
    confidence = row.confidence_score
    return BotTestResult(
        id=row.id,
        bot_id=row.bot_config_id,
        version=row.bot_version,
        scenario_id=row.test_scenario_id,
        run_id=row.run_id,
        position=row.position,
        message=encrypted_texts.message_of(row),
        response=encrypted_texts.response_of(row),
        problem=details.problem,
        model_id=row.model_id,
        execution_id=row.execution_id,
        response_time_ms=row.response_time_ms,
        cost_usd=row.cost_usd,
        confidence=None if confidence is None else int(confidence),
        personality_score=analysis,
        analysis_problem=details.analysis_problem,
        judge_model_id=row.judge_model_id,
        judge_is_fit=judging.is_fit(row.judge_model_id) if row.judge_model_id else None,
        knowledge_sources=details.sources,
        knowledge_coverage=(
            None if row.knowledge_coverage is None else float(row.knowledge_coverage)
        ),
        outcomes=details.outcomes,
        rating=None if rating is None else float(rating),
        parameters_left_out=details.parameters_left_out,
        created_at=row.created_at,
    )


def figures_by_scenario(session: Session, bot_id: UUID, *, actor: Actor) -> list[ScenarioFigures]:
    """Return the actor's tests of a bot by scenario and version, by name and number; drafts, whose
    version is null, come last.
    """
    get_bot(session, bot_id, actor=actor)
    columns = [column.label(name) for name, column in figure_columns().items()]
    # The name is kept beside the figures, and outlives its scenario
    name = metrics.c.test_scenario
    rows = session.execute(
        select(name.label("scenario"), results.c.bot_version.label("version"), *columns)
        .join(metrics, metrics.c.result_id == results.c.id)
        .where(
            results.c.bot_config_id == bot_id,
            results.c.user_id == actor.id,
            name.is_not(None),
        )
        .group_by(name, results.c.bot_version)
        .order_by(name, results.c.bot_version.asc().nulls_last())
    ).mappings()
    return [ScenarioFigures.model_validate(dict(row)) for row in rows]
