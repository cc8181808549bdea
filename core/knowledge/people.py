"""Names of users, for rows of the other database."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.activity.models import User
from core.database.tables import table_of

users = table_of(User)

NOBODY: dict[str, str | None] = {"user_external_id": None, "user_name": None}


def names_of(core: Session, ids: Iterable[UUID | None]) -> dict[UUID | None, dict[str, str | None]]:
    """Return the sender's id and the name of users; those that have not come in have neither."""
    wanted = sorted({id_ for id_ in ids if id_ is not None})
    found: dict[UUID | None, dict[str, str | None]] = defaultdict(lambda: NOBODY)
    columns = users.c
    named = select(columns.id, columns.external_id, func.coalesce(columns.display_name, columns.email)).where(
        columns.id.in_(wanted)
    )
    for id_, external_id, name in core.execute(named) if wanted else ():
        found[id_] = {"user_external_id": external_id, "user_name": name}
    return found
