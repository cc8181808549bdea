"""Tables of quotas, of their use, of what is reserved for running calls; and of rate limits."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.identity.schemas import Role
from core.quotas.schemas import QuotaMeasure, QuotaPeriod, QuotaScope, RateLimitKind

AMOUNT = Numeric(20, 8)  # calls, tokens or US dollars


class Quota(Keyed, Created, CoreTable):
    """The limit of what model calls may use in a period."""

    __tablename__ = "quotas"
    __table_args__ = (
        one_of("scope", QuotaScope),
        one_of("role", Role),
        one_of("measure", QuotaMeasure),
        one_of("period", QuotaPeriod),
        CheckConstraint(
            "num_nonnulls(role, account_id, key_id) = case when scope = 'workspace' then 0 "
            "else 1 end",
            name="target",
        ),
        CheckConstraint("amount > 0", name="amount"),
        Index(
            "uq_quotas_target_measure_period",
            *("scope", "role", "account_id", "key_id", "measure", "period"),
            unique=True,
            # Two of the three targets are always null, and null would differ from null
            postgresql_nulls_not_distinct=True,
        ),
    )

    scope: Mapped[str] = mapped_column(String(16))
    role: Mapped[str | None] = mapped_column(String(16))
    account_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("admin_users.id", ondelete="CASCADE"), index=True
    )
    key_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("api_keys.id", ondelete="CASCADE"), index=True
    )
    measure: Mapped[str] = mapped_column(String(16))
    period: Mapped[str] = mapped_column(String(16))
    amount: Mapped[Decimal] = mapped_column(AMOUNT)
    only_observes: Mapped[bool] = mapped_column(server_default=text("false"))


class UsageCounter(CoreTable):
    """The use of a quota by one account or key, or by the workspace, in one period."""

    __tablename__ = "usage_counters"

    quota_id: Mapped[UUID] = mapped_column(
        ForeignKey("quotas.id", ondelete="CASCADE"), primary_key=True
    )
    subject: Mapped[UUID] = mapped_column(primary_key=True)  # zero: the workspace
    period_start: Mapped[datetime] = mapped_column(primary_key=True)
    used: Mapped[Decimal] = mapped_column(AMOUNT, server_default=text("0"))
    reserved: Mapped[Decimal] = mapped_column(AMOUNT, server_default=text("0"))
    over: Mapped[int] = mapped_column(server_default=text("0"))  # calls beyond the limit


class UsageReservation(CoreTable):
    """The most that a running call may use of a counter; deleted when the call is settled."""

    __tablename__ = "usage_reservations"

    execution_id: Mapped[UUID] = mapped_column(primary_key=True)
    quota_id: Mapped[UUID] = mapped_column(
        ForeignKey("quotas.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    subject: Mapped[UUID]
    period_start: Mapped[datetime]
    amount: Mapped[Decimal] = mapped_column(AMOUNT)


class RateLimitWindow(CoreTable):
    """The calls of an account, API key or websocket ticket since its window began.

    Unlogged: nothing waits for the disk, and after a crash of the database all count from zero.
    """

    __tablename__ = "rate_limit_windows"
    __table_args__ = (one_of("kind", RateLimitKind), {"prefixes": ["UNLOGGED"]})

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[UUID] = mapped_column(primary_key=True)  # an account, API key or ticket
    began_at: Mapped[datetime]
    calls: Mapped[int]
