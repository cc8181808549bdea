"""A conversation with the AI requests, tool calls and feedback of its messages."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, and_, case, func, or_, select, text
from sqlalchemy.orm import Session

from core.ai_metrics.models import AiRequest
from core.ai_metrics.schemas import RequestStatus
from core.conversations import highlights, queries
from core.conversations.answers import ConversationView, TextPart
from core.conversations.models import Message
from core.conversations.opinions import ConversationOpinion
from core.conversations.schemas import MessageSpeaker
from core.database.paging import Window
from core.database.tables import storable, table_of
from core.identity import audit
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor, View
from core.knowledge.models import Feedback
from core.presentation.money import Usd

LONGEST = 20_000  # characters of a message among others; alone it is whole
MOST_BESIDE = 500
SLACK = timedelta(days=1)  # between a message's time and that of the request for it

messages, requests, feedback = table_of(Message), table_of(AiRequest), table_of(Feedback)

MARKED = text(f"""
select id, ts_headline('simple', {highlights.text_of(":longest")}, {highlights.QUERY}, :marks) as marked
from messages where id = any(:ids) and search @@ {highlights.QUERY}""")  # noqa: S608  names of our own


class Judgement(View):
    """Feedback on a message, or, without one, on the conversation."""

    id: UUID
    message_id: UUID | None
    rating: int
    scale: str
    opinion: ConversationOpinion
    comment: str | None
    edited_text: str | None
    created_at: datetime


class RequestOfMessage(View):
    """One AI request that was made for a message; its cost is only there for those who see costs."""

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
    steps: list[dict[str, Any]]
    tool_calls: list[dict[str, Any]]
    created_at: datetime


class ReadMessage(View):
    """One message. Of a long one, `content` is the beginning (`is_cut`) and `characters` its length.

    `parts` are the same words in pieces with what was searched for marked, when they have any of it.
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
    metadata: dict[str, Any]
    created_at: datetime
    requests: list[RequestOfMessage]
    feedback: list[Judgement]


class Reading(View):
    """A part of a conversation; `total_count` are the messages of all of it, `feedback` is on it as a whole."""

    conversation: ConversationView
    feedback: list[Judgement]
    messages: list[ReadMessage]
    total_count: int
    limit: int
    offset: int


class MessageInContext(View):
    """One message, whole, with its conversation and what was said just before and after."""

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
) -> Reading:
    """Return a part of a conversation, around the message in focus if there is one, and write down who opens it.

    `is_opening` is false when somebody turns the pages of what is open already. Raises Forbidden, ConversationMissing, and
    MessageMissing when the message in focus is none of it.
    """
    require(actor, Permission.READ_CONTENTS)
    id_ = queries.get_id(core, given)
    if is_opening:
        _note(core, actor, conversation=id_)
    conversation = queries.get_conversation(core, id_, actor=actor)
    offset = window.offset
    if focus is not None:
        offset = max(0, queries.get_position(core, conversation, focus) - window.limit // 2)
    rows = _rows(core, id_, offset, window.limit)
    judged = _judged(ai, id_, [row["id"] for row in rows])
    return Reading(
        conversation=conversation,
        feedback=judged[None],
        messages=_said(core, rows, judged, q, actor),
        total_count=conversation.message_count,
        limit=window.limit,
        offset=offset,
    )


def read_message(core: Session, ai: Session, given: str, *, context: int, actor: Actor) -> MessageInContext:
    """Return a message with so many before and after it, and write down who has read it.

    Raises Forbidden, MessageMissing and MessageAmbiguous.
    """
    require(actor, Permission.READ_CONTENTS)
    id_, conversation_id, position = queries.get_place(core, given)
    _note(core, actor, conversation=conversation_id, message=id_)
    rows = _rows(core, conversation_id, max(0, position - context), min(position, context) + 1 + context, whole=id_)
    said = _said(core, rows, _judged(ai, conversation_id, [row["id"] for row in rows]), None, actor)
    return MessageInContext(
        conversation=queries.get_conversation(core, conversation_id, actor=actor),
        message=next(each for each in said if each.id == id_),
        before=[each for each in said if each.position < position],
        after=[each for each in said if each.position > position],
    )


def _note(core: Session, actor: Actor, **opened: UUID) -> None:
    audit.record(core, "conversation.open", actor, targets={name: str(id_) for name, id_ in opened.items()})


def _rows(core: Session, conversation_id: UUID, offset: int, limit: int, whole: UUID | None = None) -> list[RowMapping]:
    columns = messages.c
    content = case((columns.id == whole, columns.content), else_=func.left(columns.content, LONGEST)).label("content")
    others = [column for column in columns if column.name not in ("content", "search")]
    page = select(*others, content, func.length(columns.content).label("characters"))
    wanted = page.where(columns.conversation_id == conversation_id).order_by(columns.position)
    return list(core.execute(wanted.offset(offset).limit(limit)).mappings())


def _said(
    core: Session, rows: Sequence[RowMapping], judged: dict[UUID | None, list[Judgement]], q: str | None, actor: Actor
) -> list[ReadMessage]:
    sees_costs = may(actor, Permission.WATCH)
    called = _called(core, rows, sees_costs=sees_costs)
    marked = _marked(core, rows, q) if q else {}
    return [
        ReadMessage(
            **_known(row, ReadMessage)
            | {"tool_calls": row["tool_calls"] or [], "cost_usd": row["cost_usd"] if sees_costs else None},
            is_cut=len(row["content"]) < row["characters"],
            parts=marked.get(row["id"]),
            requests=called[row["id"]],
            feedback=judged[row["id"]],
        )
        for row in rows
    ]


def _known(row: RowMapping, view: type[View]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in view.model_fields}


def _marked(core: Session, rows: Sequence[RowMapping], q: str) -> dict[UUID, list[TextPart]]:
    given = {"ids": [row["id"] for row in rows], "q": storable(q), "marks": highlights.WHOLE, "longest": LONGEST}
    return {id_: highlights.parts(marked) for id_, marked in core.execute(MARKED, given)}


def _called(core: Session, rows: Sequence[RowMapping], *, sees_costs: bool) -> dict[UUID | None, list[RequestOfMessage]]:
    """Return the requests that were made for these messages, the first first."""
    found: dict[UUID | None, list[RequestOfMessage]] = defaultdict(list)
    if not rows:
        return found
    columns, times = requests.c, [row["created_at"] for row in rows]
    wanted = select(requests).where(
        columns.conversation_id == rows[0]["conversation_id"],
        columns.message_id.in_([row["id"] for row in rows]),
        columns.created_at.between(min(times) - SLACK, max(times) + SLACK),
    )
    for row in core.execute(wanted.order_by(columns.created_at, columns.id).limit(MOST_BESIDE)).mappings():
        facts = {"steps": row["steps"] or [], "tool_calls": row["tool_calls"] or []}
        cost = {"cost_usd": row["cost_usd"] if sees_costs else None}
        found[row["message_id"]].append(RequestOfMessage(**_known(row, RequestOfMessage) | facts | cost))
    return found


def _judged(ai: Session, conversation_id: UUID, ids: list[UUID]) -> dict[UUID | None, list[Judgement]]:
    """Return the feedback on these messages, and under None that on the conversation itself, the first first."""
    columns = feedback.c
    on_it = and_(columns.conversation_id == conversation_id, columns.message_id.is_(None))
    wanted = select(feedback).where(or_(columns.message_id.in_(ids), on_it)).order_by(columns.created_at, columns.id)
    found: dict[UUID | None, list[Judgement]] = defaultdict(list)
    for row in ai.execute(wanted.limit(MOST_BESIDE)).mappings():
        opinion = ConversationOpinion.of(row["rating"], row["scale"])
        found[row["message_id"]].append(Judgement(**_known(row, Judgement), opinion=opinion))
    return found
