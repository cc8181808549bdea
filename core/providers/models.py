"""Tables of providers and prices."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    LargeBinary,
    Numeric,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.providers.provider_schemas import ProviderSource, ProviderStatus
from core.providers.schemas import PriceSource, ProviderKind

PER_MILLION = Numeric(14, 6)


class ProviderRow(Keyed, Created, CoreTable):
    """A provider's address, state and last check.

    The key is encrypted; keys of the environment are not stored.
    """

    __tablename__ = "providers"
    __table_args__ = (
        one_of("kind", ProviderKind),
        one_of("source", ProviderSource),
        one_of("status", ProviderStatus),
        # `least` ignores nulls, as either limit may be missing.
        CheckConstraint("least(max_concurrent, calls_per_minute) > 0", name="limits"),
    )

    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    base_url: Mapped[str | None]
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    source: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    max_concurrent: Mapped[int | None]
    calls_per_minute: Mapped[int | None]
    status: Mapped[str] = mapped_column(server_default=ProviderStatus.UNTESTED)
    status_detail: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    models: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB(), server_default=text("'[]'::jsonb")
    )
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ModelPrice(Keyed, Created, CoreTable):
    """US dollars per million tokens of a model from a time on.

    A later row does not change the cost of requests that an earlier one has priced.
    """

    __tablename__ = "model_prices"
    __table_args__ = (
        one_of("source", PriceSource),
        # With the source, because a custom price may override a packaged one of the same start.
        UniqueConstraint("provider", "model", "valid_from", "source"),
    )

    provider: Mapped[str]
    model: Mapped[str]
    input: Mapped[Decimal] = mapped_column(PER_MILLION)
    output: Mapped[Decimal] = mapped_column(PER_MILLION)
    cached_input: Mapped[Decimal | None] = mapped_column(PER_MILLION)
    cache_write: Mapped[Decimal | None] = mapped_column(PER_MILLION)
    valid_from: Mapped[datetime]
    source: Mapped[str]
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("admin_users.id", ondelete="SET NULL"), index=True
    )
