"""Read digests, each with the sections that the reader may see."""

from datetime import date, datetime

from sqlalchemy import RowMapping, func, select
from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.database.tables import table_of
from core.digests.errors import DigestMissing
from core.digests.models import WeeklyDigest
from core.digests.schemas import SEND, DigestContent, DigestDetails, DigestSection
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.jobs.failures import last_failure

digests = table_of(WeeklyDigest)


def list_digests(session: Session, *, window: Window, actor: Actor) -> Page[DigestDetails]:
    """Return digests, the latest first."""
    require(actor, Permission.WATCH)
    rows = select(digests).order_by(digests.c.week.desc())
    found = session.execute(rows.limit(window.limit).offset(window.offset)).mappings()
    total = session.scalar(select(func.count()).select_from(digests)) or 0
    return window.page([details(row, actor) for row in found], total)


def list_weeks(session: Session, *, actor: Actor) -> list[date]:
    """Return the Mondays of the weeks that have a digest, the latest first."""
    require(actor, Permission.WATCH)
    return list(session.scalars(select(digests.c.week).order_by(digests.c.week.desc())))


def get_digest(session: Session, week: date, *, actor: Actor) -> DigestDetails:
    """Return the digest of a week, by its Monday; raise DigestMissing."""
    require(actor, Permission.WATCH)
    row = session.execute(select(digests).where(digests.c.week == week)).mappings().one_or_none()
    if row is None:
        raise DigestMissing
    return details(row, actor)


def last_email_failure(session: Session, *, actor: Actor) -> datetime | None:
    """Return when an email of the latest digest last failed, until it is sent; else None."""
    require(actor, Permission.WATCH)
    written_at = session.scalar(select(func.max(digests.c.created_at)))
    return last_failure(session, SEND, since=written_at) if written_at is not None else None


def details(row: RowMapping, actor: Actor) -> DigestDetails:
    """Return a digest as the actor sees it."""
    content = DigestContent.model_validate(row["content"])
    sections = [section for section in content.sections if _is_visible(section, actor)]
    return DigestDetails.model_validate({**row, "sections": sections, "findings": content.findings})


def _is_visible(section: DigestSection, actor: Actor) -> bool:
    is_theirs = section.is_shared or section.owner_id in (None, actor.id)
    return is_theirs and may(actor, section.page.permission)
