"""Quotas and their use: inputs and views."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from core.identity.schemas import Role, View
from core.presentation.money import Usd


class QuotaScope(StrEnum):
    """Whose calls a quota counts; with `role`, each account of the role is counted on its own."""

    WORKSPACE = "workspace"
    ROLE = "role"
    ACCOUNT = "account"
    KEY = "key"


class QuotaMeasure(StrEnum):
    """What a quota counts: calls, tokens of input and output, or US dollars."""

    CALLS = "calls"
    TOKENS = "tokens"
    COST = "cost"

    def has_amount(self, amount: Decimal) -> bool:
        """Whether it can be so much: only money is counted in parts."""
        return self is QuotaMeasure.COST or not amount % 1


class QuotaPeriod(StrEnum):
    """After which a quota's use starts at zero again, by the clock in UTC."""

    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"


class RateLimitKind(StrEnum):
    """Which calls of the API a rate limit counts: those that stream, and those that start an
    evaluation, are counted apart.
    """

    STANDARD = "standard"
    STREAMING = "streaming"
    EVALUATION = "evaluation"


class RateLimitUse(View):
    """A limit of the API's calls in a minute, over all processes, and the calls of the caller's
    current minute; it begins with a call, and `resets_at` is null before the first.
    """

    kind: RateLimitKind
    limit: int
    used: int
    resets_at: datetime | None


Amount = Annotated[Decimal, Field(gt=0, lt=10**12, decimal_places=8)]
TARGETS = {QuotaScope.ROLE: "role", QuotaScope.ACCOUNT: "account_id", QuotaScope.KEY: "key_id"}


class NewQuota(BaseModel):
    """A quota to add; `limit` is in calls, tokens or US dollars. With `only_observes`, no call is
    refused, and calls beyond the limit are counted in `over`.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {"scope": "workspace", "measure": "cost", "period": "day", "limit": 20}
        },
    )

    scope: QuotaScope
    role: Role | None = None
    account_id: UUID | None = None
    key_id: UUID | None = None
    measure: QuotaMeasure
    period: QuotaPeriod
    limit: Amount
    only_observes: bool = False

    @model_validator(mode="after")
    def _has_the_target_of_its_scope(self) -> Self:
        needed = TARGETS.get(self.scope)
        if {name for name in TARGETS.values() if getattr(self, name) is not None} != (
            {needed} if needed else set()
        ):
            raise ValueError(f"a quota of scope {self.scope} has {needed or 'no target'}")
        if not self.measure.has_amount(self.limit):
            raise ValueError("calls and tokens are counted in whole numbers")
        return self


class QuotaChange(BaseModel):
    """The fields to change."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"limit": 50}})

    limit: Amount | None = None
    only_observes: bool | None = None


class QuotaView(View):
    """A quota; `target` is the role, or the name of the account or key, or null.

    `used` is what was used or reserved since the period began; for a role, by the account that
    used most, `used_by`. `over` counts the calls beyond the limit of a quota that only observes.
    """

    id: UUID
    scope: QuotaScope
    role: Role | None
    account_id: UUID | None
    key_id: UUID | None
    target: str | None
    measure: QuotaMeasure
    period: QuotaPeriod
    limit: Usd = Field(validation_alias=AliasChoices("limit", "amount"))
    only_observes: bool
    used: Usd
    used_by: str | None
    over: int
    created_at: datetime


class QuotaUse(View):
    """A quota that applies to the caller, and its use since the period began.

    `reserved` is the most that running calls may use; `over` counts the calls beyond the limit of
    a quota that only observes.
    """

    id: UUID
    scope: QuotaScope
    measure: QuotaMeasure
    period: QuotaPeriod
    limit: Usd = Field(validation_alias=AliasChoices("limit", "amount"))
    only_observes: bool
    used: Usd
    reserved: Usd
    over: int
    resets_at: datetime
