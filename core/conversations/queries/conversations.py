"""List and search conversations."""

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    RowMapping,
    Select,
    Uuid,
    any_,
    bindparam,
    column,
    func,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.orm import Session

from core.activity.models.users import User
from core.activity.queries import request_totals
from core.activity.queries.request_totals import NO_REQUESTS
from core.activity.schemas import RequestTotals
from core.cache.large_workspaces import cached_if_large
from core.conversations import highlights
from core.conversations.errors import ConversationMissing, MessageAmbiguous, MessageMissing
from core.conversations.models import Conversation, Message
from core.conversations.opinions import ConversationOpinion, rated
from core.conversations.views import (
    ConversationFilter,
    ConversationHit,
    ConversationOrder,
    ConversationSummary,
    ConversationView,
)
from core.database import shortened
from core.database.paging import Sort, SortCursor, SortedPage, Window
from core.database.tables import storable, table_of
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.ingest.external_ids import id_of, keys_of
from core.ingest.rows import message_name
from core.presentation.formatting import NONE, stored_value
from core.presentation.periods import Period, Watched

talks, messages, users = table_of(Conversation), table_of(Message), table_of(User)
KNOWN = tuple(column for column in talks.c if column.name in ConversationSummary.model_fields)
SHOWN = tuple(shortened.in_list(KNOWN, talks.c.user_feedback))

OPENINGS = text("""
select wanted.id, opening.content from unnest(cast(:ids as uuid[])) as wanted (id)
join lateral (select left(content, 300) as content from messages
    where conversation_id = wanted.id and role = 'user' order by position limit 1) as opening
        on true""")
# Messages; with more matches, conversations are searched from the most recent one instead
MOST_FOUND = 10_000
# Two rows are enough to see that a name is ambiguous
NAMED = text("""
select id, conversation_id, position from messages where id = any(:keys) or external_id = :name
    limit 2""")
OWN = text(
    "select position from messages where id = any(:keys) and conversation_id = :conversation_id"
)


def list_conversations(
    session: Session,
    filters: ConversationFilter,
    period: Period,
    watched: Watched,
    *,
    window: Window,
    order: ConversationOrder = ConversationOrder.LATEST_FIRST,
    after: SortCursor | None = None,
    actor: Actor,
    count: bool = True,
    whole: bool = False,
) -> SortedPage[ConversationSummary]:
    """Return the conversations whose last message is in the period; long feedback is shortened
    unless `whole`.
    """
    require(actor, Permission.READ_CONTENTS)
    where = _where(filters, period, watched) + (
        [_text_matches(session, filters.q)] if filters.q is not None else []
    )
    sort = sort_of(order)
    rows = list(
        session.execute(sort.page(_named(whole=whole).where(*where), window, after)).mappings()
    )
    counting = select(func.count()).select_from(talks).where(*where)
    # Without the actor: all who may read conversations see the same ones
    key = ("conversations", filters, period, watched)
    ask = partial(cached_if_large, session, key, lambda: session.scalar(counting) or 0)
    total = (window.total(len(rows), ask) if after is None else ask()) if count else 0
    items = _summaries(session, rows, filters.q, actor)
    return window.sorted_page(items, total, sort.next_cursor(rows, window))


def sort_of(order: ConversationOrder) -> Sort:
    """Return how conversations are sorted; not by cost, which may be that of their requests."""
    values = {"last_message": talks.c.last_message_at, "messages": talks.c.message_count}
    return Sort.by(order, values[order.lstrip("-")], talks.c.id)


def get_conversation(session: Session, id_: UUID, *, actor: Actor) -> ConversationView:
    """Return a conversation without its messages; raise ConversationMissing."""
    require(actor, Permission.READ_CONTENTS)
    rows = list(session.execute(_named(talks.c.context).where(talks.c.id == id_)).mappings())
    if not rows:
        raise ConversationMissing
    [summary] = _summaries(session, rows, None, actor)
    return ConversationView(**dict(summary), context=rows[0]["context"])


def get_id(session: Session, given: str) -> UUID:
    """Return a conversation's key by either ID; raise ConversationMissing."""
    id_ = id_of(session, talks, "conversation", given)
    if id_ is None:
        raise ConversationMissing
    return id_


def get_place(session: Session, given: str) -> tuple[UUID, UUID, int]:
    """Return the keys of a message and its conversation, and its position, by Attune's ID or the
    sender's.

    Raises MessageMissing and MessageAmbiguous.
    """
    name = storable(given)
    found = session.execute(NAMED, {"keys": list(keys_of("message", name)), "name": name}).all()
    if not found:
        raise MessageMissing
    if len(found) > 1:
        raise MessageAmbiguous
    id_, conversation_id, position = found[0]
    return id_, conversation_id, position


def get_position(session: Session, conversation: ConversationSummary, given: str) -> int:
    """Return a message's position by either ID; raise MessageMissing."""
    named = message_name(conversation.external_id, storable(given))
    keys = [*keys_of("message", storable(given)), *keys_of("message", named)]
    position: int | None = session.scalar(OWN, {"keys": keys, "conversation_id": conversation.id})
    if position is None:
        raise MessageMissing
    return position


def _named(*others: ColumnElement[Any], whole: bool = True) -> Select[Any]:
    names = [
        users.c.external_id.label("user_external_id"),
        func.coalesce(users.c.display_name, users.c.email).label("user_name"),
    ]
    return select(*(KNOWN if whole else SHOWN), *others, *names).outerjoin(
        users, users.c.id == talks.c.user_id
    )


def _summaries(
    session: Session, rows: list[RowMapping], q: str | None, actor: Actor
) -> list[ConversationSummary]:
    given = {"ids": [row["id"] for row in rows]}
    openings: dict[UUID, str] = {id_: said for id_, said in session.execute(OPENINGS, given)}
    hits = _hits(session, given["ids"], q) if q else {}
    sees_costs = may(actor, Permission.WATCH)
    without = [row["id"] for row in rows if None in (row["total_tokens"], row["total_cost_usd"])]
    requests = request_totals.of_conversations(session, without)
    return [
        ConversationSummary(
            **{
                name: value
                for name, value in row.items()
                if name in ConversationSummary.model_fields
            }
            | _usage(row, requests.get(row["id"], NO_REQUESTS), sees_costs=sees_costs),
            opening=openings.get(row["id"]),
            opinion=ConversationOpinion.of(row["user_rating"], row["rating_scale"]),
            hit=hits.get(row["id"]),
        )
        for row in rows
    ]


def _usage(row: RowMapping, requests: RequestTotals, *, sees_costs: bool) -> dict[str, Any]:
    """Return tokens and cost of the messages, otherwise of the AI requests."""
    tokens, cost_usd = row["total_tokens"], row["total_cost_usd"]
    unpriced = requests.unpriced_requests if cost_usd is None else 0
    cost_usd = requests.cost_usd if cost_usd is None else cost_usd
    return {
        "total_tokens": requests.total_tokens if tokens is None else tokens,
        "total_cost_usd": cost_usd if sees_costs else None,
        "unpriced_requests": unpriced if sees_costs else None,
    }


def _hits(session: Session, ids: list[UUID], q: str) -> dict[UUID, ConversationHit]:
    """Return the first matching message of each conversation, and the number of matches."""
    wanted = (
        func.unnest(literal(ids, ARRAY(Uuid())))
        .table_valued(column("id", Uuid()), name="wanted")
        .render_derived()
    )
    own = messages.c.conversation_id == wanted.c.id, highlights.has_words(messages, q)
    shown = (
        messages.c.id.label("message_id"),
        messages.c.position,
        messages.c.role,
        messages.c.content,
    )
    hit = (
        select(*shown, func.count().over().label("messages"))
        .where(*own)
        .order_by(messages.c.position)
        .limit(1)
        .lateral("hit")
    )
    marked = highlights.headline(hit.c.content, q, highlights.SHORT).label("marked")
    named = wanted.c.id, hit.c.message_id, hit.c.position, hit.c.role, hit.c.messages
    found = session.execute(select(*named, marked).select_from(wanted.join(hit, true()))).mappings()
    return {
        row["id"]: ConversationHit(**row, parts=highlights.parts(row["marked"])) for row in found
    }


def _where(
    filters: ConversationFilter, period: Period, watched: Watched
) -> list[ColumnElement[bool]]:
    columns = talks.c
    found = [
        columns.environment == watched.environment,
        columns.last_message_at >= period.start,
        columns.last_message_at < period.end,
    ]
    equal = {
        columns.app: watched.app,
        columns.release: watched.release,
        columns.status: filters.status,
    }
    found += [column == stored_value(value) for column, value in equal.items() if value is not None]
    if watched.users is not None:
        found.append(columns.user_id.in_(watched.users))
    named = {
        columns.models: filters.model,
        columns.prompt_versions: filters.prompt_version,
        columns.experiment_arms: filters.experiment_arm,
    }
    found += [
        column == [] if one == NONE else literal(one) == any_(column)
        for column, one in named.items()
        if one is not None
    ]
    if filters.annotated is not None:
        found.append(
            columns.annotation_count > 0 if filters.annotated else columns.annotation_count == 0
        )
    if filters.rating is not None:
        found.append(rated(filters.rating, columns.user_rating, columns.rating_scale))
    if filters.score is not None:
        found.append(filters.score.holds(columns.id))
    return found


def _text_matches(session: Session, q: str) -> ColumnElement[bool]:
    """Return the condition that a conversation has a matching message; when these are few, as a
    list of keys.

    The planner cannot estimate rare words, and would search all conversations for them.
    """
    has_words = highlights.has_words(messages, q)
    few = session.scalars(
        select(messages.c.conversation_id).where(has_words).limit(MOST_FOUND)
    ).all()
    if len(few) < MOST_FOUND:
        return talks.c.id == any_(bindparam(None, sorted(set(few)), type_=ARRAY(Uuid())))
    return talks.c.id.in_(select(messages.c.conversation_id).where(has_words))
