"""The table of saved views."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.saved_views.schemas import ViewPage


class SavedView(Keyed, Created, CoreTable):
    """A page's filters under a name, of one account; a shared one is for everyone."""

    __tablename__ = "saved_views"
    __table_args__ = (
        one_of("page", ViewPage),
        Index(
            "uq_saved_views_owner_page_name",
            "admin_user_id",
            "page",
            text("lower(name)"),
            unique=True,
        ),
    )

    admin_user_id: Mapped[UUID] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    name: Mapped[str]
    page: Mapped[str] = mapped_column(String(32))
    query: Mapped[dict[str, Any]]
    is_shared: Mapped[bool] = mapped_column(server_default=text("false"))
    is_pinned: Mapped[bool] = mapped_column(server_default=text("false"))
    figure: Mapped[str | None] = mapped_column(String(32))
    in_digest: Mapped[bool] = mapped_column(server_default=text("false"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
