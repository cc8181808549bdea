"""Quotas, added through the product's service."""

from decimal import Decimal

from core.database.db import transaction
from core.identity.schemas import Actor
from core.quotas import queries
from core.quotas.schemas import NewQuota, QuotaUse, QuotaView
from core.quotas.service import quotas as service
from tests.factories.identity import person


def quota(limit: object, measure: str = "calls", period: str = "day", **more: object) -> QuotaView:
    """Add a quota, of the workspace unless `scope` names another."""
    given = {"scope": "workspace", "limit": limit, "measure": measure, "period": period, **more}
    with transaction() as session:
        return service.create_quota(session, NewQuota.model_validate(given), actor=person().actor)


def use_of(actor: Actor) -> list[QuotaUse]:
    """Return the quotas that apply to somebody."""
    with transaction() as session:
        return queries.list_use(session, actor=actor)


def used(actor: Actor) -> tuple[Decimal | int, Decimal | int]:
    """Return what is used and reserved of the only quota that applies to somebody."""
    [found] = use_of(actor)
    return found.used, found.reserved
