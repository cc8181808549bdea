"""Store conversations: repeated and reordered reports lead to the same result.

The rows of the conversations are locked in order first; what follows has them to itself.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.activity.ingest.releases import note_values
from core.activity.ingest.seen_users import note_days, note_users, set_aside
from core.conversations.ingest import messages, named_messages
from core.conversations.ingest.prefixes import drop_known
from core.conversations.ingest.windows import SentHistory
from core.conversations.schemas import ConversationState, MessageSpeaker, NewConversation
from core.database.db import check_locked
from core.database.field_versions import VersionedFields, moment_of, name_by, version_of
from core.database.import_traces import Traces, note_repeated
from core.database.sql_files import compiled, driver_statement
from core.database.staging import Connection, Stage, as_json, by_index, driver
from core.ingest.rows import RowSource, key_of
from core.jobs import outbox
from core.platform import clock

MADE = "conversations.made"
AGAIN = "conversations.again"
# The review queue looks for new answers by time, a little further back than this
LATE = timedelta(minutes=10)
BEGAN_AT = "began_at"
TOLD_AT_ONCE = 1000

SPEAKERS = Stage(
    "staged_speakers",
    {
        "created_at": "timestamptz",
        "user_id": "uuid",
        "user_name": "text",
        "environment": "text",
        "app": "text",
        "release": "text",
    },
    has_short_rows=True,
)

FIELDS = (
    "user_name",
    "session_type",
    "title",
    "status",
    "context",
    "environment",
    "app",
    "release",
)
SENT = ("id", "external_id", "source", "environment", "import_id", "created_at")
LEARNED = ("id", "began", "user_id", *FIELDS, "told")
MAKE, LOCK, UPDATE = (
    driver_statement(__package__, name)
    for name in ("make_conversations", "lock_conversations", "update_conversations")
)
SET_DAYS_ASIDE = compiled(set_aside(SPEAKERS.table))


def store(
    session: Session,
    conversations: list[NewConversation],
    source: RowSource,
    *,
    histories: Mapping[str, list[SentHistory]] | None = None,
) -> int:
    """Store conversations and their messages; return how many of the rows said anything new.

    `histories` are those that the messages arrived in, by conversation: what they repeat of stored
    messages is left out.
    """
    conversations = source.cleaned(conversations)
    connection, began_at = driver(session), name_by(BEGAN_AT, source.import_id)
    made = _known(connection.execute(MAKE, {"rows": as_json(SENT, _rows(conversations, source))}))
    ids = {key_of("conversation", each.id) for each in conversations}
    before = lock(connection, ids - made.keys())
    known = before | made
    check_locked(ids, known.keys())
    traces = Traces(connection, source.import_id, "conversations")
    traces.begin(known, made=made)
    news, learned = _learn(known, conversations, set(made), began_at, traces)
    if histories is not None:
        conversations = drop_known(connection, conversations, before, histories)
    staged = messages.stage(connection, conversations, source.import_id)
    # Sent without waiting for each result: one round trip in place of one a statement
    with connection.pipeline():
        grown, touched = messages.store(connection, staged, made=set(made))
        named = named_messages.named(connection) if staged else ()
        for id_ in learned | touched:
            known[id_].drop_excess()
        changed = [_learned(id_, known[id_], began_at) for id_ in learned | touched]
        SPEAKERS.make(connection)
        with by_index(connection):
            connection.execute(
                UPDATE, {"rows": as_json(LEARNED, changed), "ids": [id_ for id_, *_ in changed]}
            )
        if source.defers and not before:  # no import, whose undo forgets days, has messages here
            connection.execute(SET_DAYS_ASIDE)
        else:
            note_days(connection, SPEAKERS, source)
        note_users(connection, SPEAKERS, import_id=source.import_id)
    if any(any(messages.references_of(each)) for _, _, each, _ in staged.values()):
        note_values(connection, messages.NAMED)
    named_messages.notify_stored(session, [name for (name,) in named])
    if staged and before:
        note_repeated(connection, source.import_id, "messages", messages.MESSAGES)
    traces.keep(known)
    _tell(session, MADE, set(made))
    _tell(
        session,
        AGAIN,
        (_late(conversations, grown) | _passed_on(known, news, conversations)) - made.keys(),
    )
    return len(news | grown)


def lock(connection: Connection, ids: Collection[UUID]) -> dict[UUID, VersionedFields]:
    """Return the stored fields of conversations, locked in order."""
    return _known(connection.execute(LOCK, {"ids": list(ids)})) if ids else {}


def _known(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, VersionedFields]:
    return {
        id_: VersionedFields(dict(zip(FIELDS, values, strict=True)), told)
        for id_, told, *values in rows
    }


def _rows(conversations: list[NewConversation], source: RowSource) -> Iterator[tuple[object, ...]]:
    for each in conversations:
        yield (
            key_of("conversation", each.id),
            each.id,
            source.origin,
            source.environment,
            source.import_id,
            _began(each),
        )


def _began(conversation: NewConversation) -> datetime:
    times = [message.created_at for message in conversation.messages]
    return min(filter(None, [conversation.created_at, *times]), default=clock.now())


def _learn(
    known: dict[UUID, VersionedFields],
    conversations: list[NewConversation],
    made: set[UUID],
    began_at: str,
    traces: Traces,
) -> tuple[set[int], set[UUID]]:
    """Merge rows; return the positions of those that were news, and changed conversations."""
    before = {id_: dict(each.versions) for id_, each in known.items()}
    news, unsaid = set(), set(made)
    for number, each in enumerate(conversations):
        id_ = key_of("conversation", each.id)
        fields, version = _fields(each), version_of(_as_of(each))
        traces.note(id_, fields, version)
        if known[id_].merge(fields, version) or id_ in unsaid:
            news.add(number)
            unsaid.discard(id_)
        known[id_].note_first(began_at, version_of(_began(each)))
    return news, made | {id_ for id_, each in known.items() if each.versions != before[id_]}


def _as_of(conversation: NewConversation) -> datetime:
    """Return how new the fields are."""
    times = [message.created_at for message in conversation.messages]
    return conversation.updated_at or max(
        filter(None, [conversation.created_at, *times]), default=clock.now()
    )


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


def _learned(id_: UUID, fields: VersionedFields, began_at: str) -> tuple[object, ...]:
    name, *values = (fields.values[field] for field in FIELDS)
    user_id = key_of("user", name) if name is not None else None
    return id_, moment_of(fields.versions[began_at]), user_id, name, *values, fields.versions


def _late(conversations: list[NewConversation], grown: set[int]) -> set[UUID]:
    """Return conversations with late answers, which a search by time would miss."""
    since = clock.now() - LATE
    rows = (conversations[number] for number in grown)
    return {
        key_of("conversation", each.id)
        for each in rows
        if any(
            message.role is MessageSpeaker.ASSISTANT and message.created_at < since
            for message in each.messages
        )
    }


def _passed_on(
    known: dict[UUID, VersionedFields], news: set[int], conversations: list[NewConversation]
) -> set[UUID]:
    """Return updated conversations that wait for a person."""
    ids = {key_of("conversation", conversations[number].id) for number in news}
    return {id_ for id_ in ids if known[id_].values["status"] == ConversationState.WAITING_HUMAN}


def _tell(session: Session, topic: str, ids: set[UUID]) -> None:
    """Publish which conversations are new, or have late answers."""
    told = [str(id_) for id_ in sorted(ids)]
    for first in range(0, len(told), TOLD_AT_ONCE):
        outbox.add(session, topic, {"ids": told[first : first + TOLD_AT_ONCE]})
