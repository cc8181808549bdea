"""Routes that lead from one object to the next: the chain of an object."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ActorDep, AiSessionDep, SessionDep
from api.reference import MISSING
from core.insights.chains.chain_views import Chain, ChainKind
from core.insights.queries.chains import chain as queries

router = APIRouter(prefix="/insights", tags=["Insights"])

ID = "Its ID: of a version or its effect also `name@number`, of a promotion that of the move."


@router.get("/chain", responses=MISSING)
def chain(
    kind: ChainKind,
    id: Annotated[str, Query(min_length=1, max_length=200, description=ID)],
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
) -> Chain:
    """Return an object with its neighbours: annotation, case, version, evaluation, promotion and
    effect, as far as the caller sees them.
    """
    return queries.chain(session, ai, kind, id, actor=actor)
