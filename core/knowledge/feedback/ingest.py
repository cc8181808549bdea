"""Store received feedback; conversations in `core` are updated through the outbox."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.conversations import service as conversations
from core.conversations.ingest import named_messages
from core.conversations.ingest.named_messages import NAMED, MessageName
from core.conversations.queries import sender_ids
from core.conversations.queries.sender_ids import MessagePlace, Named
from core.conversations.service import ConversationRating
from core.database.db import Database, read_session, transaction
from core.database.import_traces import note_owned, note_repeated
from core.database.locks import Lock
from core.database.sql_files import driver_statement
from core.database.staging import Stage, driver
from core.ingest.rows import RowSource, as_jsonb, key_of
from core.jobs import outbox
from core.knowledge.schemas import NewFeedback
from core.platform import clock
from core.platform.ids import new_id

GIVEN = "feedback.given"

FEEDBACK = Stage(
    "staged_feedback",
    {
        "id": "uuid",
        "external_id": "text",
        "message_id": "uuid",
        "conversation_id": "uuid",
        "user_id": "uuid",
        "rating": "int4",
        "scale": "text",
        "edited_text": "text",
        "comment": "text",
        "environment": "text",
        "app": "text",
        "attributes": "text",
        "import_id": "uuid",
        "created_at": "timestamptz",
    },
)
UPSERT = driver_statement(__package__, "upsert_feedback")

# Only while the feedback has not changed since.
LINK = text("""
with given as (
    select * from unnest(cast(:ids as uuid[]), cast(:times as timestamptz[]),
        cast(:messages as uuid[]),
        cast(:conversations as uuid[])) as given (id, at, message_id, conversation_id)
),
old as (
    select present.id, present.conversation_id as left_id from ai_feedback as present
    join given on given.id = present.id and given.at = present.created_at
    where (present.message_id, present.conversation_id) is distinct
        from (given.message_id, given.conversation_id)
    order by present.id for update of present
)
update ai_feedback as present set message_id = given.message_id,
    conversation_id = given.conversation_id
from given join old using (id) where present.id = given.id
returning left_id, present.conversation_id""")

# Feedback on the whole conversation takes precedence over feedback on a message.
LATEST = text("""
select distinct on (conversation_id) conversation_id, rating, scale, comment from ai_feedback
    where conversation_id = any(:ids)
order by conversation_id, message_id is not null, created_at desc, id desc""")


def store(session: Session, feedback: list[NewFeedback], source: RowSource) -> int:
    """Store feedback; return how much of it is new or newer than the stored one."""
    known = list(_with_ids(source.cleaned(feedback)))
    # An ID of a message alone may belong to one that arrives later
    names = [
        MessageName(id_, each.message_id, at)
        for id_, at, each in known
        if each.message_id and each.conversation_id is None
    ]
    with transaction() as core:
        # Committed before the messages are looked up, so that one that arrives
        # meanwhile finds the name.
        named_messages.store(core, names)
    with read_session() as core:
        places = sender_ids.places(
            core, {(each.conversation_id, each.message_id) for each in feedback}
        )
    connection = driver(session)
    FEEDBACK.copy(connection, _rows(known, places, source))
    note_owned(connection, source.import_id, "ai_feedback", FEEDBACK)
    stored = connection.execute(UPSERT).fetchall()
    note_repeated(connection, source.import_id, "ai_feedback", FEEDBACK)
    _announce(session, stored)
    if names:  # by then both are stored, in whichever order they arrived
        outbox.add(
            session, NAMED, {"names": sorted({each.name for each in names})}, database=Database.AI
        )
    return len(stored)


def link(names: list[str]) -> None:
    """Link feedback that named only a message to that message; not when several have this name.

    One call at a time, so that of two concurrent calls the second sees what the first saw.
    """
    with transaction() as core:
        core.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": Lock.FEEDBACK})
        named = named_messages.list_names(core, names)
        places = sender_ids.places(core, {(None, name) for name in names})
        with transaction(Database.AI) as ai:
            _link(ai, named, places)


def _link(ai: Session, named: list[MessageName], places: dict[Named, MessagePlace]) -> None:
    meant = [places[None, each.name] for each in named]
    given = {
        "ids": [each.row_id for each in named],
        "times": [each.named_at for each in named],
        "messages": [place.message_id for place in meant],
        "conversations": [place.conversation_id for place in meant],
    }
    moved = ai.execute(LINK, given).all()
    _announce(ai, [(row.conversation_id, row.left_id) for row in moved])


def _announce(ai: Session, moved: Iterable[tuple[UUID | None, UUID | None]]) -> None:
    """Notify other features of conversations that feedback is on now, and was on before."""
    pairs = list(moved)
    found = {str(id_) for id_, _ in pairs if id_ is not None}
    left = {str(id_) for _, id_ in pairs if id_ is not None}
    if found | left:
        payload = {"ids": sorted(found | left)} | ({"left": sorted(left)} if left else {})
        outbox.add(ai, GIVEN, payload, database=Database.AI)


def rate(conversation_ids: list[UUID], left: Sequence[UUID] = ()) -> None:
    """Store the ratings of conversations; those that are not stored yet are rated when they arrive.

    Conversations in `left` are cleared when they have no other feedback. The conversations are
    locked before the feedback is read, so that of two concurrent calls the second sees what the
    first saw.
    """
    with transaction() as core:
        present = conversations.lock(core, conversation_ids)
        with read_session(Database.AI) as ai:
            latest = [ConversationRating(*row) for row in ai.execute(LATEST, {"ids": present})]
        conversations.write_ratings(core, latest)
        conversations.clear_ratings(
            core, sorted(set(left) - {each.conversation_id for each in latest})
        )


class KeyedFeedback(NamedTuple):
    """Feedback with its key and its time, or the time of its arrival."""

    id: UUID
    at: datetime
    given: NewFeedback


def _with_ids(feedback: list[NewFeedback]) -> Iterator[KeyedFeedback]:
    now = clock.now()
    for each in feedback:
        yield KeyedFeedback(
            key_of("feedback", each.id) if each.id is not None else new_id(),
            each.created_at or now,
            each,
        )


def _rows(
    feedback: list[KeyedFeedback], places: dict[Named, MessagePlace], source: RowSource
) -> Iterator[tuple[object, ...]]:
    for id_, at, each in feedback:
        place = places[each.conversation_id, each.message_id]
        yield (
            id_,
            each.id,
            place.message_id,
            place.conversation_id,
            key_of("user", each.user_id) if each.user_id is not None else None,
            each.rating,
            each.meant_scale(),
            each.edited_text,
            each.comment,
            each.environment or source.environment,
            each.app or "",
            as_jsonb(each.extra),
            source.import_id,
            at,
        )
