"""Tables of weekly digests."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed


class WeeklyDigest(Keyed, Created, CoreTable):
    """The digest of a week; `content` has its sections and findings."""

    __tablename__ = "digests"

    week: Mapped[date] = mapped_column(unique=True)  # its Monday
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    time_zone: Mapped[str]
    content: Mapped[dict[str, Any]]


class DigestDelivery(CoreTable):
    """A digest for one subscriber, and when it was sent."""

    __tablename__ = "digest_deliveries"

    digest_id: Mapped[UUID] = mapped_column(
        ForeignKey("digests.id", ondelete="CASCADE"), primary_key=True
    )
    admin_user_id: Mapped[UUID] = mapped_column(
        ForeignKey("admin_users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    sent_at: Mapped[datetime | None]
