"""Annotations of files: each is about a stored message, or about one that its file brings."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta, field
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.annotations.errors import OnlyFlags
from core.annotations.schemas import (
    LONGEST_TAG,
    LONGEST_TEXT,
    MOST_TAGS,
    AnnotationSeverity,
    AnnotationStatus,
    AnnotationType,
)
from core.annotations.service import annotations, snapshots
from core.conversations.models import Message
from core.conversations.queries import sender_ids
from core.conversations.queries.sender_ids import MessagePlace, Named
from core.conversations.schemas import MessageSpeaker
from core.database.db import Database, read_session
from core.database.import_traces import note_owned, note_repeated
from core.database.sql_files import driver_statement
from core.database.staging import Stage, driver
from core.database.tables import table_of
from core.ingest.rows import Id, Moment, Row, RowSource, Word, key_of
from core.jobs import outbox
from core.platform import clock
from core.platform.ids import new_id

TABLE, NOBODY = "ai_admin_annotations", "Import"
UNKNOWN = "message_id: no stored message has this ID; import its conversation first"
INSERT = driver_statement(__package__, "insert_annotations")
STAGE = Stage(
    "staged_annotations",
    {
        "id": "uuid",
        "message_id": "uuid",
        "conversation_id": "uuid",
        "admin_user_id": "uuid",
        "author_name": "text",
        "annotation_type": "text",
        "content": "text",
        "suggested_response": "text",
        "severity": "text",
        "tags": "text[]",
        "status": "text",
        **dict.fromkeys(snapshots.COLUMNS, "text"),
        "message_at": "timestamptz",
        "import_id": "uuid",
        "created_at": "timestamptz",
    },
)
messages = table_of(Message)

Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
FileTag = Annotated[str, Meta(min_length=1, max_length=LONGEST_TAG)]
FileTags = Annotated[list[FileTag], Meta(max_length=MOST_TAGS)]
Facts = Mapping[str, object]


class ImportedAnnotation(Row):
    """A verdict on a message, with its role and time where the file brings the message, too."""

    texts: ClassVar = ("content", "suggested_response", "tags", "extra")
    persons: ClassVar = (*Row.persons, "author")

    message_id: Id
    annotation_type: AnnotationType
    conversation_id: Id | None = None
    content: Text = ""
    suggested_response: Text | None = None
    severity: AnnotationSeverity | None = None
    tags: FileTags = field(default_factory=list)
    status: AnnotationStatus = AnnotationStatus.PENDING
    author: Word | None = None
    user_id: Id | None = None
    message_role: MessageSpeaker | None = None
    message_at: Moment | None = None

    def named(self) -> Named:
        """Return the sender's IDs of the conversation and the message."""
        return self.conversation_id, self.message_id

    def facts(self, environment: str) -> Facts | None:
        """Return the snapshot of a message that comes with the annotation."""
        if self.message_at is None:
            return None
        return dict.fromkeys(snapshots.COLUMNS, "") | {
            "environment": self.environment or environment,
            "app": self.app or "",
            "user_id": self.user_id,
            "message_role": self.message_role or MessageSpeaker.ASSISTANT,
            "message_at": self.message_at,
        }


def refused(rows: list[ImportedAnnotation]) -> dict[int, str]:
    """Return why rows cannot be stored, by index: their messages are unknown, or may only be
    flagged.
    """
    with read_session() as core:
        places = sender_ids.places(core, {row.named() for row in rows if row.message_at is None})
        ids = [place.message_id for place in places.values()]
        found = select(messages.c.id, messages.c.role).where(messages.c.id.in_(ids))
        roles = {id_: role for id_, role in core.execute(found)}
    wrong = {
        number: _wrong(row, row.message_role or roles.get(places[row.named()].message_id))
        if row.message_at is None
        else _wrong(row, row.message_role or MessageSpeaker.ASSISTANT)
        for number, row in enumerate(rows)
    }
    return {number: why for number, why in wrong.items() if why is not None}


def _wrong(row: ImportedAnnotation, role: str | None) -> str | None:
    if role is None:
        return UNKNOWN
    is_flag = row.annotation_type is AnnotationType.FLAG
    return OnlyFlags.message() if role == MessageSpeaker.USER and not is_flag else None


def store(session: Session, rows: list[ImportedAnnotation], source: RowSource) -> int:
    """Store new annotations, except those of deleted messages; return their number."""
    cleaned = source.cleaned(rows)
    with read_session() as core:
        places = sender_ids.places(core, {row.named() for row in cleaned})
        stored = [
            place.message_id
            for row in cleaned
            if row.message_at is None and (place := places[row.named()]).message_id is not None
        ]
        taken = snapshots.take_many(core, stored)
    connection = driver(session)
    STAGE.copy(connection, _staged(cleaned, places, taken, source))
    note_owned(connection, source.import_id, TABLE, STAGE)
    fresh = connection.execute(INSERT).rowcount
    note_repeated(connection, source.import_id, TABLE, STAGE)
    talks = sorted({str(place.conversation_id) for place in places.values()})
    outbox.add(session, annotations.CHANGED, {"ids": talks}, database=Database.AI)
    return fresh


def _staged(
    rows: list[ImportedAnnotation],
    places: Mapping[Named, MessagePlace],
    taken: Mapping[UUID, Facts],
    source: RowSource,
) -> Iterator[tuple[object, ...]]:
    now = clock.now()
    for row in rows:
        place = places[row.named()]
        # The annotation of an unknown message looks up an ID that no snapshot has
        facts = row.facts(source.environment) or taken.get(place.message_id or new_id())
        if facts is not None:
            ids = (place.message_id, facts.get("conversation_id", place.conversation_id))
            yield _cells(row, ids, facts, source, now)


def _cells(
    row: ImportedAnnotation,
    ids: tuple[object, object],
    facts: Facts,
    source: RowSource,
    now: datetime,
) -> tuple[object, ...]:
    author = row.author or NOBODY
    return (
        _key(row.id),
        *ids,
        key_of("annotator", author),  # there is no account
        author,
        row.annotation_type,
        row.content,
        row.suggested_response,
        row.severity,
        list(dict.fromkeys(" ".join(tag.lower().split()) for tag in row.tags)),
        row.status,
        *(facts[name] for name in snapshots.COLUMNS),
        source.import_id,
        row.created_at or now,
    )


def _key(external_id: str | None) -> UUID:
    """Return the key of an annotation; Attune's own ID, as its exports have it, is the key."""
    if external_id is None:
        return new_id()
    try:
        return UUID(external_id)
    except ValueError:
        return key_of("annotation", external_id)
