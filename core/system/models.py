"""Tables of heartbeats and daily figures."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Numeric, PrimaryKeyConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable


class Heartbeat(CoreTable):
    """When a periodic task last ran."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class DailyMetric(CoreTable):
    """One figure of one ended day in the reporting time zone; kept forever."""

    __tablename__ = "daily_metrics"
    __table_args__ = (PrimaryKeyConstraint("date", "metric_type", "dimensions"),)

    date: Mapped[date]
    metric_type: Mapped[str]
    metric_value: Mapped[Decimal] = mapped_column(Numeric(16, 4))
    dimensions: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
