"""What another row has already is told apart from what was deleted meanwhile."""

from uuid import UUID

import pytest
from sqlalchemy import delete, event

from core.database.db import Session, transaction
from core.errors import Unavailable
from core.identity.models import AdminUser
from core.quotas.errors import QuotaExists
from core.quotas.schemas import NewQuota
from core.quotas.service.quotas import create_quota
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")


def limit_calls(session: Session, account: UUID) -> None:
    given = {"scope": "account", "account_id": account, "limit": 1, "measure": "calls"}
    quota = NewQuota.model_validate(given | {"period": "day"})
    create_quota(session, quota, actor=person().actor)


def test_a_second_quota_of_the_same_kind_exists_already() -> None:
    limited = person().actor.id
    with transaction() as session:
        limit_calls(session, limited)
    with pytest.raises(QuotaExists), transaction() as session:
        limit_calls(session, limited)


def test_a_quota_of_an_account_that_is_removed_meanwhile_does_not_exist_already() -> None:
    # Both break a constraint, and only one of them is a name that is taken
    limited = person().actor.id

    def limit() -> None:
        with transaction() as session:
            event.listen(session, "before_flush", remove, once=True)
            limit_calls(session, limited)

    def remove(*_: object) -> None:
        with transaction() as other:
            other.execute(delete(AdminUser).where(AdminUser.id == limited))

    with pytest.raises(Unavailable, match="just deleted"):
        limit()
