"""Annotations of stored messages, inserted directly, by any account, at any time and in
any round.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from core.annotations.queries.annotation_list import notes
from core.annotations.service import snapshots
from core.database.db import Database, transaction
from core.platform.ids import new_id

START = datetime(2026, 11, 10, 12, tzinfo=UTC)


def message_id(name: str = "m1", conversation: str = "c") -> UUID:
    """Return the key of a message by the sender's ids."""
    found = text(
        "select messages.id from messages join conversations on conversations.id = conversation_id "
        "where messages.external_id = :name and conversations.external_id = :conversation"
    )
    with transaction() as session:
        key: UUID = session.execute(
            found, {"name": name, "conversation": conversation}
        ).scalar_one()
    return key


def annotated(name: str = "m1", conversation: str = "c", *, number: int = 0, **given: Any) -> UUID:  # noqa: ANN401
    """Store an annotation of a message, this many minutes after the first; return its key."""
    [key] = annotated_often(name, conversation, [{"number": number, **given}])
    return key


def annotated_often(name: str, conversation: str, each: Iterable[dict[str, Any]]) -> list[UUID]:
    """Store annotations of one message, each as `annotated` does; return their keys."""
    with transaction() as session:
        snapshot = dict(snapshots.take(session, message_id(name, conversation)))
    rows = [snapshot | values(**given) for given in each]
    with transaction(Database.AI) as session:
        session.execute(insert(notes), rows)
    return [UUID(str(row["id"])) for row in rows]


def values(number: int, **given: Any) -> dict[str, Any]:  # noqa: ANN401  columns
    made_at = START + timedelta(minutes=number)
    return {
        "id": new_id(),
        "admin_user_id": new_id(),
        "author_name": "Rae",
        "annotation_type": "correction",
        "content": "no",
        "created_at": made_at,
        "updated_at": made_at,
        **given,
    }


def neither_accepted(message: UUID, *, number: int) -> None:
    """Store that an adjudicator accepted neither review of a message, this many minutes after the
    first.
    """
    decided = text(
        "insert into review_items (id, message_id, conversation_id, environment, message_role, "
        "message_at, state, decided_by, done_at) select gen_random_uuid(), message_id, "
        "conversation_id, environment, message_role, message_at, 'done', admin_user_id, :at "
        "from ai_admin_annotations where message_id = :message and round = 1"
    )
    with transaction(Database.AI) as session:
        given = {"at": START + timedelta(minutes=number), "message": message}
        session.execute(decided, given)
