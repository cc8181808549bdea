"""Routes of conversations: list, search, and read with their AI requests and feedback."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from operator import attrgetter
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.deps import ActorDep, AiSessionDep, CursorText, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_after
from api.reference import CONFLICT, MISSING
from api.watch_parameters import (
    ExperimentArm,
    PeriodDep,
    PromptVersion,
    WatchedDep,
    note_list,
)
from core.conversations.opinions import ConversationOpinion
from core.conversations.queries import conversations as queries
from core.conversations.schemas import ConversationState
from core.conversations.views import (
    ConversationFilter,
    ConversationOrder,
    ConversationSummary,
)
from core.database.db import Session
from core.database.paging import Items, SortCursor, SortedPage, Window
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.insights.queries import conversation_detail
from core.insights.queries.conversation_detail import ConversationPart, MessageInContext
from core.playground.replay_schemas import SharedReplay
from core.playground.shared_replays import list_shared_replays
from core.presentation.periods import Period, Watched
from core.scores.queries.conditions import HasScore
from core.system import workspace

COLUMNS = tuple(
    name for name in ConversationSummary.model_fields if name not in ("hit", "truncated")
)
COSTS = frozenset({"total_cost_usd", "unpriced_requests"})
MAX_CONTEXT_MESSAGES = 50

Text = Annotated[str | None, Query(max_length=200)]
Bound = Annotated[float, Field(allow_inf_nan=False)] | Literal[""] | None


async def reader(actor: ActorDep) -> None:
    """Raise Forbidden without permission to read message texts; core checks again."""
    require(actor, Permission.READ_CONTENTS)


router = APIRouter(
    prefix="/admin/ai/tuning", tags=["Review: conversations"], dependencies=[Depends(reader)]
)


async def score_condition(
    score: Annotated[
        str | None, Query(max_length=200, description="The name of a score that it has.")
    ] = None,
    score_below: Annotated[Bound, Query(description="Less than this.")] = None,
    score_above: Annotated[Bound, Query(description="Greater than this.")] = None,
    score_label: Text = None,
    scored_on: Annotated[
        date | Literal[""] | None, Query(description="A day of the reporting time zone.")
    ] = None,
) -> HasScore | None:
    """Return the requested condition on scores; without a name, none."""
    if not score:
        return None
    return HasScore(
        score,
        score_below if isinstance(score_below, float) else None,
        score_above if isinstance(score_above, float) else None,
        score_label or None,
        scored_on if isinstance(scored_on, date) else None,
        await run_in_threadpool(workspace.zone),
    )


async def conversation_filter(
    q: Annotated[
        str | None, Query(max_length=500, description='Words in messages; "phrase", or, -excluded.')
    ] = None,
    model: Text = None,
    rating: ConversationOpinion | Literal[""] | None = None,
    status: ConversationState | Literal[""] | None = None,
    annotated: Annotated[
        bool | Literal[""] | None, Query(description="Whether a message of it has an annotation.")
    ] = None,
    prompt_version: PromptVersion = None,
    experiment_arm: ExperimentArm = None,
    score: Annotated[HasScore | None, Depends(score_condition)] = None,
) -> ConversationFilter:
    """Return the requested filters; an empty one does not apply."""
    rated = ConversationOpinion(rating) if rating else None
    state = ConversationState(status) if status else None
    return ConversationFilter(
        q or None,
        model or None,
        rated,
        state,
        annotated if isinstance(annotated, bool) else None,
        prompt_version or None,
        experiment_arm or None,
        score,
    )


FilterDep = Annotated[ConversationFilter, Depends(conversation_filter)]


@router.get("/conversations", response_model=SortedPage[ConversationSummary])
def conversations(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    filters: FilterDep,
    window: WindowDep,
    sort: ConversationOrder = ConversationOrder.LATEST_FIRST,
    cursor: CursorText = None,
    format: Format = "json",
) -> SortedPage[ConversationSummary] | StreamingResponse:
    """List conversations whose last message is in the period; as CSV, all that match, latest first.

    Sorting by cost needs permission to see costs.
    """
    if format == "csv":
        audit_filters = {
            "q": filters.q,
            "model": filters.model,
            "rating": filters.rating,
            "status": filters.status,
            "annotated": filters.annotated,
            "score": str(filters.score) if filters.score is not None else None,
        }
        note_list(session, "conversations", actor, watched, period, **audit_filters)
        columns = [name for name in COLUMNS if name not in COSTS or may(actor, Permission.WATCH)]
        rows = _all_conversations(filters, period, watched, actor)
        return csv_response("conversations", columns, rows)
    after = queries.sort_of(sort).read_cursor(cursor) if cursor else None
    return queries.list_conversations(
        session, filters, period, watched, window=window, order=sort, after=after, actor=actor
    )


# A path, because senders' own IDs may contain slashes
@router.get("/conversations/{conversation_key:path}")
def conversation(
    conversation_key: str,
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    window: WindowDep,
    message: Annotated[
        str | None, Query(max_length=128, description="Return the part around this message.")
    ] = None,
    q: Annotated[
        str | None, Query(max_length=500, description="Words to highlight in the messages.")
    ] = None,
) -> ConversationPart:
    """Return a conversation with a part of its messages; `messages` has long ones complete."""
    return conversation_detail.read_conversation(
        session, ai, conversation_key, window, focus=message or None, q=q or None, actor=actor
    )


@router.get("/replays", responses=MISSING)
def shared_replays(
    conversation_id: Annotated[str, Query(min_length=1, max_length=128)],
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
) -> Items[SharedReplay]:
    """List the replays of a conversation's answers that others share with the caller, the newest
    first, to be read without running a model.
    """
    found = list_shared_replays(session, ai, conversation_id, actor=actor)
    return Items(items=found)


@router.get("/messages/{message_key:path}", responses=CONFLICT)
def message(
    message_key: str,
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    context: Annotated[
        int,
        Query(ge=0, le=MAX_CONTEXT_MESSAGES, description="How many messages before and after it."),
    ] = 5,
) -> MessageInContext:
    """Return a complete message with its conversation and the messages around it."""
    return conversation_detail.read_message(session, ai, message_key, context=context, actor=actor)


def _all_conversations(
    filters: ConversationFilter, period: Period, watched: Watched, actor: Actor
) -> Iterator[ConversationSummary]:
    def read(
        session: Session, limit: int, after: SortCursor | None, *, whole: bool = False
    ) -> list[ConversationSummary]:
        window = Window(limit)
        # Without a total, which would be counted for each page
        page = queries.list_conversations(
            session,
            filters,
            period,
            watched,
            window=window,
            after=after,
            actor=actor,
            count=False,
            whole=whole,
        )
        return page.items

    key = attrgetter("last_message_at", "id")
    return rows_after(read, key, partial(read, whole=True))
