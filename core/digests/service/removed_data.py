"""Keep nothing in digests of removed accounts and of removed data."""

from collections.abc import Collection

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from core.digests.models import WeeklyDigest
from core.digests.schemas import DigestContent
from core.identity.models import AdminUser


def delete_digests(session: Session) -> None:
    """Delete all digests: their figures are those of data that was removed."""
    session.execute(delete(WeeklyDigest))


def delete_private_sections(session: Session, owner_ids: Collection[str]) -> None:
    """Delete the sections of private views of accounts: their filters may name users."""
    has_one = (
        WeeklyDigest.content.contains({"sections": [{"owner_id": owner_id, "is_shared": False}]})
        for owner_id in owner_ids
    )
    for digest in session.scalars(select(WeeklyDigest).where(or_(*has_one)).with_for_update()):
        sections = [
            section
            for section in digest.content["sections"]
            if section["is_shared"] or section["owner_id"] not in owner_ids
        ]
        digest.content = {**digest.content, "sections": sections}


def without_removed_accounts(session: Session, content: DigestContent) -> DigestContent:
    """Return the content without private sections of removed accounts, and lock the other
    accounts: their removal waits until it can delete theirs.
    """
    owner_ids = {section.owner_id for section in content.sections if not section.is_shared}
    accounts = select(AdminUser.id).where(AdminUser.id.in_(owner_ids))
    locked = set(session.scalars(accounts.with_for_update(read=True, key_share=True)))
    sections = [
        section for section in content.sections if section.is_shared or section.owner_id in locked
    ]
    return content.model_copy(update={"sections": sections})
