"""A conversation with the AI requests, tool calls, feedback and scores of its messages."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, Table, case, func, select
from sqlalchemy.orm import Session

from core.ai_metrics.models import AiRequest
from core.ai_metrics.schemas import RequestStatus
from core.conversations import highlights
from core.conversations.errors import MessageMissing
from core.conversations.models import Message
from core.conversations.queries import conversations
from core.conversations.schemas import MessageSpeaker
from core.conversations.views import ConversationView, TextPart
from core.database import shortened
from core.database.paging import Window
from core.database.tables import table_of
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor, View
from core.identity.service import audit
from core.insights.queries.conversation_feedback import (
    ConversationFeedback,
    FeedbackInContext,
    read_feedback,
)
from core.presentation.money import Usd
from core.scores.queries.score_list import scores_of_messages
from core.scores.views import ScoreView

LONGEST = shortened.LONGEST_PART  # of a message among others; alone it is whole
MOST_BESIDE = 500
SLACK = timedelta(days=1)  # between a message's time and that of the request for it

messages, requests = table_of(Message), table_of(AiRequest)
BEGINNINGS: dict[str, Callable[[ColumnElement[Any], int], ColumnElement[Any]]] = {
    "content": func.left,
    "tool_calls": shortened.json_list,
    "steps": shortened.json_list,
    "metadata": shortened.json,
    "error": shortened.text,
    "error_message": shortened.text,
}


class RequestOfMessage(View):
    """An AI request made for a message; its cost only for roles that see costs."""

    id: UUID
    message_id: UUID | None
    model: str
    provider: str
    status: RequestStatus
    error_type: str | None
    error_message: str | None
    total_latency_ms: int | None
    first_token_ms: int | None
    total_tokens: int | None
    cost_usd: Usd | None
    prompt_name: str | None
    prompt_version: str | None
    prompt_label: str | None
    experiment_key: str | None
    experiment_arm: str | None
    steps: list[dict[str, Any]]
    tool_calls: list[dict[str, Any]]
    created_at: datetime


class ReadMessage(View):
    """One message. Of a long one, `content` is the beginning (`is_cut`) and `characters` its
    length; long `tool_calls` and `metadata` are their beginning, too.

    `parts` are the same words in pieces with what was searched for marked, when they have any of
    it. `conversation_feedback` is that on the whole conversation, with its last answer.
    """

    id: UUID
    external_id: str | None
    conversation_id: UUID
    position: int
    role: MessageSpeaker
    content: str
    characters: int
    is_cut: bool
    parts: list[TextPart] | None
    model: str | None
    tool_calls: list[dict[str, Any]]
    tokens: int | None
    cost_usd: Usd | None
    latency_ms: int | None
    first_token_ms: int | None
    error: str | None
    prompt_name: str | None
    prompt_version: str | None
    prompt_label: str | None
    experiment_key: str | None
    experiment_arm: str | None
    metadata: dict[str, Any]
    created_at: datetime
    requests: list[RequestOfMessage]
    feedback: list[FeedbackInContext]
    scores: list[ScoreView]
    conversation_feedback: list[FeedbackInContext]


class ConversationPart(View):
    """A part of a conversation; `total_count`, `feedback` and `scores` are of the whole one."""

    conversation: ConversationView
    feedback: list[FeedbackInContext]
    scores: list[ScoreView]
    messages: list[ReadMessage]
    total_count: int
    limit: int
    offset: int


class MessageInContext(View):
    """A message in full, with its conversation and neighbouring messages."""

    conversation: ConversationView
    message: ReadMessage
    before: list[ReadMessage]
    after: list[ReadMessage]


def read_conversation(
    core: Session,
    ai: Session,
    given: str,
    window: Window,
    *,
    focus: str | None = None,
    q: str | None = None,
    is_opening: bool = True,
    actor: Actor,
) -> ConversationPart:
    """Return a part of a conversation, around the message in focus if there is one, and write down
    who opens it.

    `is_opening` is false for another part of a conversation that is open already. Raises Forbidden,
    ConversationMissing, and MessageMissing when the message in focus is none of it.
    """
    require(actor, Permission.READ_CONTENTS)
    id_ = conversations.get_id(core, given)
    if is_opening:
        _note(core, actor, conversation=id_)
    conversation = conversations.get_conversation(core, id_, actor=actor)
    offset = window.offset
    if focus is not None:
        offset = max(0, conversations.get_position(core, conversation, focus) - window.limit // 2)
    page = _page(id_).offset(offset).limit(window.limit)
    rows = list(core.execute(page).mappings())
    ids = [row["id"] for row in rows]
    judged = read_feedback(core, ai, id_, ids)
    scored = scores_of_messages(core, id_, ids, actor=actor)
    return ConversationPart(
        conversation=conversation,
        feedback=judged.on_conversation,
        scores=scored[None],
        messages=_read_messages(core, rows, judged, scored, q, actor),
        total_count=conversation.message_count,
        limit=window.limit,
        offset=offset,
    )


def read_message(
    core: Session, ai: Session, given: str, *, context: int, actor: Actor
) -> MessageInContext:
    """Return a message with its neighbours, and record the read in the audit log.

    Raises Forbidden, MessageMissing and MessageAmbiguous.
    """
    require(actor, Permission.READ_CONTENTS)
    id_, conversation_id, _ = conversations.get_place(core, given)
    _note(core, actor, conversation=conversation_id, message=id_)
    rows = _rows_around(core, conversation_id, id_, context)
    position = next((row["position"] for row in rows if row["id"] == id_), None)
    if position is None:
        raise MessageMissing
    ids = [row["id"] for row in rows]
    judged = read_feedback(core, ai, conversation_id, ids)
    scored = scores_of_messages(core, conversation_id, ids, actor=actor)
    said = _read_messages(core, rows, judged, scored, None, actor)
    return MessageInContext(
        conversation=conversations.get_conversation(core, conversation_id, actor=actor),
        message=next(each for each in said if each.id == id_),
        before=[each for each in said if each.position < position],
        after=[each for each in said if each.position > position],
    )


def _note(core: Session, actor: Actor, **opened: UUID) -> None:
    audit.record(
        core, "conversation.open", actor, targets={name: str(id_) for name, id_ in opened.items()}
    )


def _rows_around(core: Session, conversation_id: UUID, id_: UUID, context: int) -> list[RowMapping]:
    # In one statement: earlier messages that arrive late move all those after them
    place = select(messages.c.position).where(messages.c.id == id_).scalar_subquery()
    is_near = messages.c.position.between(place - context, place + context)
    return list(core.execute(_page(conversation_id, whole=id_).where(is_near)).mappings())


def _page(conversation_id: UUID, whole: UUID | None = None) -> Select[Any]:
    columns = messages.c
    shown = _shown(messages, ReadMessage, whole)
    page = select(*shown, func.length(columns.content).label("characters"))
    return page.where(columns.conversation_id == conversation_id).order_by(columns.position)


def _shown(
    table: Table, view: type[View], whole: UUID | None = None
) -> Iterator[ColumnElement[Any]]:
    """Yield the columns of a view; what is long is its beginning, unless it is of `whole`."""
    for column in table.c:
        if column.name in BEGINNINGS:
            beginning = BEGINNINGS[column.name](column, LONGEST)
            yield case((table.c.id == whole, column), else_=beginning).label(column.name)
        elif column.name in view.model_fields:
            yield column


def _read_messages(
    core: Session,
    rows: Sequence[RowMapping],
    judged: ConversationFeedback,
    scored: dict[UUID | None, list[ScoreView]],
    q: str | None,
    actor: Actor,
) -> list[ReadMessage]:
    sees_costs = may(actor, Permission.WATCH)
    called = _called(core, rows, sees_costs=sees_costs)
    marked = _marked(core, rows, q) if q else {}
    return [
        ReadMessage(
            **dict(row)
            | {
                "tool_calls": row["tool_calls"] or [],
                "cost_usd": row["cost_usd"] if sees_costs else None,
            },
            is_cut=len(row["content"]) < row["characters"],
            parts=marked.get(row["id"]),
            requests=called[row["id"]],
            feedback=judged.by_message[row["id"]],
            scores=scored[row["id"]],
            conversation_feedback=judged.on_conversation if row["id"] == judged.last_answer else [],
        )
        for row in rows
    ]


def _marked(core: Session, rows: Sequence[RowMapping], q: str) -> dict[UUID, list[TextPart]]:
    headline = highlights.headline(messages.c.content, q, highlights.WHOLE, longest=LONGEST)
    # Marking reads a whole text: only those that the index finds are marked
    has_words = messages.c.id.in_([row["id"] for row in rows]) & highlights.has_words(messages, q)
    found = core.execute(select(messages.c.id, headline).where(has_words))
    return {id_: highlights.parts(marked) for id_, marked in found}


def _called(
    core: Session, rows: Sequence[RowMapping], *, sees_costs: bool
) -> dict[UUID | None, list[RequestOfMessage]]:
    """Return the requests of these messages, earliest first."""
    found: dict[UUID | None, list[RequestOfMessage]] = defaultdict(list)
    if not rows:
        return found
    columns, times = requests.c, [row["created_at"] for row in rows]
    wanted = select(*_shown(requests, RequestOfMessage)).where(
        columns.conversation_id == rows[0]["conversation_id"],
        columns.message_id.in_([row["id"] for row in rows]),
        # Requests are partitioned by this time: without it each partition would be searched
        columns.created_at.between(min(times) - SLACK, max(times) + SLACK),
    )
    for row in core.execute(
        wanted.order_by(columns.created_at, columns.id).limit(MOST_BESIDE)
    ).mappings():
        facts = {"steps": row["steps"] or [], "tool_calls": row["tool_calls"] or []}
        cost = {"cost_usd": row["cost_usd"] if sees_costs else None}
        found[row["message_id"]].append(RequestOfMessage(**dict(row) | facts | cost))
    return found
