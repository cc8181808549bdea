"""The checklist of a new workspace says what is done, of the product's own rows only."""

import pytest

from core.activity.queries.funnels.funnel import STEPS
from core.database.db import transaction
from core.demo import service as demo
from core.errors import Forbidden
from core.identity.schemas import Role, Scope
from core.identity.service import api_keys
from core.platform import clock
from core.setup import queries, service
from core.setup.schemas import SetupProgress, SetupStep
from tests.factories import activity, providers
from tests.factories.identity import Person, person
from tests.factories.keys import api_key

pytestmark = pytest.mark.usefixtures("runner")


@pytest.fixture
def admin() -> Person:
    return person(Role.ADMIN)


def progress(admin: Person) -> SetupProgress:
    with transaction() as session:
        return queries.find_progress(session, actor=admin.actor)


def done(admin: Person) -> set[SetupStep]:
    return set(progress(admin).done)


def begin_the_funnel() -> None:
    activity.store([activity.event(STEPS[0], clock.now(), user_id="u-1")])


def test_an_empty_workspace_has_nothing_done(admin: Person) -> None:
    assert not done(admin)


def test_a_key_that_may_send_rows_is_the_first_step(admin: Person) -> None:
    api_key(Scope.READ)
    assert SetupStep.KEY not in done(admin)
    made = api_key(Scope.INGEST)
    assert SetupStep.KEY in done(admin)
    with transaction() as session:
        api_keys.revoke(session, made.id, actor=admin.actor)
    assert SetupStep.KEY not in done(admin)


def test_a_row_of_the_product_checks_the_second_step_off(admin: Person) -> None:
    activity.store([activity.event("something.else", clock.now())])
    assert SetupStep.DATA in done(admin)
    assert SetupStep.FUNNEL not in done(admin)


def test_a_user_who_begins_the_funnel_checks_the_third_step_off(admin: Person) -> None:
    begin_the_funnel()
    assert {SetupStep.DATA, SetupStep.FUNNEL} <= done(admin)


def test_the_demo_is_not_the_product(admin: Person) -> None:
    with transaction() as session:
        demo.load(session, actor=admin.actor)
    assert not done(admin) & {SetupStep.DATA, SetupStep.FUNNEL}


def test_a_provider_that_was_added_counts(admin: Person) -> None:
    providers.stored("vendor")
    assert SetupStep.PROVIDER in done(admin)


def test_a_second_account_checks_the_invitation_off(admin: Person) -> None:
    person(Role.REVIEWER)
    assert SetupStep.INVITE in done(admin)


def test_hiding_holds_for_everybody(admin: Person) -> None:
    with transaction() as session:
        service.hide(session, actor=admin.actor)
    assert progress(person(Role.SUPER_ADMIN)).is_hidden


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
def test_it_is_for_admins(role: Role) -> None:
    other = person(role)
    with transaction() as session:
        with pytest.raises(Forbidden):
            queries.find_progress(session, actor=other.actor)
        with pytest.raises(Forbidden):
            service.hide(session, actor=other.actor)
