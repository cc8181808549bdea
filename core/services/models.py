"""The table of services."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.services.schemas import ServiceStatus


class Service(Keyed, Created, CoreTable):
    """A service's addresses, its encrypted token and callback secrets, and its last test."""

    __tablename__ = "services"
    __table_args__ = (
        one_of("status", ServiceStatus),
        Index("uq_services_active", "is_active", unique=True, postgresql_where=text("is_active")),
    )

    name: Mapped[str] = mapped_column(String(100))
    chat_url: Mapped[str]
    upload_url: Mapped[str | None]
    token: Mapped[bytes | None] = mapped_column(LargeBinary)
    callback_secret: Mapped[bytes] = mapped_column(LargeBinary)
    # Verifies callbacks, too, until then
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_secret_until: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("false"))
    production: Mapped[bool] = mapped_column(server_default=text("false"))
    status: Mapped[str] = mapped_column(String(16), server_default=ServiceStatus.UNTESTED)
    status_detail: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    last_callback_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
