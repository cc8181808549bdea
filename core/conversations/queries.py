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
    func,
    literal,
    literal_column,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import Session

from core.activity.models import User
from core.cache import memo
from core.conversations import highlights
from core.conversations.answers import ConversationFilter, ConversationSummary, ConversationView, Hit
from core.conversations.errors import ConversationMissing, MessageAmbiguous, MessageMissing
from core.conversations.models import Conversation, Message
from core.conversations.opinions import ConversationOpinion, rated
from core.database.paging import Cursor, Page, Window
from core.database.tables import storable, table_of
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.ingest.intake import message_name
from core.presentation.periods import Period, Watched, id_of, keys_of

talks, messages, users = table_of(Conversation), table_of(Message), table_of(User)

OPENINGS = text("""
select wanted.id, opening.content from unnest(cast(:ids as uuid[])) as wanted (id)
join lateral (select left(content, 300) as content from messages
    where conversation_id = wanted.id and role = 'user' order by position limit 1) as opening on true""")
HITS = text(f"""
select wanted.id, hit.id as message_id, hit.position, hit.role, hit.messages,
    ts_headline('simple', {highlights.TEXT}, {highlights.QUERY}, :marks) as marked
from unnest(cast(:ids as uuid[])) as wanted (id)
join lateral (select messages.id, position, role, content, count(*) over () as messages from messages
    where conversation_id = wanted.id and search @@ {highlights.QUERY} order by position limit 1) as hit on true
""")  # noqa: S608  names of our own
SPOKEN = text(f"""
select conversation_id from messages where search @@ {highlights.QUERY} limit :limit""")  # noqa: S608
MOST_FOUND = 10_000  # messages; of words that more of them have, conversations are looked through from the last one on
NAMED = text("""
select id, conversation_id, position from messages where id = any(:keys) or external_id = :name limit 2""")
OWN = text("select position from messages where id = any(:keys) and conversation_id = :conversation_id")


def list_conversations(
    session: Session,
    wanted: ConversationFilter,
    period: Period,
    watched: Watched,
    *,
    window: Window,
    after: Cursor | None = None,
    actor: Actor,
    count: bool = True,
) -> Page[ConversationSummary]:
    """Return the conversations whose last message is of the period, the one that was spoken in last first."""
    require(actor, Permission.READ_CONTENTS)
    where = _where(wanted, period, watched) + ([_said(session, wanted.q)] if wanted.q is not None else [])
    page = _named().where(*where)
    if after is not None:
        page = page.where(tuple_(talks.c.last_message_at, talks.c.id) < (after.created_at, after.id))
    page = page.order_by(talks.c.last_message_at.desc(), talks.c.id.desc()).limit(window.limit).offset(window.offset)
    items = _summaries(session, list(session.execute(page).mappings()), wanted.q, actor)
    counting = select(func.count()).select_from(talks).where(*where)
    key = ("conversations", wanted, period, watched)
    ask = partial(memo.counted, key, lambda: session.scalar(counting) or 0)
    total = window.total(len(items), ask) if count and after is None else 0
    return Page(items, total)


def get_conversation(session: Session, id_: UUID, *, actor: Actor) -> ConversationView:
    """Return a conversation without its messages; raise ConversationMissing."""
    require(actor, Permission.READ_CONTENTS)
    rows = list(session.execute(_named().where(talks.c.id == id_)).mappings())
    if not rows:
        raise ConversationMissing
    [summary] = _summaries(session, rows, None, actor)
    return ConversationView(**dict(summary), context=rows[0]["context"])


def get_id(session: Session, given: str) -> UUID:
    """Return the key of a conversation by our id or the sender's; raise ConversationMissing."""
    id_ = id_of(session, talks, "conversation", given)
    if id_ is None:
        raise ConversationMissing
    return id_


def get_place(session: Session, given: str) -> tuple[UUID, UUID, int]:
    """Return the keys of a message and its conversation, and its place there, by our id or the sender's.

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
    """Return the place of a message in its conversation, by our id or the sender's; raise MessageMissing."""
    named = message_name(conversation.external_id, storable(given))
    keys = [*keys_of("message", storable(given)), *keys_of("message", named)]
    position: int | None = session.scalar(OWN, {"keys": keys, "conversation_id": conversation.id})
    if position is None:
        raise MessageMissing
    return position


def _named() -> Select[Any]:
    names = [users.c.external_id.label("user_external_id"), func.coalesce(users.c.display_name, users.c.email).label("user_name")]
    return select(talks, *names).outerjoin(users, users.c.id == talks.c.user_id)


def _summaries(session: Session, rows: list[RowMapping], q: str | None, actor: Actor) -> list[ConversationSummary]:
    given = {"ids": [row["id"] for row in rows]}
    openings: dict[UUID, str] = {id_: said for id_, said in session.execute(OPENINGS, given)}
    hits = _hits(session, given["ids"], q) if q else {}
    sees_costs = may(actor, Permission.WATCH)
    return [
        ConversationSummary(
            **{name: value for name, value in row.items() if name in ConversationSummary.model_fields}
            | {"total_cost_usd": row["total_cost_usd"] if sees_costs else None},
            opening=openings.get(row["id"]),
            opinion=ConversationOpinion.of(row["user_rating"], row["rating_scale"]),
            hit=hits.get(row["id"]),
        )
        for row in rows
    ]


def _hits(session: Session, ids: list[UUID], q: str) -> dict[UUID, Hit]:
    found = session.execute(HITS, {"ids": ids, "q": storable(q), "marks": highlights.SHORT}).mappings()
    return {row["id"]: Hit(**row, parts=highlights.parts(row["marked"])) for row in found}


def _where(wanted: ConversationFilter, period: Period, watched: Watched) -> list[ColumnElement[bool]]:
    columns = talks.c
    found = [
        columns.environment == watched.environment,
        columns.last_message_at >= period.start,
        columns.last_message_at < period.end,
    ]
    equal = {columns.app: watched.app, columns.release: watched.release, columns.status: wanted.status}
    found += [column == value for column, value in equal.items() if value is not None]
    if watched.users is not None:
        found.append(columns.user_id.in_(watched.users))
    if wanted.model is not None:
        found.append(literal(wanted.model) == any_(columns.models))
    if wanted.annotated is not None:
        found.append(columns.annotation_count > 0 if wanted.annotated else columns.annotation_count == 0)
    if wanted.rating is not None:
        found.append(rated(wanted.rating, columns.user_rating, columns.rating_scale))
    return found


def _said(session: Session, q: str) -> ColumnElement[bool]:
    """Return the condition that words were said in a conversation: where these are few, they are named.

    The planner cannot know how rare words are that it has not met, and would look through all conversations for them.
    """
    words = storable(q)
    few = session.scalars(SPOKEN, {"q": words, "limit": MOST_FOUND}).all()
    if len(few) < MOST_FOUND:
        return talks.c.id == any_(bindparam(None, sorted(set(few)), type_=ARRAY(Uuid())))
    query = func.websearch_to_tsquery(literal_column("'simple'"), func.searchable(words))
    return talks.c.id.in_(select(messages.c.conversation_id).where(messages.c.search.op("@@")(query)))
