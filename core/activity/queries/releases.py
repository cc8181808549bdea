"""When releases and prompt versions of the product's apps were first seen."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, DateTime, RowMapping, Select, Table, func, select
from sqlalchemy.orm import Session

from core.activity.models.events import DimensionValue, Release
from core.database import settings
from core.database.settings import ReleasePlaces
from core.database.tables import table_of
from core.errors import Invalid
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.ingest.rows import BEFORE_RELEASE
from core.presentation.periods import Period, Watched

MOST = 200
MOMENT = DateTime(timezone=True)
releases, values = table_of(Release), table_of(DimensionValue)


class ReleaseNotCounted(Invalid):
    """Users were not counted by release when this one was first seen. Remove the release filter."""


class WithoutReleaseNotCounted(ReleaseNotCounted):
    """Users are not counted for rows without a release. Remove the release filter."""


class ReleaseSeen(View):
    """A release, and when it was seen first."""

    app: str
    release: str
    first_seen_at: datetime


class ReleaseOfApps(NamedTuple):
    """When a release was first seen in any of some apps, and in which."""

    first_seen_at: datetime
    apps: list[str]


class PromptVersionSeen(View):
    """A prompt version as `name@version`, and when it was seen first."""

    app: str
    prompt_version: str
    first_seen_at: datetime


def list_releases(
    session: Session, period: Period, watched: Watched, *, actor: Actor
) -> list[ReleaseSeen]:
    """Return releases first seen in a period, earliest first, without an app's first one."""
    require(actor, Permission.WATCH)
    rows = _first_seen(session, releases, releases.c.release, [], period, watched)
    return [ReleaseSeen(**row) for row in rows]


def list_prompt_versions(
    session: Session, period: Period, watched: Watched, *, actor: Actor
) -> list[PromptVersionSeen]:
    """Return the same of prompt versions."""
    require(actor, Permission.WATCH)
    where = [values.c.dimension == "prompt_version"]
    name = values.c.value.label("prompt_version")
    rows = _first_seen(session, values, name, where, period, watched)
    return [PromptVersionSeen(**row) for row in rows]


def first_seen_at(session: Session, watched: Watched) -> datetime | None:
    """Return when the release of the filters was first seen in any app, if it was."""
    if watched.release is None:
        return None
    row = releases.c
    of_release = (row.environment == watched.environment, row.release == watched.release)
    first_seen = select(func.min(row.first_seen_at, type_=MOMENT)).where(*of_release)
    found: datetime | None = session.scalar(first_seen)
    return found


def first_seen_by_release(
    session: Session, watched: Watched, names: Collection[str]
) -> dict[str, ReleaseOfApps]:
    """Return when each of some releases was first seen in the environment and app of the filters,
    and in which apps; those that were not are left out.
    """
    row = releases.c
    wanted = [row.environment == watched.environment, row.release.in_(names)]
    if watched.app is not None:
        wanted.append(row.app == watched.app)
    first, apps = func.min(row.first_seen_at, type_=MOMENT), func.array_agg(row.app.distinct())
    rows = session.execute(select(row.release, first, apps).where(*wanted).group_by(row.release))
    return {release: ReleaseOfApps(at, apps) for release, at, apps in rows}


def release_place(session: Session, watched: Watched) -> str | None:
    """Return what rows derived from a release's events have as their environment, or None where it
    has none of its own, as rows without a release: read raw rows.
    """
    if not watched.release:
        return None
    since = settings.read(session, ReleasePlaces).since
    first_seen = first_seen_at(session, watched) if since is not None else None
    if since is not None and first_seen is not None and first_seen < since:
        return None
    return f"{watched.environment}{BEFORE_RELEASE}{watched.release}"


def get_place(session: Session, watched: Watched) -> str:
    """Return the environment, or the place of a release in it; raise ReleaseNotCounted."""
    if watched.release is None:
        return watched.environment
    place = release_place(session, watched)
    if place is None:
        raise ReleaseNotCounted if watched.release else WithoutReleaseNotCounted
    return place


def has_user_counts(session: Session, watched: Watched) -> bool:
    """Return whether users are counted by the release of the filters, or there is none."""
    return watched.release is None or release_place(session, watched) is not None


def places_of_earlier_releases(session: Session) -> Select[str] | None:
    """Return the places of releases whose earlier events were derived without them, if any."""
    since = settings.read(session, ReleasePlaces).since
    row = releases.c
    place: ColumnElement[str] = func.release_place(row.environment, row.release)
    found = select(place).group_by(row.environment, row.release)
    return found.having(func.min(row.first_seen_at) < since) if since is not None else None


def _first_seen(
    session: Session,
    table: Table,
    name: ColumnElement[str],
    where: list[ColumnElement[bool]],
    period: Period,
    watched: Watched,
) -> list[RowMapping]:
    columns = table.c
    first: Any = func.min(columns.first_seen_at)
    begins = func.min(first).over(partition_by=columns.app)
    seen = (
        select(columns.app, name, first.label("first_seen_at"), begins.label("begins_at"))
        .where(columns.environment == watched.environment, *where)
        .group_by(columns.app, name)
        .subquery("seen")
    )
    wanted = [
        # An app's data begins with its first release: that is no change
        seen.c.first_seen_at > seen.c.begins_at,
        seen.c.first_seen_at >= period.start,
        seen.c.first_seen_at < period.end,
    ]
    if watched.app is not None:
        wanted.append(seen.c.app == watched.app)
    named = seen.c[name.name]
    found = (
        select(seen.c.app, named, seen.c.first_seen_at)
        .where(*wanted)
        # Where there are too many, the newest stay: those are the ones that are watched
        .order_by(seen.c.first_seen_at.desc(), named.desc())
    )
    return list(session.execute(found.limit(MOST)).mappings())[::-1]
