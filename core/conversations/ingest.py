"""Store conversations: repeated and reordered reports lead to the same result.

The rows of the conversations are locked in order first; what follows has them to itself.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.activity.ingest import note_days, note_users
from core.conversations import messages, named_messages
from core.conversations.prefixes import drop_known
from core.conversations.schemas import ConversationState, MessageSpeaker, NewConversation
from core.database import import_traces
from core.database.newest_values import KnownFields, moment_of, name_by, version_of
from core.database.staging import Connection, Few, Stage, driver, with_indexes
from core.ingest.intake import RowSource, key_of
from core.jobs import outbox
from core.platform import clock

MADE = "conversations.made"
AGAIN = "conversations.again"
LATE = timedelta(minutes=10)
BEGAN_AT = "began_at"
TOLD_AT_ONCE = 1000

CONVERSATIONS = Few(
    "sent",
    {
        "id": "uuid",
        "external_id": "text",
        "source": "text",
        "environment": "text",
        "import_id": "uuid",
        "created_at": "timestamptz",
    },
)
LEARNED = Few(
    "learned",
    {
        "id": "uuid",
        "began": "timestamptz",
        "user_id": "uuid",
        "user_name": "text",
        "session_type": "text",
        "title": "text",
        "status": "text",
        "context": "jsonb",
        "environment": "text",
        "app": "text",
        "release": "text",
        "told": "jsonb",
    },
)
SPEAKERS = Stage(
    "staged_speakers",
    {"created_at": "timestamptz", "user_id": "uuid", "user_name": "text", "environment": "text", "app": "text"},
)

FIELDS = ("user_name", "session_type", "title", "status", "context", "environment", "app", "release")
KNOWN = """id, told, (select external_id from users where users.id = user_id), session_type, title, status, context,
    environment, app, release"""
MAKE = f"""
insert into conversations (id, external_id, source, environment, app, release, import_id, created_at, last_message_at)
select distinct on (id) id, external_id, source, environment, '', '', import_id, created_at, created_at
from {CONVERSATIONS.rows} order by id, created_at
on conflict (id) do nothing returning {KNOWN}"""  # noqa: S608  names of our own
LOCK = f"select {KNOWN} from conversations where id = any(%(ids)s) order by id for update"  # noqa: S608

# Of its days, a user was there on those of all messages.
LEARN = f"""
with changed as (
    update conversations set user_id = coalesce(learned.user_id, conversations.user_id), session_type = learned.session_type,
        title = learned.title, status = learned.status, context = learned.context, environment = learned.environment,
        app = learned.app, release = learned.release, told = learned.told, {messages.COUNTS},
        created_at = least(conversations.created_at, began),
        last_message_at = coalesce(last_at, least(conversations.created_at, began))
    from {LEARNED.rows} left join ({messages.COUNTED}) as counted on counted.conversation_id = learned.id
    where learned.id = conversations.id
    returning conversations.id, learned.user_id, user_name, conversations.environment, conversations.app, conversations.created_at
)
insert into staged_speakers
select spoken.created_at, user_id, user_name, environment, app
from changed cross join lateral (
    select created_at from messages where conversation_id = changed.id union select changed.created_at
) as spoken
where user_id is not null"""  # noqa: S608


def store(
    session: Session, conversations: list[NewConversation], source: RowSource, *, notes_users: bool = True, repeats: bool = False
) -> int:
    """Store conversations and their messages; return how many of the rows said anything new.

    Without `notes_users` the users are left in SPEAKERS, for whoever notes them, and their days, with others. Of rows that
    say with each message what was said before (`repeats`), what is known of that is left out.
    """
    conversations = source.cleaned(conversations)
    connection, began_at = driver(session), name_by(BEGAN_AT, source.import_id)
    made = _known(connection.execute(MAKE.encode(), {"few": CONVERSATIONS.sent(_rows(conversations, source))}))
    before = _lock(connection, {key_of("conversation", each.id) for each in conversations} - made.keys())
    known = before | made
    shadowed = import_traces.Shadowed(source.import_id, made)
    news, learned = _learn(known, conversations, set(made), began_at, shadowed)
    import_traces.before(connection, source.import_id, "conversations", known, made=made)
    if repeats:
        drop_known(connection, conversations, before)
    staged = messages.stage(connection, conversations, source.import_id)
    with connection.pipeline():
        grown, touched = messages.store(connection, staged, made=set(made))
        named = named_messages.named(connection) if staged else ()
        changed = [_learned(id_, known[id_], began_at) for id_ in learned | touched]
        SPEAKERS.make(connection)
        with_indexes(connection, LEARN, {"few": LEARNED.sent(changed), "touched": [id_ for id_, *_ in changed]})
        if notes_users:
            note_days(connection, [SPEAKERS], source)
            note_users(connection, SPEAKERS, import_id=source.import_id)
    named_messages.tell_of(session, [name for (name,) in named])
    import_traces.after(connection, source.import_id, "conversations", known)
    shadowed.store(connection, "conversations", columns=_columns)
    _tell(session, MADE, set(made))
    _tell(session, AGAIN, (_late(conversations, grown) | _passed_on(known, news, conversations)) - made.keys())
    return len(news | grown)


def _lock(connection: Connection, ids: set[UUID]) -> dict[UUID, KnownFields]:
    return _known(connection.execute(LOCK.encode(), {"ids": list(ids)})) if ids else {}


def _known(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, KnownFields]:
    return {id_: KnownFields(dict(zip(FIELDS, values, strict=True)), told) for id_, told, *values in rows}


def _rows(conversations: list[NewConversation], source: RowSource) -> Iterator[tuple[object, ...]]:
    for each in conversations:
        yield key_of("conversation", each.id), each.id, source.origin, source.environment, source.import_id, _began(each)


def _began(conversation: NewConversation) -> datetime:
    times = [message.created_at for message in conversation.messages]
    return min(filter(None, [conversation.created_at, *times]), default=clock.now())


def _learn(
    known: dict[UUID, KnownFields],
    conversations: list[NewConversation],
    made: set[UUID],
    began_at: str,
    shadowed: import_traces.Shadowed,
) -> tuple[set[int], set[UUID]]:
    """Learn what the rows say of the conversations themselves; return the numbers of the rows that are news, and of whom."""
    before = {id_: dict(each.told) for id_, each in known.items()}
    news, unsaid = set(), set(made)
    for number, each in enumerate(conversations):
        id_ = key_of("conversation", each.id)
        fields, version = _fields(each), version_of(_as_of(each))
        shadowed.note(id_, known[id_], fields, version)
        if known[id_].learn(fields, version) or id_ in unsaid:
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


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """Return fields as columns: of the user's name, the id."""
    columns = dict(values)
    name = columns.pop("user_name", None)
    return columns if name is None else {**columns, "user_id": key_of("user", name)}


def _learned(id_: UUID, known: KnownFields, began_at: str) -> tuple[object, ...]:
    name, *values = (known.values[field] for field in FIELDS)
    user_id = key_of("user", name) if name is not None else None
    return id_, moment_of(known.told[began_at]), user_id, name, *values, known.told


def _late(conversations: list[NewConversation], grown: set[int]) -> set[UUID]:
    """Return the conversations in which somebody has answered a while ago: who looks for new answers by time misses these."""
    since = clock.now() - LATE
    rows = (conversations[number] for number in grown)
    return {
        key_of("conversation", each.id)
        for each in rows
        if any(message.role is MessageSpeaker.ASSISTANT and message.created_at < since for message in each.messages)
    }


def _passed_on(known: dict[UUID, KnownFields], news: set[int], conversations: list[NewConversation]) -> set[UUID]:
    """Return the conversations that wait for a person, of those of which something new was said."""
    ids = {key_of("conversation", conversations[number].id) for number in news}
    return {id_ for id_ in ids if known[id_].values["status"] == ConversationState.WAITING_HUMAN}


def _tell(session: Session, topic: str, ids: set[UUID]) -> None:
    """Tell those above which conversations are new (feedback may have been there before), or worth another look."""
    told = [str(id_) for id_ in sorted(ids)]
    for first in range(0, len(told), TOLD_AT_ONCE):
        outbox.tell(session, topic, {"ids": told[first : first + TOLD_AT_ONCE]})
