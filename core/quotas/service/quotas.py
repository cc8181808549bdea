"""Add, change and delete quotas; each change is recorded in the audit log."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.database.db import refuse_duplicates
from core.database.settings import check_unchanged
from core.identity.models import AdminUser, ApiKey
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform.ids import new_id
from core.quotas import queries
from core.quotas.errors import QuotaExists, QuotaMissing, QuotaNotWhole, QuotaTargetMissing
from core.quotas.models import Quota
from core.quotas.schemas import NewQuota, QuotaChange, QuotaView


def create_quota(session: Session, given: NewQuota, *, actor: Actor) -> QuotaView:
    """Add a quota; calls that are running already do not count.

    Raises Forbidden, QuotaTargetMissing or QuotaExists.
    """
    require(actor, Permission.MANAGE_QUOTAS)
    for table, target in ((AdminUser, given.account_id), (ApiKey, given.key_id)):
        if target is not None and session.get(table, target) is None:
            raise QuotaTargetMissing
    row = Quota(id=new_id(), amount=given.limit, **given.model_dump(exclude={"limit"}))
    session.add(row)
    with refuse_duplicates(QuotaExists):
        session.flush()
    view = queries.get_quota(session, row.id, actor=actor)
    queries.applying_cache.clear_after_commit(session)
    audit.record(session, "quota.create", actor, targets=_target(view), after=_facts(view))
    return view


def change_quota(
    session: Session,
    quota_id: UUID,
    given: QuotaChange,
    *,
    actor: Actor,
    loaded: QuotaView | None = None,
) -> QuotaView:
    """Change a quota's limit, or whether it only observes.

    Raises Forbidden, QuotaMissing, QuotaNotWhole, or SettingsChanged when a form was loaded with
    other values than are stored now.
    """
    require(actor, Permission.MANAGE_QUOTAS)
    row = _find(session, quota_id)
    before = queries.get_quota(session, quota_id, actor=actor)
    check_unchanged(before, loaded, given.model_fields_set)
    if given.limit is not None:
        if not before.measure.has_amount(given.limit):
            raise QuotaNotWhole
        row.amount = given.limit
    if given.only_observes is not None:
        row.only_observes = given.only_observes
    session.flush()
    after = queries.get_quota(session, quota_id, actor=actor)
    queries.applying_cache.clear_after_commit(session)
    audit.record(
        session,
        "quota.change",
        actor,
        targets=_target(after),
        before=_facts(before),
        after=_facts(after),
    )
    return after


def delete_quota(session: Session, quota_id: UUID, *, actor: Actor) -> None:
    """Delete a quota and its counters; raise Forbidden or QuotaMissing."""
    view = queries.get_quota(session, quota_id, actor=actor)
    session.delete(_find(session, quota_id))
    queries.applying_cache.clear_after_commit(session)
    audit.record(session, "quota.delete", actor, targets=_target(view), before=_facts(view))


def _find(session: Session, quota_id: UUID) -> Quota:
    row = session.get(Quota, quota_id, with_for_update=True)
    if row is None:
        raise QuotaMissing
    return row


def _target(quota: QuotaView) -> dict[str, Any]:
    return quota.model_dump(mode="json", include={"id", "scope", "target", "measure", "period"})


def _facts(quota: QuotaView) -> dict[str, Any]:
    return quota.model_dump(mode="json", include={"limit", "only_observes"})
