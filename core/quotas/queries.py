"""Read quotas: all of them, those that apply to an actor, and their use."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Label, Row, func, select
from sqlalchemy.orm import Session, aliased

from core.cache.cache import Cache
from core.database.sql_files import statement
from core.identity.models import AdminUser, ApiKey
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, Role
from core.platform import clock
from core.platform.config import config
from core.quotas.errors import QuotaMissing
from core.quotas.models import Quota, RateLimitWindow, UsageCounter
from core.quotas.schemas import (
    QuotaPeriod,
    QuotaScope,
    QuotaUse,
    QuotaView,
    RateLimitKind,
    RateLimitUse,
)

Applying = tuple[Row[tuple[Any, ...]], ...]
applying_cache: Cache[tuple[UUID, Role | None], Applying] = Cache("quotas changed", max_age_s=10.0)
RATE_LIMIT_WINDOW = timedelta(minutes=1)
APPLYING = ("id", "scope", "measure", "period", "amount", "only_observes")


def list_quotas(session: Session, *, actor: Actor) -> list[QuotaView]:
    """Return all quotas, those of the workspace first; raise Forbidden."""
    require(actor, Permission.MANAGE_QUOTAS)
    return _quotas(session)


def get_quota(session: Session, quota_id: UUID, *, actor: Actor) -> QuotaView:
    """Return a quota; raise Forbidden or QuotaMissing."""
    require(actor, Permission.MANAGE_QUOTAS)
    found = _quotas(session, quota_id)
    if not found:
        raise QuotaMissing
    return found[0]


def _quotas(session: Session, quota_id: UUID | None = None) -> list[QuotaView]:
    target = func.coalesce(Quota.role, AdminUser.email, ApiKey.name).label("target")
    use = _present_use(clock.now())
    rows = (
        select(*Quota.__table__.columns, target, *use)
        .outerjoin(AdminUser, AdminUser.id == Quota.account_id)
        .outerjoin(ApiKey, ApiKey.id == Quota.key_id)
        # The lengths of their names put the scopes in order: workspace, account, role, key.
        .order_by(func.length(Quota.scope).desc(), target, Quota.measure, Quota.id)
    )
    if quota_id is not None:
        rows = rows.where(Quota.id == quota_id)
    return [QuotaView.model_validate(row) for row in session.execute(rows)]


def _present_use(now: datetime) -> Iterator[Label[Any]]:
    """Yield columns for the present period: used and reserved, who used most of the quota of a
    role, and calls beyond the limit.
    """
    present = func.date_trunc(Quota.period, now, "UTC", type_=DateTime(timezone=True))
    of_quota = (UsageCounter.quota_id == Quota.id, UsageCounter.period_start == present)
    taken = UsageCounter.used + UsageCounter.reserved
    # The quota of a role has a counter for each account: the one that is used most is shown.
    for name, figure in (("used", func.max(taken)), ("over", func.sum(UsageCounter.over))):
        yield func.coalesce(select(figure).where(*of_quota).scalar_subquery(), 0).label(name)
    account = aliased(AdminUser)
    yield (
        select(account.email)
        .join(UsageCounter, UsageCounter.subject == account.id)
        .where(*of_quota, Quota.scope == QuotaScope.ROLE)
        .order_by(taken.desc(), account.email)
        .limit(1)
        .label("used_by")
    )


def find_applying(session: Session, actor: Actor) -> Applying:
    """Return the quotas that an actor's calls count to, each with its subject."""
    found = statement(__package__, "applying")
    return tuple(session.execute(found, {"actor": actor.id, "role": actor.role}).all())


def known_applying(actor: Actor) -> Applying | None:
    """Return the quotas that apply to an actor if they are cached, else None."""
    return applying_cache.peek((actor.id, actor.role))


def find_applying_cached(session: Session, actor: Actor) -> Applying:
    """Return them from this process, in at most the time that a hint takes after a change: every
    call of a model asks.
    """
    return applying_cache.get((actor.id, actor.role), lambda: find_applying(session, actor))


def list_use(session: Session, *, actor: Actor) -> list[QuotaUse]:
    """Return the quotas that apply to the actor, and their use in the present periods."""
    require(actor, Permission.RUN_MODELS)
    now = clock.now()
    return [_use(session, row, now) for row in find_applying(session, actor)]


def _use(session: Session, row: Row[tuple[Any, ...]], now: datetime) -> QuotaUse:
    begins_at = start_of(QuotaPeriod(row.period), now)
    counter = session.get(UsageCounter, (row.id, row.subject, begins_at))
    facts = {name: getattr(row, name) for name in APPLYING}
    use = {name: getattr(counter, name) if counter else 0 for name in ("used", "reserved", "over")}
    return QuotaUse.model_validate(facts | use | {"resets_at": resets_at(row.period, now)})


def list_rate_limits(session: Session, *, actor: Actor) -> list[RateLimitUse]:
    """Return the limits of the actor's calls of the API, and how much of each is used."""
    settings = config()
    limits = {
        RateLimitKind.STANDARD: settings.rate_limit_standard,
        RateLimitKind.STREAMING: settings.rate_limit_streaming,
        RateLimitKind.EVALUATION: settings.rate_limit_evaluation,
    }
    is_present = RateLimitWindow.began_at > func.now() - RATE_LIMIT_WINDOW
    windows = {
        row.kind: row
        for row in session.scalars(
            select(RateLimitWindow).where(RateLimitWindow.subject == actor.id, is_present)
        )
    }
    return [_rate_limit_use(kind, limit, windows.get(kind)) for kind, limit in limits.items()]


def _rate_limit_use(
    kind: RateLimitKind, limit: int, window: RateLimitWindow | None
) -> RateLimitUse:
    return RateLimitUse(
        kind=kind,
        limit=limit,
        used=min(window.calls, limit) if window else 0,  # those that were refused count, too
        resets_at=window.began_at + RATE_LIMIT_WINDOW if window else None,
    )


def start_of(period: QuotaPeriod, now: datetime) -> datetime:
    """Return when the present period began; SQL's date_trunc says the same."""
    whole = now.astimezone(UTC).replace(second=0, microsecond=0)
    match period:
        case QuotaPeriod.MINUTE:
            return whole
        case QuotaPeriod.DAY:
            return whole.replace(hour=0, minute=0)
        case QuotaPeriod.MONTH:
            return whole.replace(day=1, hour=0, minute=0)


def resets_at(period: QuotaPeriod, now: datetime) -> datetime:
    """Return when the next period begins."""
    begins_at = start_of(period, now)
    match period:
        case QuotaPeriod.MINUTE:
            return begins_at + timedelta(minutes=1)
        case QuotaPeriod.DAY:
            return begins_at + timedelta(days=1)
        case QuotaPeriod.MONTH:
            # 31 days after the first of a month is always a day of the next one
            return start_of(period, begins_at + timedelta(days=31))
