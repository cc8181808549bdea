"""Routes of production scoring: its settings, with today's figures."""

from fastapi import APIRouter

from api.deps import ActorDep, SessionDep
from api.reference import MISSING
from core.scoring import settings
from core.scoring.settings import ProductionScoring, ProductionScoringView

router = APIRouter(prefix="/admin/ai/scoring", tags=["Evaluations"])


@router.get("")
def read(session: SessionDep, actor: ActorDep) -> ProductionScoringView:
    """Return how production messages are scored, and what that cost today."""
    return settings.read(session, actor=actor)


@router.put("", responses=MISSING)
def change(
    scoring: ProductionScoring, session: SessionDep, actor: ActorDep
) -> ProductionScoringView:
    """Change the fields that are sent. Models are called for the caller's account from now on."""
    return settings.change(session, scoring, actor=actor)
