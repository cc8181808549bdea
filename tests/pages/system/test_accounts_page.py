"""Accounts: what the drawer of an account says and asks."""

from datetime import timedelta

import pytest

from core.database.db import transaction
from core.identity.models import AdminUser
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from tests.factories.identity import person
from tests.pages.conftest import ACCOUNTS, Console, said


@pytest.mark.parametrize(("minutes", "is_told"), [(10, True), (-10, False)])
def test_a_lock_is_told_until_it_ends(
    console: Console, database: object, minutes: int, is_told: bool
) -> None:
    reviewer = person(Role.REVIEWER)
    with transaction() as session:
        row = session.get_one(AdminUser, reviewer.actor.id)
        row.locked_until = clock.now() + timedelta(minutes=minutes)
    app = console(person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER), ACCOUNTS)
    app.query_params["row"] = str(reviewer.actor.id)
    app.run()
    assert reviewer.actor.email in said(app)
    assert ("Locked for one IP address" in said(app)) is is_told


@pytest.mark.parametrize("is_active", [True, False])
def test_a_link_for_a_disabled_account_is_said_to_work_once_it_is_enabled(
    console: Console, database: object, *, is_active: bool
) -> None:
    reviewer = person(Role.REVIEWER)
    with transaction() as session:
        session.get_one(AdminUser, reviewer.actor.id).is_active = is_active
    app = console(person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER), ACCOUNTS)
    app.query_params["row"] = str(reviewer.actor.id)
    app.run()
    app.button(key=f"link-{reviewer.actor.id}").click().run()
    assert "all sessions end immediately" in said(app)
    assert ("works once the account is enabled" in said(app)) is not is_active
