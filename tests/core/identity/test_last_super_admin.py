"""There is always a super_admin who can sign in, whatever two of them do to each other
concurrently.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from core.database.db import transaction
from core.errors import Conflict
from core.identity import queries
from core.identity.errors import LastSuperAdmin
from core.identity.models import AdminUser
from core.identity.schemas import AccountChange, NewAccount, Role
from core.identity.service import accounts as service
from core.system.service import account_removal as system
from tests.factories.identity import Person, person

pytestmark = pytest.mark.usefixtures("database")

Deed = Callable[[Person, Person], None]


def demote(one: Person, by: Person) -> None:
    with transaction() as session:
        service.change_account(
            session, one.actor.id, AccountChange(role=Role.ADMIN), actor=by.actor
        )


def disable(one: Person, by: Person) -> None:
    with transaction() as session:
        service.change_account(
            session, one.actor.id, AccountChange(is_active=False), actor=by.actor
        )


def delete(one: Person, by: Person) -> None:
    with transaction() as session:
        system.remove_account(session, one.actor.id, actor=by.actor)


def reset(one: Person, by: Person) -> None:
    with transaction() as session:
        service.invite_again(session, one.actor.id, actor=by.actor)


DEEDS = [demote, disable, delete, reset]


def left() -> int:
    with transaction() as session:
        return queries.count_active_super_admins(session)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_one_of_two_super_admins_can_be_removed(deed: Deed) -> None:
    deed(person(Role.SUPER_ADMIN), person(Role.SUPER_ADMIN))
    assert left() == 1


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_the_last_super_admin_cannot_be_removed(deed: Deed) -> None:
    """Whoever acts was a super_admin a moment ago: their own demotion has just been committed by
    somebody else.
    """
    last, by = person(Role.SUPER_ADMIN), person(Role.SUPER_ADMIN)
    demote(by, last)
    with pytest.raises(LastSuperAdmin):
        deed(last, by)
    assert left() == 1


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
@pytest.mark.parametrize("round_", range(4))
def test_two_super_admins_who_demote_each_other_leave_one(deed: Deed, round_: int) -> None:
    one, other = person(Role.SUPER_ADMIN), person(Role.SUPER_ADMIN)
    together = Barrier(2)

    def act(whom: Person, by: Person) -> str:
        together.wait()
        try:
            deed(whom, by)
        except Conflict as refused:
            return type(refused).__name__
        return "done"

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(act, (one, other), (other, one)))
    assert sorted(ended) == ["LastSuperAdmin", "done"]
    assert left() == 1


def test_a_super_admin_who_cannot_sign_in_does_not_count() -> None:
    last, by = person(Role.SUPER_ADMIN), person(Role.SUPER_ADMIN)
    with transaction() as session:
        service.invite(
            session,
            NewAccount(email="new@example.com", full_name="New", role=Role.SUPER_ADMIN),
            actor=last.actor,
        )
        session.get_one(AdminUser, by.actor.id).is_active = False
    with pytest.raises(LastSuperAdmin):
        demote(last, by)


def test_an_invited_super_admin_may_be_removed_by_the_last() -> None:
    last = person(Role.SUPER_ADMIN)
    with transaction() as session:
        given = NewAccount(email="new@example.com", full_name="New", role=Role.SUPER_ADMIN)
        invited = service.invite(session, given, actor=last.actor).account
        service.delete_account(session, invited.id, actor=last.actor)
    assert left() == 1
