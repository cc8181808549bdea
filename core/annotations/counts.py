"""Keep the number of annotations per conversation, which is in the other database, through the outbox."""

from uuid import UUID

from sqlalchemy import text

from core.conversations import annotated, ratings
from core.conversations.annotated import Annotated
from core.database.db import Database, reading, transaction

COUNTED = text("""
select given.id, count(notes.id), max(notes.created_at) from unnest(cast(:ids as uuid[])) as given (id)
left join ai_admin_annotations as notes on notes.conversation_id = given.id group by given.id""")


def count(conversation_ids: list[UUID]) -> None:
    """Let conversations know their counts; those that are not there yet will ask when they come.

    The conversations are locked before the annotations are counted: of two that do this at once, the second sees what the first
    saw.
    """
    with transaction() as core:
        present = ratings.lock(core, conversation_ids)
        with reading(Database.AI) as ai:
            counts = [Annotated(*row) for row in ai.execute(COUNTED, {"ids": present})]
        annotated.write(core, counts)
