"""Names of users, and texts with marked matches, for documents, memories and feedback."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from core.activity.models.users import User
from core.conversations import highlights
from core.conversations.views import TextPart
from core.database.tables import table_of

users = table_of(User)

NOBODY: dict[str, str | None] = {"user_external_id": None, "user_name": None}


def names_of(core: Session, ids: Iterable[UUID | None]) -> dict[UUID | None, dict[str, str | None]]:
    """Return the sender's ID and the name of users; both None for users who have not arrived."""
    wanted = sorted({id_ for id_ in ids if id_ is not None})
    found: dict[UUID | None, dict[str, str | None]] = defaultdict(lambda: NOBODY)
    columns = users.c
    named = select(
        columns.id, columns.external_id, func.coalesce(columns.display_name, columns.email)
    ).where(columns.id.in_(wanted))
    for id_, external_id, name in core.execute(named) if wanted else ():
        found[id_] = {"user_external_id": external_id, "user_name": name}
    return found


def marked_texts(
    session: Session, table: Table, ids: list[UUID], q: str | None, marks: str
) -> dict[UUID, list[TextPart]]:
    """Return the texts of rows in parts, with matches of the search marked; {} without a search."""
    if not q:
        return {}
    headline = highlights.headline(table.c.content, q, marks)
    rows = session.execute(select(table.c.id, headline).where(table.c.id.in_(ids)))
    return {id_: highlights.parts(marked) for id_, marked in rows}
