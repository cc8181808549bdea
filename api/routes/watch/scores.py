"""Routes of scores: rows and figures by name."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_by_cursor
from api.watch_parameters import (
    ExperimentArm,
    PeriodDep,
    PromptVersion,
    WatchedDep,
    note_list,
    watcher,
)
from core.database.db import Session
from core.database.paging import Cursor, Page, Window
from core.identity.schemas import Actor
from core.presentation.periods import Period, Watched
from core.scores.queries import score_figures, score_list
from core.scores.schemas import ScoreSource, ScoreSubject
from core.scores.views import ScoreFilter, ScoreStats, ScoreView

COLUMNS = tuple(name for name in ScoreView.model_fields if name != "truncated")

router = APIRouter(
    prefix="/admin/ai/scores", tags=["Watch: scores"], dependencies=[Depends(watcher)]
)

Text = Annotated[str | None, Query(max_length=200)]


class ScoreList(Page[ScoreView]):
    """Scores; pass `next_cursor` as `cursor` for the next ones."""

    next_cursor: str | None


async def score_filter(
    name: Text = None,
    below: Annotated[
        float | None, Query(allow_inf_nan=False, description="Values less than this.")
    ] = None,
    above: Annotated[
        float | None, Query(allow_inf_nan=False, description="Values greater than this.")
    ] = None,
    label: Text = None,
    source: ScoreSource | Literal[""] | None = None,
    subject: ScoreSubject | Literal[""] | None = None,
    model: Text = None,
    conversation: Annotated[
        str | None, Query(max_length=128, description="Ours, or the sender's own.")
    ] = None,
    prompt_version: PromptVersion = None,
    experiment_arm: ExperimentArm = None,
) -> ScoreFilter:
    """Return the requested filters; an empty one does not apply."""
    return ScoreFilter(
        name or None,
        below,
        above,
        label or None,
        ScoreSource(source) if source else None,
        ScoreSubject(subject) if subject else None,
        model or None,
        conversation or None,
        prompt_version or None,
        experiment_arm or None,
    )


FilterDep = Annotated[ScoreFilter, Depends(score_filter)]


@router.get("", response_model=ScoreList)
def scores(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    filters: FilterDep,
    window: WindowDep,
    cursor: Annotated[str | None, Query(max_length=80)] = None,
    format: Format = "json",
) -> ScoreList | StreamingResponse:
    """List scores, newest first; the CSV has all."""
    if format == "csv":
        note_list(session, "scores", actor, watched, period, **asdict(filters))
        return csv_response("scores", COLUMNS, _all_scores(filters, period, watched, actor))
    after = Cursor.read(cursor) if cursor else None
    page = score_list.list_scores(
        session, filters, period, watched, window=window, after=after, actor=actor
    )
    has_next = len(page.items) == window.limit
    last = page.items[-1] if has_next else None
    return ScoreList(
        **dict(page), next_cursor=str(Cursor(last.created_at, last.id)) if last else None
    )


@router.get("/stats")
def stats(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    filters: FilterDep,
) -> ScoreStats:
    """Return the figures of each name: mean and label shares with 95% intervals, by day, and of
    the previous period.
    """
    return score_figures.score_stats(session, filters, period, watched, actor=actor)


def _all_scores(
    filters: ScoreFilter, period: Period, watched: Watched, actor: Actor
) -> Iterator[ScoreView]:
    def read(
        session: Session, limit: int, after: Cursor | None, *, whole: bool = False
    ) -> list[ScoreView]:
        return score_list.list_scores(
            session,
            filters,
            period,
            watched,
            window=Window(limit),
            after=after,
            actor=actor,
            count=False,
            whole=whole,
        ).items

    return rows_by_cursor(read, partial(read, whole=True))
