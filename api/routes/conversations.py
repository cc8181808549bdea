"""Conversations for reviewers: list, search, and read with their AI requests and feedback."""

from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.deps import ActorDep, AiSessionDep, SessionDep, WindowDep
from api.exports import cells, csv_response, rows_after
from api.reference import CONFLICT
from api.watch import PeriodDep, WatchedDep, note_list
from core.conversations import queries
from core.conversations.answers import ConversationFilter, ConversationSummary
from core.conversations.opinions import ConversationOpinion
from core.conversations.schemas import ConversationState
from core.database.db import Session
from core.database.paging import Cursor, Window
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.insights import conversation_detail
from core.insights.conversation_detail import MessageInContext, Reading
from core.presentation.periods import Period, Watched

COLUMNS = tuple(name for name in ConversationSummary.model_fields if name != "hit")
COSTS = frozenset({"total_cost_usd"})
MOST_AROUND = 50

Text = Annotated[str | None, Query(max_length=200)]


async def reader(actor: ActorDep) -> None:
    """Refuse at the door whom the words of users are not for; the readers in core ask again."""
    require(actor, Permission.READ_CONTENTS)


router = APIRouter(prefix="/admin/ai/tuning", tags=["Review: conversations"], dependencies=[Depends(reader)])


class ConversationList(BaseModel):
    """Conversations, the one that was spoken in last first; `hit` is there when words were searched for."""

    items: list[ConversationSummary]
    total_count: int
    limit: int
    offset: int


async def conversation_filter(
    q: Annotated[str | None, Query(max_length=500, description='Words of a message; "in a row", or, -without.')] = None,
    model: Text = None,
    rating: ConversationOpinion | Literal[""] | None = None,
    status: ConversationState | Literal[""] | None = None,
    annotated: Annotated[bool | Literal[""] | None, Query(description="Whether anybody has annotated a message of it.")] = None,
) -> ConversationFilter:
    """Return which conversations are wanted; an empty filter is none."""
    rated = ConversationOpinion(rating) if rating else None
    state = ConversationState(status) if status else None
    return ConversationFilter(q or None, model or None, rated, state, annotated if isinstance(annotated, bool) else None)


WantedDep = Annotated[ConversationFilter, Depends(conversation_filter)]


@router.get("/conversations", response_model=ConversationList)
def conversations(
    session: SessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    wanted: WantedDep,
    window: WindowDep,
    format: Literal["json", "csv"] = "json",
) -> ConversationList | StreamingResponse:
    """List conversations by their last message, which lies in the period; as CSV, every one that matches."""
    if format == "csv":
        named = {
            "q": wanted.q,
            "model": wanted.model,
            "rating": wanted.rating,
            "status": wanted.status,
            "annotated": wanted.annotated,
        }
        note_list(session, "conversations", actor, watched, period, **named)
        columns = [name for name in COLUMNS if name not in COSTS or may(actor, Permission.WATCH)]
        return csv_response("conversations", columns, _cells(columns, wanted, period, watched, actor))
    page = queries.list_conversations(session, wanted, period, watched, window=window, actor=actor)
    return ConversationList(items=page.items, total_count=page.total_count, limit=window.limit, offset=window.offset)


@router.get("/conversations/{conversation_key:path}")
def conversation(
    conversation_key: str,
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    window: WindowDep,
    message: Annotated[str | None, Query(max_length=128, description="The part around this message.")] = None,
    q: Annotated[str | None, Query(max_length=500, description="Words to mark in the messages.")] = None,
) -> Reading:
    """Return a conversation with its messages, a part at a time; long messages are cut, and whole under `messages`."""
    return conversation_detail.read_conversation(
        session, ai, conversation_key, window, focus=message or None, q=q or None, actor=actor
    )


@router.get("/messages/{message_key:path}", responses=CONFLICT)
def message(
    message_key: str,
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    context: Annotated[int, Query(ge=0, le=MOST_AROUND, description="How many before it and after it.")] = 5,
) -> MessageInContext:
    """Return one message, whole, with its conversation and what was said around it."""
    return conversation_detail.read_message(session, ai, message_key, context=context, actor=actor)


def _cells(
    columns: list[str], wanted: ConversationFilter, period: Period, watched: Watched, actor: Actor
) -> Iterator[list[object]]:
    def read(session: Session, limit: int, after: Cursor | None) -> list[ConversationSummary]:
        window = Window(limit)
        page = queries.list_conversations(session, wanted, period, watched, window=window, after=after, actor=actor, count=False)
        return page.items

    return (cells(each, columns) for each in rows_after(read, lambda row: Cursor(row.last_message_at, row.id)))
