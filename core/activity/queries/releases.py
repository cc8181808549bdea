"""Releases of the product's apps: when each was first seen in events or AI requests.

They are kept by import, so that an import is undone by taking its rows away: no minimum has to be computed again.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.activity.models import Release
from core.database.staging import Connection, Stage
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.presentation.periods import Period, Watched

NO_IMPORT = UUID(int=0)
MOST = 200

# Most batches bring no release that is not known, and lock nothing.
SEEN = """
insert into releases (environment, app, release, import_id, first_seen_at)
select * from (
    select environment, app, release, coalesce(import_id, %(none)s) as import_id, min(created_at) as first_seen_at
    from {stage} where release <> '' group by 1, 2, 3, 4
) as seen
where not exists (
    select from releases as known where (known.environment, known.app, known.release, known.import_id)
        = (seen.environment, seen.app, seen.release, seen.import_id) and known.first_seen_at <= seen.first_seen_at)
order by 1, 2, 3, 4
on conflict (environment, app, release, import_id)
do update set first_seen_at = least(releases.first_seen_at, excluded.first_seen_at)"""


class ReleaseSeen(View):
    """A release, and when it was seen first."""

    app: str
    release: str
    first_seen_at: datetime


def note_releases(connection: Connection, named: Stage) -> None:
    """Keep when the releases that `named` names were seen first."""
    connection.execute(SEEN.replace("{stage}", named.name).encode(), {"none": NO_IMPORT})


def list_releases(session: Session, period: Period, watched: Watched, *, actor: Actor) -> list[ReleaseSeen]:
    """Return the releases that were seen first within a period, the earliest first; with an app's first one its data begins,
    and nothing changed.
    """
    require(actor, Permission.WATCH)
    columns = table_of(Release).c
    first: Any = func.min(columns.first_seen_at)
    begins = func.min(first).over(partition_by=columns.app)
    seen = (
        select(columns.app, columns.release, first.label("first_seen_at"), begins.label("begins_at"))
        .where(columns.environment == watched.environment)
        .group_by(columns.app, columns.release)
        .subquery("seen")
    )
    wanted = [seen.c.first_seen_at > seen.c.begins_at, seen.c.first_seen_at >= period.start, seen.c.first_seen_at < period.end]
    if watched.app is not None:
        wanted.append(seen.c.app == watched.app)
    found = select(seen.c.app, seen.c.release, seen.c.first_seen_at).where(*wanted).order_by(seen.c.first_seen_at, seen.c.release)
    return [ReleaseSeen(**row) for row in session.execute(found.limit(MOST)).mappings()]
