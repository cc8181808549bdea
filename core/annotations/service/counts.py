"""Update the conversations' numbers of annotations in the other database, through the outbox."""

from uuid import UUID

from sqlalchemy import text

from core.conversations import service as conversations
from core.conversations.service import AnnotationCount
from core.database.db import Database, read_session, transaction

COUNTED = text("""
select given.id, count(notes.id), max(notes.created_at)
    from unnest(cast(:ids as uuid[])) as given (id)
left join ai_admin_annotations as notes on notes.conversation_id = given.id group by given.id""")


def count(conversation_ids: list[UUID]) -> None:
    """Store the counts of conversations; those that are not stored yet are counted when they
    arrive.

    The conversations are locked before the annotations are counted, so that of two concurrent calls
    the second sees what the first saw.
    """
    with transaction() as core:
        present = conversations.lock(core, conversation_ids)
        with read_session(Database.AI) as ai:
            counts = [AnnotationCount(*row) for row in ai.execute(COUNTED, {"ids": present})]
        conversations.write_annotation_counts(core, counts)
