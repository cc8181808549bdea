"""Routes of the caller's own A/B tests."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api import rate_limits
from api.deps import ActorDep, SessionDep, WindowDep
from api.exports import csv_response, rows_by_position
from api.reference import CONFLICT, MISSING, text_of
from api.watch_parameters import note_list
from core.ab_tests.queries import ab_tests as queries
from core.ab_tests.queries import results
from core.ab_tests.schemas import AbTestChange, NewAbTest
from core.ab_tests.service import ab_tests
from core.ab_tests.views import (
    AbAnswerExport,
    AbCaseOrder,
    AbCaseRow,
    AbTestListItem,
    AbTestOutcome,
    AbTestView,
)
from core.database.db import Session
from core.database.paging import Page
from core.evaluations.views import CaseView, EvaluationEstimate

router = APIRouter(prefix="/ab-tests", tags=["A/B tests"])
starting = APIRouter(prefix="/ab-tests", tags=["A/B tests"])

Order = Annotated[AbCaseOrder, Query(description="The most different cases first, or the worst.")]


@router.get("")
def list_ab_tests(session: SessionDep, actor: ActorDep, window: WindowDep) -> Page[AbTestListItem]:
    """List the caller's A/B tests, the newest first, each with the winner of its last run."""
    return queries.list_ab_tests(session, window, actor=actor)


@router.post("", status_code=201, responses=MISSING)
def create(new: NewAbTest, session: SessionDep, actor: ActorDep) -> AbTestView:
    """Create an A/B test; `POST ab-tests/{id}/run` runs it."""
    return ab_tests.create(session, new, actor=actor)


@router.post("/estimate", responses=MISSING)
def estimate(new: NewAbTest, session: SessionDep, actor: ActorDep) -> EvaluationEstimate:
    """Estimate calls, cost and time of a run, without creating an A/B test."""
    return ab_tests.estimate(session, new, actor=actor)


@router.get("/{ab_test_id}")
def ab_test(ab_test_id: UUID, session: SessionDep, actor: ActorDep) -> AbTestView:
    """Return an A/B test with the progress of its run."""
    return queries.get_ab_test(session, ab_test_id, actor=actor)


@router.patch("/{ab_test_id}")
def change(
    ab_test_id: UUID, change: AbTestChange, session: SessionDep, actor: ActorDep
) -> AbTestView:
    """Change the name, description or cost limit."""
    return ab_tests.change(session, ab_test_id, change, actor=actor)


@router.delete("/{ab_test_id}", status_code=204, responses=CONFLICT)
def remove(ab_test_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove an A/B test with its results and its evaluation."""
    ab_tests.remove(session, ab_test_id, actor=actor)


@starting.post(
    "/{ab_test_id}/run",
    status_code=202,
    responses=CONFLICT,
    dependencies=[Depends(rate_limits.evaluation)],
)
def run(ab_test_id: UUID, session: SessionDep, actor: ActorDep) -> AbTestView:
    """Run an A/B test: each variant answers each case. A run that was cancelled or has stopped goes
    on, and pays for no answer twice; else a new one replaces the results of the last.
    """
    return ab_tests.run(session, ab_test_id, actor=actor)


@router.post("/{ab_test_id}/cancel", status_code=204, responses=CONFLICT)
def cancel(ab_test_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Stop a run; its answers so far are compared."""
    ab_tests.cancel(session, ab_test_id, actor=actor)


@router.get("/{ab_test_id}/result", responses=CONFLICT)
def result(ab_test_id: UUID, session: SessionDep, actor: ActorDep) -> AbTestOutcome:
    """Return the winner of the last run, each metric of both variants, and a recommendation."""
    return results.get_outcome(session, ab_test_id, actor=actor)


@router.get("/{ab_test_id}/cases")
def cases(
    ab_test_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    window: WindowDep,
    order: Order = AbCaseOrder.DIFFERENT,
) -> Page[AbCaseRow]:
    """List the cases of the last run with the figures of both variants."""
    return results.list_cases(session, ab_test_id, window, order=order, actor=actor)


@router.get("/{ab_test_id}/cases/{case_id}", responses=CONFLICT)
def case(ab_test_id: UUID, case_id: UUID, session: SessionDep, actor: ActorDep) -> CaseView:
    """Return a case with the answers of A (target 1) and B (target 2)."""
    return results.get_case(session, ab_test_id, case_id, actor=actor)


@router.get(
    "/{ab_test_id}/export",
    response_class=StreamingResponse,
    responses=CONFLICT | text_of("text/csv"),
)
def export(ab_test_id: UUID, session: SessionDep, actor: ActorDep) -> StreamingResponse:
    """Export the answers of the last run as CSV.

    Cases made of conversations or annotations have no texts unless a super admin exports them.
    """
    # For its refusals, which have a status only before the download begins
    results.get_outcome(session, ab_test_id, actor=actor)
    note_list(session, "ab_test", actor, None, ab_test_id=str(ab_test_id))

    def read(session: Session, position: int) -> tuple[list[AbAnswerExport], int | None]:
        return results.export_after(session, ab_test_id, position, actor=actor)

    answers: Iterator[AbAnswerExport] = rows_by_position(read)
    return csv_response(f"ab-test-{ab_test_id}", tuple(AbAnswerExport.model_fields), answers)
