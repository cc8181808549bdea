"""Routes of tests of bots: messages, analyses, ratings.

They wait for models in coroutines, so that they use no thread and hold no transaction.
"""

from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import MISSING, MODEL_CALL
from core.bots import bot_tests, judging
from core.bots.queries import results as queries
from core.bots.result_schemas import (
    BotTestResult,
    JudgeModel,
    NewAnalysis,
    NewBotRating,
    NewBotTest,
    ScenarioFigures,
)
from core.bots.service import results
from core.database.paging import Page
from core.identity.permissions import Permission, require

router = APIRouter(prefix="/bots", tags=["Bots"])


@router.get("/judges")
def judges(session: SessionDep, actor: ActorDep, window: WindowDep) -> Page[JudgeModel]:
    """List the models that can analyze answers; those that are unfit say so."""
    require(actor, Permission.RUN_MODELS)
    return window.page_of(judging.list_judges(session))


@router.get("/results/{result_id}")
def result(result_id: UUID, session: SessionDep, actor: ActorDep) -> BotTestResult:
    """Return a test result."""
    return queries.get_result(session, result_id, actor=actor)


@router.post("/results/{result_id}/analysis", responses=MISSING)
async def analyze(result_id: UUID, new_analysis: NewAnalysis, actor: ActorDep) -> BotTestResult:
    """Have a judge analyze an answer, instead of an earlier analysis.

    Without a result, `analysis_problem` says why.
    """
    require(actor, Permission.RUN_MODELS)
    return await bot_tests.analyze(result_id, new_analysis.judge_model_id, actor=actor)


@router.post("/results/{result_id}/rating")
def rate(
    result_id: UUID, new_bot_rating: NewBotRating, session: SessionDep, actor: ActorDep
) -> BotTestResult:
    """Rate an answer, instead of an earlier rating."""
    return results.rate(session, result_id, new_bot_rating.rating, actor=actor)


@router.post("/{bot_id}/test-message", responses=MODEL_CALL)
async def test_message(bot_id: UUID, new_test: NewBotTest, actor: ActorDep) -> BotTestResult:
    """Send a message to a bot; its answer is stored, and analyzed unless `analyze` is false."""
    require(actor, Permission.RUN_MODELS)
    return await bot_tests.test_message(bot_id, new_test, actor=actor)


@router.get("/{bot_id}/results")
def list_results(
    bot_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    window: WindowDep,
    version: int | None = Query(default=None, ge=1, le=10**6),
    run_id: UUID | None = None,
) -> Page[BotTestResult]:
    """List your test results of a bot, the newest first; those of a run in its order."""
    return queries.list_results(
        session, bot_id, version=version, run_id=run_id, window=window, actor=actor
    )


@router.get("/{bot_id}/scenario-figures")
def scenario_figures(
    bot_id: UUID, session: SessionDep, actor: ActorDep, window: WindowDep
) -> Page[ScenarioFigures]:
    """List your scenario tests of a bot by scenario and version."""
    return window.page_of(queries.figures_by_scenario(session, bot_id, actor=actor))
