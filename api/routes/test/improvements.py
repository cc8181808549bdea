"""The route that asks a model for a better prompt.

It waits for the model in a coroutine, so that it uses no thread and holds no transaction.
"""

import asyncio
from uuid import UUID

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from api.deps import ActorDep
from api.reference import MODEL_CALL
from core.database.db import Database, transaction
from core.executions import runner
from core.executions.schemas import ExecutionView
from core.identity.schemas import Actor
from core.improvements import service
from core.improvements.schemas import Improvement, ImprovementProposal, NewImprovement

router = APIRouter(prefix="/templates", tags=["Prompts"])


@router.post("/{template_id}/improve", responses=MODEL_CALL)
async def improve(
    template_id: UUID, new_improvement: NewImprovement, actor: ActorDep
) -> ImprovementProposal:
    """Have a model propose a better prompt from reviewed annotations and checks.

    Nothing is saved. To accept it, save the prompt, and mark the annotations applied by that
    version.
    """
    improvement = await run_in_threadpool(_prepare, template_id, new_improvement, actor)
    answer = await asyncio.wrap_future(runner.current().submit(improvement.execution, actor=actor))
    return await run_in_threadpool(_propose, template_id, improvement, answer, actor)


def _prepare(template_id: UUID, new_improvement: NewImprovement, actor: Actor) -> Improvement:
    with transaction() as core, transaction(Database.AI) as ai:
        return service.prepare(core, ai, template_id, new_improvement, actor=actor)


def _propose(
    template_id: UUID, improvement: Improvement, answer: ExecutionView, actor: Actor
) -> ImprovementProposal:
    with transaction() as session:
        return service.propose(session, template_id, improvement, answer, actor=actor)
