"""Keys of rows by the IDs that people and programs name them by."""

from collections.abc import Iterable
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import Field
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from core.database.tables import storable
from core.ingest import redaction
from core.ingest.rows import key_of

SenderId = Annotated[str, Field(min_length=1, max_length=128)]
# Without the order, a UUID in a text would stay a text
EitherId: TypeAlias = Annotated[UUID | SenderId, Field(union_mode="left_to_right")]


def keys_of(kind: str, id_text: str) -> tuple[UUID, ...]:
    """Return the keys that an ID may mean: a sender's own ID, or Attune's. Both may be UUIDs.

    An email address is also looked up in its redacted form; users stored before redaction was on
    have the original.
    """
    is_address = "@" in id_text or "%40" in id_text
    redactor = redaction.current() if is_address else None
    names = [id_text] if redactor is None else list(dict.fromkeys((id_text, redactor.id(id_text))))
    sender_keys = tuple(key_of(kind, name) for name in names)
    try:
        return (UUID(id_text), *sender_keys)
    except ValueError:
        return sender_keys


def id_of(session: Session, table: Table, kind: str, id_text: str) -> UUID | None:
    """Return a row's key by Attune's ID, else by the sender's, or None."""
    keys = keys_of(kind, storable(id_text))
    existing = set(session.scalars(select(table.c.id).where(table.c.id.in_(keys))))
    return next((key for key in keys if key in existing), None)


def named_by(session: Session, table: Table, kind: str, id_texts: Iterable[str]) -> dict[UUID, str]:
    """Return which ID names a row by the row's key; a row that is not stored has the key that it
    would have.
    """
    keys = {each: keys_of(kind, storable(each)) for each in id_texts}
    wanted = [key for each in keys.values() for key in each]
    existing = set(session.scalars(select(table.c.id).where(table.c.id.in_(wanted))))
    return {
        next((key for key in may_be if key in existing), may_be[0]): each
        for each, may_be in keys.items()
    }
