"""The number of annotations per conversation, told by the feature above."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

WRITE = text("""
update conversations set annotation_count = given.number, last_annotated_at = given.at
from unnest(cast(:ids as uuid[]), cast(:numbers as int[]), cast(:times as timestamptz[])) as given (conversation_id, number, at)
where conversation_id = id and (annotation_count, last_annotated_at) is distinct from (given.number, given.at)""")


class Annotated(NamedTuple):
    """How many annotations a conversation has, and when the last was made."""

    conversation_id: UUID
    number: int
    last_at: datetime | None


def write(session: Session, counts: list[Annotated]) -> None:
    """Store the counts of conversations."""
    columns = list(zip(*counts, strict=True)) or [(), (), ()]
    session.execute(WRITE, dict(zip(("ids", "numbers", "times"), map(list, columns), strict=True)))
