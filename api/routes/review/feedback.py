"""Routes of feedback: what users say of answers."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, AiSessionDep, CursorText, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_by_cursor
from api.routes.review.conversations import reader
from api.watch_parameters import PeriodDep, WatchedDep, note_list
from core.conversations.opinions import ConversationOpinion
from core.database.db import Database, Session, transaction
from core.database.paging import Cursor, SortedPage, Window
from core.identity.schemas import Actor
from core.knowledge.feedback.queries import feedback_figures, feedback_list
from core.knowledge.views import (
    FeedbackFilter,
    FeedbackStats,
    FeedbackView,
)
from core.presentation.periods import Period, Watched

FEEDBACK_COLUMNS = tuple(name for name in FeedbackView.model_fields if name != "truncated")

router = APIRouter(
    prefix="/admin/ai/knowledge", tags=["Review: knowledge"], dependencies=[Depends(reader)]
)


async def feedback_filter(
    rating: ConversationOpinion | Literal[""] | None = None,
    q: Annotated[
        str | None,
        Query(max_length=500, description="A part of the comment, or of the edited answer."),
    ] = None,
    has: Literal["comment", "edited_text", ""] | None = None,
) -> FeedbackFilter:
    """Return the requested filters; an empty one does not apply."""
    return FeedbackFilter(ConversationOpinion(rating) if rating else None, q or None, has or None)


FeedbackDep = Annotated[FeedbackFilter, Depends(feedback_filter)]


@router.get("/feedback", response_model=SortedPage[FeedbackView])
def feedback(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    filters: FeedbackDep,
    window: WindowDep,
    cursor: CursorText = None,
    format: Format = "json",
) -> SortedPage[FeedbackView] | StreamingResponse:
    """List feedback with its conversations; the filter `release` does not apply."""
    if format == "csv":
        note_list(session, "feedback", actor, watched, period, **asdict(filters))
        rows = _all_feedback(filters, period, watched, actor)
        return csv_response("feedback", FEEDBACK_COLUMNS, rows)
    after = Cursor.read(cursor) if cursor else None
    return feedback_list.list_feedback(
        session, ai, filters, period, watched, window=window, after=after, actor=actor
    )


@router.get("/feedback/stats")
def feedback_stats(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    filters: FeedbackDep,
) -> FeedbackStats:
    """Return the share of positive ratings with its 95% interval, by day and by model; the filter
    `release` does not apply.
    """
    return feedback_figures.feedback_stats(session, ai, filters, period, watched, actor=actor)


def _all_feedback(
    filters: FeedbackFilter, period: Period, watched: Watched, actor: Actor
) -> Iterator[FeedbackView]:
    def read(
        core: Session, limit: int, after: Cursor | None, *, whole: bool = False
    ) -> list[FeedbackView]:
        arguments: dict[str, Any] = {
            "window": Window(limit),
            "after": after,
            "whole": whole,
            "actor": actor,
            "count": False,
        }
        with transaction(Database.AI) as ai:
            found = feedback_list.list_feedback(core, ai, filters, period, watched, **arguments)
        return found.items

    return rows_by_cursor(read, partial(read, whole=True))
