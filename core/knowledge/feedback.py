"""Feedback into the database `ai`; the conversations that it rates, in `core`, follow by the outbox."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core import clock, outbox, traces
from core.conversations import ratings, references
from core.conversations.ratings import Rating
from core.conversations.references import Named, Place
from core.db import Database, reading, transaction
from core.ids import new_id
from core.intake import Source, as_jsonb, key_of
from core.knowledge.schemas import NewFeedback
from core.staging import Stage, driver

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
COLUMNS = ", ".join(FEEDBACK.columns)
TAKEN = COLUMNS.replace("attributes", "attributes::jsonb")
UPSERT = f"""
insert into ai_feedback as present ({COLUMNS})
select distinct on (id) {TAKEN} from staged_feedback order by id, created_at desc
on conflict (id) do update set {", ".join(f"{name} = excluded.{name}" for name in FEEDBACK.columns if name != "id")}
where excluded.created_at > present.created_at
returning conversation_id"""  # noqa: S608  names of our own

# What was said of the whole conversation goes before what was said of one of its messages.
LATEST = text("""
select distinct on (conversation_id) conversation_id, rating, scale, comment from ai_feedback where conversation_id = any(:ids)
order by conversation_id, message_id is not null, created_at desc, id desc""")


def store(session: Session, feedback: list[NewFeedback], source: Source) -> int:
    """Store feedback; return how much of it is new, or newer than what was known."""
    feedback = source.cleaned(feedback)
    with reading() as core:
        places = references.places(core, {(each.conversation_id, each.message_id) for each in feedback})
    connection = driver(session)
    FEEDBACK.copy(connection, _rows(feedback, places, source))
    traces.taken_over(connection, source.import_id, "ai_feedback", FEEDBACK)
    stored = connection.execute(UPSERT.encode()).fetchall()
    if rated := sorted({str(id_) for (id_,) in stored if id_ is not None}):
        outbox.tell(session, GIVEN, {"ids": rated}, database=Database.AI)
    return len(stored)


def rate(conversation_ids: list[UUID]) -> None:
    """Let conversations know their ratings; those that are not there yet will ask when they come.

    The conversations are locked before the feedback is read: of two that do this at once, the second sees what the first saw.
    """
    with transaction() as core:
        present = ratings.lock(core, conversation_ids)
        with reading(Database.AI) as ai:
            latest = {row[0]: Rating(*row) for row in ai.execute(LATEST, {"ids": present})}
        ratings.write(core, [latest.get(id_, Rating(id_, None, None, None)) for id_ in present])


def _rows(feedback: list[NewFeedback], places: dict[Named, Place], source: Source) -> Iterator[tuple[object, ...]]:
    now = clock.now()
    for each in feedback:
        place = places[each.conversation_id, each.message_id]
        yield (
            key_of("feedback", each.id) if each.id is not None else new_id(),
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
            each.created_at or now,
        )
