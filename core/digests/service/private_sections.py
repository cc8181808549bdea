"""Remove what digests keep of the private views of removed accounts."""

from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.digests.models import WeeklyDigest


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
