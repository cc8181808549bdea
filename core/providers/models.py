"""Providers that were set up in Settings, and what was last seen of those that the environment names."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.providers.schemas import ProviderKind, ProviderSource, ProviderStatus
from core.tables import CoreTable, Created, Keyed, one_of


class ProviderRow(Keyed, Created, CoreTable):
    """How to reach a provider. The key is encrypted; that of the environment is not stored at all."""

    __tablename__ = "providers"
    __table_args__ = (
        one_of("kind", ProviderKind),
        one_of("source", ProviderSource),
        one_of("status", ProviderStatus),
    )

    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    base_url: Mapped[str | None]
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    source: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    status: Mapped[str] = mapped_column(server_default=ProviderStatus.UNTESTED)
    status_detail: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    models: Mapped[list[dict[str, Any]]] = mapped_column(JSONB(), server_default=text("'[]'::jsonb"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
