"""The route of judges, with their validation against people."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ActorDep, AiSessionDep, SessionDep
from core.database.paging import Items
from core.scoring.judge_validation import JudgeValidation
from core.scoring.queries import judge_checks

router = APIRouter(prefix="/evaluation/judges", tags=["Evaluations"])


@router.get("")
def judges(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    threshold: Annotated[
        float, Query(allow_inf_nan=False, description="From this value on, a score passes.")
    ] = 0.5,
) -> Items[JudgeValidation]:
    """List judges of messages, with sensitivity, specificity, kappa and the corrected rate.

    People's verdicts are annotations on the same messages: approved and minor improvements are
    good; corrections, flags and other improvements are bad.
    """
    found = judge_checks.list_judges(session, ai, threshold=threshold, actor=actor)
    return Items(items=found)
