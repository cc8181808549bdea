"""The route that asks a model for cases.

It waits for the model in a coroutine, so that it uses no thread and holds no transaction.
"""

import asyncio
from uuid import UUID

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from api.deps import ActorDep
from api.reference import MODEL_CALL
from core.case_proposals import service
from core.case_proposals.schemas import CaseCall, CaseProposals, CaseRequest
from core.database.db import transaction
from core.executions import runner
from core.identity.schemas import Actor

router = APIRouter(prefix="/datasets", tags=["Datasets"])


@router.post("/{dataset_id}/cases/propose", responses=MODEL_CALL)
async def propose_cases(dataset_id: UUID, request: CaseRequest, actor: ActorDep) -> CaseProposals:
    """Have a model propose cases.

    Nothing is saved. To accept some, post them to `cases` as they are.
    """
    call = await run_in_threadpool(_prepare, dataset_id, request, actor)
    answer = await asyncio.wrap_future(runner.current().submit(call.execution, actor=actor))
    return service.propose(call, answer)


def _prepare(dataset_id: UUID, request: CaseRequest, actor: Actor) -> CaseCall:
    with transaction() as session:
        return service.prepare(session, dataset_id, request, actor=actor)
