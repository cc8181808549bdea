"""Routes of quotas, and of the caller's own limits."""

from uuid import UUID

from fastapi import APIRouter

from api.deps import ActorDep, ConfigDep, SessionDep, WindowDep
from api.reference import CONFLICT
from core.database.paging import Page
from core.identity.schemas import View
from core.quotas import queries
from core.quotas.schemas import NewQuota, QuotaChange, QuotaUse, QuotaView, RateLimitUse
from core.quotas.service import quotas as service

router = APIRouter(prefix="/admin/quotas", tags=["Quotas"])
limits = APIRouter(prefix="/admin/limits", tags=["Quotas"])


class EffectiveLimits(View):
    """Calls a minute of this API over all its processes: of routes that don't stream, of those that
    do, and of those that start an evaluation; and the quotas of calls of models.
    """

    calls_per_minute: int
    streams_per_minute: int
    evaluations_per_minute: int
    rate_limits: list[RateLimitUse]
    quotas: list[QuotaUse]


@router.get("")
def list_quotas(session: SessionDep, actor: ActorDep, window: WindowDep) -> Page[QuotaView]:
    """List quotas of calls of models: those of the workspace first."""
    return window.page_of(queries.list_quotas(session, actor=actor))


@router.post("", status_code=201, responses=CONFLICT)
def create(new_quota: NewQuota, session: SessionDep, actor: ActorDep) -> QuotaView:
    """Add a quota: calls, tokens or US dollars of a minute, day or month (UTC) for the workspace,
    each account of a role, one account or one API key.

    Before a call is made, the most that it may use is reserved; then what it used is counted. A
    call beyond a quota gets 429 `limit_exceeded` with `limit`, `value`, `used` and `resets_at`.
    While a quota applies, answers without `max_tokens` have at most 4,096 tokens besides thinking.
    """
    return service.create_quota(session, new_quota, actor=actor)


@router.patch("/{quota_id}")
def change(quota_id: UUID, change: QuotaChange, session: SessionDep, actor: ActorDep) -> QuotaView:
    """Change a quota's limit, or whether it only observes."""
    return service.change_quota(session, quota_id, change, actor=actor)


@router.delete("/{quota_id}", status_code=204)
def delete(quota_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Delete a quota; what it counted is gone with it."""
    service.delete_quota(session, quota_id, actor=actor)


@limits.get("/effective")
def effective(session: SessionDep, actor: ActorDep, config: ConfigDep) -> EffectiveLimits:
    """Return the limits that apply to the caller, and how much of them is used."""
    return EffectiveLimits(
        calls_per_minute=config.rate_limit_standard,
        streams_per_minute=config.rate_limit_streaming,
        evaluations_per_minute=config.rate_limit_evaluation,
        rate_limits=queries.list_rate_limits(session, actor=actor),
        quotas=queries.list_use(session, actor=actor),
    )
