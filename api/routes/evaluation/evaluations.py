"""Routes of evaluations: an account's own and those of API keys, or a key's own."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api import rate_limits
from api.deps import ActorDep, CursorText, SessionDep, WindowDep
from api.exports import download, rows_by_position
from api.reference import CONFLICT, MISSING, MODEL_CALL, text_of
from api.watch_parameters import note_list
from core.database.db import Session
from core.database.paging import Items, Page
from core.evaluations import estimates, exports
from core.evaluations.app_schemas import AnswersReport, AppAnswers, AppWork
from core.evaluations.cases.case_schemas import ReplayedRun
from core.evaluations.errors import NoCommonCases
from core.evaluations.figures.comparison import baseline_target
from core.evaluations.figures.comparison_views import EvaluationComparison
from core.evaluations.figures.trend_views import VersionTrend
from core.evaluations.queries import app_work, reports, results, trends
from core.evaluations.queries.evaluations import get_row
from core.evaluations.schemas import (
    EvaluationResume,
    EvaluationStatus,
    NewEvaluation,
    NewScoring,
)
from core.evaluations.service import app_answers, case_replays, evaluations
from core.evaluations.views import (
    CasePage,
    CaseView,
    EvaluationEstimate,
    EvaluationListItem,
    EvaluationView,
    RunExport,
)
from core.identity.schemas import Actor
from core.playground.replay_schemas import StartedReplay

router = APIRouter(prefix="/evaluation", tags=["Evaluations"])
# Apart, because starts count against a limit of their own
starting = APIRouter(prefix="/evaluation", tags=["Evaluations"])

Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
TargetNumber = Annotated[int, Query(ge=1, le=6, description="The baseline's target.")]
ExportFormat = Literal["csv", "jsonl", "markdown"]
MEDIA_TYPES: dict[ExportFormat, tuple[str, str]] = {
    "csv": ("text/csv; charset=utf-8", "csv"),
    "jsonl": ("application/x-ndjson", "jsonl"),
    "markdown": ("text/markdown; charset=utf-8", "md"),
}
WRITERS: dict[str, Callable[[Iterator[RunExport]], Iterator[str]]] = {
    "csv": exports.as_csv,
    "jsonl": exports.as_json_lines,
}


class StartedEvaluation(BaseModel):
    """An evaluation that the worker runs."""

    id: UUID
    status: EvaluationStatus


class RerunCount(BaseModel):
    """How many failed calls are made again."""

    rerun: int


@starting.post(
    "/probabilistic",
    status_code=202,
    responses=MISSING | CONFLICT,
    dependencies=[Depends(rate_limits.evaluation)],
)
def start(new: NewEvaluation, session: SessionDep, actor: ActorDep) -> StartedEvaluation:
    """Start an evaluation: each target answers each case `runs` times.

    An app of your own reads its cases at `work`, and sends `answers`. Those of API keys are seen by
    every account that runs models, and their calls are no AI requests.

    `GET evaluation/{id}` has its progress and results.
    """
    evaluation_id = evaluations.start(session, new, actor=actor)
    status = get_row(session, evaluation_id, actor=actor).status
    return StartedEvaluation(id=evaluation_id, status=EvaluationStatus(status))


@router.post("/estimate", responses=MISSING)
def estimate(new: NewEvaluation, session: SessionDep, actor: ActorDep) -> EvaluationEstimate:
    """Estimate calls, cost and time of an evaluation, without starting it."""
    return estimates.estimate(session, new, actor=actor)


@router.get("")
def list_evaluations(
    session: SessionDep, actor: ActorDep, window: WindowDep
) -> Page[EvaluationListItem]:
    """List evaluations, the newest first."""
    return reports.list_evaluations(session, window, actor=actor)


@router.get("/trend", responses=MISSING)
def trend(
    session: SessionDep,
    actor: ActorDep,
    template_id: UUID | None = None,
    bot_id: UUID | None = None,
) -> Items[VersionTrend]:
    """Return the rates of the versions of a prompt or a bot, in order, over the same cases.

    Each version has its newest completed evaluation of the caller's. Pass one of both IDs.
    """
    found = trends.list_trends(session, prompt_id=template_id, bot_id=bot_id, actor=actor)
    return Items(items=found)


@router.get("/{evaluation_id}")
def evaluation(evaluation_id: UUID, session: SessionDep, actor: ActorDep) -> EvaluationView:
    """Return an evaluation with its progress and figures."""
    return reports.get_evaluation(session, evaluation_id, actor=actor)


@router.delete("/{evaluation_id}", status_code=204, responses=CONFLICT)
def remove(evaluation_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove an evaluation with its results."""
    evaluations.remove(session, evaluation_id, actor=actor)


@router.post("/{evaluation_id}/cancel", status_code=204, responses=CONFLICT)
def cancel(evaluation_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Stop an evaluation; its results so far stay."""
    evaluations.cancel(session, evaluation_id, actor=actor)


@router.post("/{evaluation_id}/resume", status_code=202, responses=CONFLICT)
def resume(
    evaluation_id: UUID, wanted: EvaluationResume, session: SessionDep, actor: ActorDep
) -> StartedEvaluation:
    """Go on with an evaluation that was cancelled or has stopped; no result is paid for twice."""
    evaluations.resume(session, evaluation_id, wanted, actor=actor)
    return StartedEvaluation(id=evaluation_id, status=EvaluationStatus.PENDING)


@router.post("/{evaluation_id}/rerun", status_code=202, responses=CONFLICT)
def rerun(evaluation_id: UUID, session: SessionDep, actor: ActorDep) -> RerunCount:
    """Call again where the call has failed."""
    return RerunCount(rerun=evaluations.rerun_failed(session, evaluation_id, actor=actor))


@router.post("/{evaluation_id}/rescore", status_code=202, responses=CONFLICT)
def rescore(
    evaluation_id: UUID, new_scoring: NewScoring, session: SessionDep, actor: ActorDep
) -> StartedEvaluation:
    """Score the stored answers again; nothing is generated."""
    evaluations.rescore(session, evaluation_id, new_scoring, actor=actor)
    return StartedEvaluation(id=evaluation_id, status=EvaluationStatus.PENDING)


@router.get("/{evaluation_id}/compare/{baseline_id}", responses=MISSING)
def compare(
    evaluation_id: UUID,
    baseline_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    baseline_target: TargetNumber = 1,
) -> EvaluationComparison:
    """Compare an evaluation with a baseline over the cases that both have.

    With itself as the baseline, its targets are compared with one of them.
    """
    return reports.compare(
        session, evaluation_id, baseline_id, baseline_target=baseline_target, actor=actor
    )


@router.get("/{evaluation_id}/cases")
def cases(
    evaluation_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    limit: Limit = 50,
    offset: Offset = 0,
    tag: Annotated[str | None, Query(max_length=64)] = None,
) -> CasePage:
    """List the cases with results, the worst first."""
    return results.list_cases(
        session, evaluation_id, actor=actor, limit=limit, offset=offset, tag=tag
    )


@router.get("/{evaluation_id}/cases/{case_id}")
def case(evaluation_id: UUID, case_id: UUID, session: SessionDep, actor: ActorDep) -> CaseView:
    """Return a case with all its runs: answers and scores."""
    return results.get_case(session, evaluation_id, case_id, actor=actor)


@router.post("/{evaluation_id}/cases/{case_id}/replay", status_code=202, responses=MODEL_CALL)
def replay_case(
    evaluation_id: UUID, case_id: UUID, wanted: ReplayedRun, session: SessionDep, actor: ActorDep
) -> StartedReplay:
    """Have a case answered again in a new playground session, beside a target's answer.

    The session begins with the target's model, prompt and parameters.
    """
    return case_replays.start(session, evaluation_id, case_id, wanted, actor=actor)


@router.get("/{evaluation_id}/work")
def work(
    evaluation_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    app: Annotated[str | None, Query(max_length=100, description="Else of all apps.")] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> AppWork:
    """List the runs that wait for answers of your own app."""
    return app_work.list_work(
        session, evaluation_id, app=app, cursor=cursor, limit=limit, actor=actor
    )


@router.post("/{evaluation_id}/answers", status_code=202, responses=CONFLICT)
def answers(
    evaluation_id: UUID, sent: AppAnswers, session: SessionDep, actor: ActorDep
) -> AnswersReport:
    """Send answers of your own app; one that is sent again counts once."""
    return app_answers.store(session, evaluation_id, sent, actor=actor)


@router.get(
    "/{evaluation_id}/export",
    response_class=StreamingResponse,
    responses=text_of("text/csv", "application/x-ndjson", "text/markdown"),
)
def export(
    evaluation_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    format: Annotated[ExportFormat, Query()] = "csv",
) -> StreamingResponse:
    """Export the runs as CSV or JSON lines, or a report as Markdown.

    Cases made of conversations or annotations have no texts unless a super admin exports them.
    """
    view = reports.get_evaluation(session, evaluation_id, actor=actor)
    note_list(session, "evaluation", actor, None, evaluation_id=str(view.id), format=format)
    if format == "markdown":
        lines = exports.as_markdown(view, _compared(session, view, actor))
    else:

        def read(session: Session, position: int) -> tuple[list[RunExport], int | None]:
            return results.export_after(session, evaluation_id, position, actor=actor)

        lines = WRITERS[format](rows_by_position(read))
    media_type, ending = MEDIA_TYPES[format]
    return download(f"evaluation-{evaluation_id}.{ending}", media_type, lines)


def _compared(session: Session, view: EvaluationView, actor: Actor) -> EvaluationComparison | None:
    """Return the comparison of a report; none when its baseline asked something else."""
    baseline, number = view.baseline_id, 1
    # Several targets without a baseline are compared with one of them
    if baseline is None and len(view.results) > 1:
        baseline, number = view.id, baseline_target(view.definition_targets)
    with suppress(NoCommonCases):
        if baseline is not None:
            return reports.compare(session, view.id, baseline, baseline_target=number, actor=actor)
    return None
