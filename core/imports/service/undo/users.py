"""Undo of the users that an import named or described: users without other rows are deleted, others
lose only its values.

When a user was seen is taken from the rows that remain, and from what was known before any import.
Feedback and memories make no users, and keep none.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.activity.ingest import users
from core.database import sql_files
from core.database.import_traces import OTHERS
from core.database.staging import driver
from core.imports.service.undo.reported_rows import Image, MergedTable, RemainingRow

AT_ONCE = 2000
TIMES = ("first_seen_at", "last_seen_at")
USERS = MergedTable("users", users.lock, {"email": None, "display_name": None, "traits": {}})
NAMED = """
select id from users where id = any(%(ids)s) and (exists (select from user_days
    where user_days.user_id = users.id)
    or exists (select from conversations where conversations.user_id = users.id))"""

Times = tuple[datetime | None, datetime | None]


def take_some(session: Session, import_id: UUID) -> dict[str, int] | None:
    """Take back some users; return how many are gone, None when there were none."""
    connection = driver(session)
    ids, found = USERS.some(connection, import_id, at_once=AT_ONCE)
    named = {id_ for (id_,) in connection.execute(NAMED, {"ids": ids})}
    rows = session.execute(sql_files.statement(__package__, "user_times"), {"ids": sorted(named)})
    seen: dict[UUID, Times] = {id_: (first, last) for id_, first, last in rows}
    left = [each for each in found if each.is_reported or each.id in named]
    images = {each.id: _image(each, seen.get(each.id, (None, None))) for each in left}
    return USERS.settle(connection, import_id, ids, images) if ids else None


def _image(user: RemainingRow, seen: Times) -> Image:
    first, last = (_known(user, name, at) for name, at in zip(TIMES, seen, strict=True))
    times = {"first_seen_at": min(first, default=None), "last_seen_at": max(last, default=None)}
    return USERS.image(user) | {name: at or user.present[name] for name, at in times.items()}


def _known(user: RemainingRow, name: str, seen: datetime | None) -> list[datetime]:
    known = ([seen] if seen is not None else []) + user.times(users.SEEN_AT)
    before: Any = user.others.get(OTHERS, {}).get(name, [None])[0]
    if before is None:
        return known
    # When the user was made, a time that no row has told: it counts until one does
    is_untold = before == user.present["created_at"]
    return known if known and is_untold else [*known, datetime.fromisoformat(before)]
