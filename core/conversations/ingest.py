"""Conversations into the database: sent again, they grow. Whatever the order or the repetition, the same is stored.

The rows of the conversations are locked in order first; what follows has them to itself.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core import clock, outbox, traces
from core.activity.ingest import note_days, note_users
from core.conversations import messages, naming
from core.conversations.schemas import ConversationState, MessageSpeaker, NewConversation
from core.intake import Source, as_jsonb, key_of
from core.newest import Known, name_by, version_of
from core.staging import Stage, driver

MADE = "conversations.made"
AGAIN = "conversations.again"
LATE = timedelta(minutes=10)
BEGAN_AT = "began_at"
TOLD_AT_ONCE = 1000

CONVERSATIONS = Stage(
    "staged_conversations",
    {
        "id": "uuid",
        "external_id": "text",
        "source": "text",
        "environment": "text",
        "import_id": "uuid",
        "created_at": "timestamptz",
    },
)
LEARNED = Stage(
    "learned_conversations",
    {
        "id": "uuid",
        "user_id": "uuid",
        "user_name": "text",
        "session_type": "text",
        "title": "text",
        "status": "text",
        "context": "text",
        "environment": "text",
        "app": "text",
        "release": "text",
        "told": "text",
    },
)
SPEAKERS = Stage(
    "staged_speakers",
    {"created_at": "timestamptz", "user_id": "uuid", "user_name": "text", "environment": "text", "app": "text"},
)

FIELDS = ("user_name", "session_type", "title", "status", "context", "environment", "app", "release")
MAKE = """
insert into conversations (id, external_id, source, environment, app, release, import_id, created_at, last_message_at)
select distinct on (id) id, external_id, source, environment, '', '', import_id, created_at, created_at
from staged_conversations order by id, created_at
on conflict (id) do nothing returning id"""

LOCK = """
select id, told, (select external_id from users where users.id = user_id), session_type, title, status, context, environment, app,
    release
from conversations where id in (select id from staged_conversations) order by id for update"""

LEARN = """
update conversations set user_id = coalesce(learned.user_id, conversations.user_id), session_type = learned.session_type,
    title = learned.title, status = learned.status, context = learned.context::jsonb, environment = learned.environment,
    app = learned.app, release = learned.release, told = learned.told::jsonb
from learned_conversations as learned where learned.id = conversations.id"""

BEGAN = """
update conversations set created_at = least(conversations.created_at, began),
    last_message_at = case when message_count = 0 then least(conversations.created_at, began) else last_message_at end
from (select id, min(created_at) as began from staged_conversations group by id) as sent
where sent.id = conversations.id and began < conversations.created_at"""

# Each looked up by itself: of tables that are filled a moment ago the planner knows nothing, and would read all messages.
SPOKE = """
insert into staged_speakers
select spoken.created_at, learned.user_id, user_name, present.environment, present.app
from learned_conversations as learned
cross join lateral (select environment, app, created_at from conversations where id = learned.id offset 0) as present
cross join lateral (
    select created_at from messages where conversation_id = learned.id union select present.created_at
) as spoken
where learned.user_id is not null"""


def store(session: Session, conversations: list[NewConversation], source: Source, *, notes_users: bool = True) -> int:
    """Store conversations and their messages; return how many of the rows said anything new.

    Without `notes_users` the users are left in SPEAKERS, for whoever notes them, and their days, with others.
    """
    conversations = source.cleaned(conversations)
    connection = driver(session)
    CONVERSATIONS.copy(connection, _rows(conversations, source))
    made = {id_ for (id_,) in connection.execute(MAKE)}
    known = {id_: Known(dict(zip(FIELDS, values, strict=True)), told) for id_, told, *values in connection.execute(LOCK)}
    news, learned = _learn(known, conversations, made, name_by(BEGAN_AT, source.import_id))
    traces.before(connection, source.import_id, "conversations", known, made=made)
    grown, touched = messages.store(connection, conversations, source.import_id)
    naming.tell_of(session, conversations)
    LEARNED.copy(connection, (_learned(id_, known[id_]) for id_ in learned | touched))
    with connection.pipeline():
        connection.execute(LEARN)
        connection.execute(BEGAN)
        SPEAKERS.make(connection)
        connection.execute(SPOKE)
        if notes_users:
            note_days(connection, [SPEAKERS], source)
            note_users(connection, SPEAKERS, import_id=source.import_id)
    traces.after(connection, source.import_id, "conversations", known)
    _tell(session, MADE, made)
    _tell(session, AGAIN, (_late(conversations, grown) | _passed_on(known, news, conversations)) - made)
    return len(news | grown)


def _rows(conversations: list[NewConversation], source: Source) -> Iterator[tuple[object, ...]]:
    for each in conversations:
        yield key_of("conversation", each.id), each.id, source.origin, source.environment, source.import_id, _began(each)


def _began(conversation: NewConversation) -> datetime:
    times = [message.created_at for message in conversation.messages]
    return min(filter(None, [conversation.created_at, *times]), default=clock.now())


def _learn(
    known: dict[UUID, Known], conversations: list[NewConversation], made: set[UUID], began_at: str
) -> tuple[set[int], set[UUID]]:
    """Learn what the rows say of the conversations themselves; return the numbers of the rows that are news, and of whom."""
    before = {id_: dict(each.told) for id_, each in known.items()}
    news, unsaid = set(), set(made)
    for number, each in enumerate(conversations):
        id_ = key_of("conversation", each.id)
        if known[id_].learn(_fields(each), version_of(_as_of(each))) or id_ in unsaid:
            news.add(number)
            unsaid.discard(id_)
        known[id_].note_first(began_at, version_of(_began(each)))
    return news, made | {id_ for id_, each in known.items() if each.told != before[id_]}


def _as_of(conversation: NewConversation) -> datetime:
    """Return how new the fields are."""
    times = [message.created_at for message in conversation.messages]
    return conversation.updated_at or max(filter(None, [conversation.created_at, *times]), default=clock.now())


def _fields(conversation: NewConversation) -> dict[str, Any]:
    return {
        "user_name": conversation.user_id,
        "session_type": conversation.session_type,
        "title": conversation.title,
        "status": conversation.status,
        "context": {**(conversation.context or {}), **(conversation.extra or {})},
        "environment": conversation.environment,
        "app": conversation.app,
        "release": conversation.release,
    }


def _learned(id_: UUID, known: Known) -> tuple[object, ...]:
    name, *values = (known.values[field] for field in FIELDS)
    values[3] = as_jsonb(values[3]) or "{}"
    return id_, key_of("user", name) if name is not None else None, name, *values, as_jsonb(known.told) or "{}"


def _late(conversations: list[NewConversation], grown: set[int]) -> set[UUID]:
    """Return the conversations in which somebody has answered a while ago: who looks for new answers by time misses these."""
    since = clock.now() - LATE
    rows = (conversations[number] for number in grown)
    return {
        key_of("conversation", each.id)
        for each in rows
        if any(message.role is MessageSpeaker.ASSISTANT and message.created_at < since for message in each.messages)
    }


def _passed_on(known: dict[UUID, Known], news: set[int], conversations: list[NewConversation]) -> set[UUID]:
    """Return the conversations that wait for a person, of those of which something new was said."""
    ids = {key_of("conversation", conversations[number].id) for number in news}
    return {id_ for id_ in ids if known[id_].values["status"] == ConversationState.WAITING_HUMAN}


def _tell(session: Session, topic: str, ids: set[UUID]) -> None:
    """Tell those above which conversations are new (feedback may have been there before), or worth another look."""
    told = [str(id_) for id_ in sorted(ids)]
    for first in range(0, len(told), TOLD_AT_ONCE):
        outbox.tell(session, topic, {"ids": told[first : first + TOLD_AT_ONCE]})
