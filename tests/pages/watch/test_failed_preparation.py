"""A saved funnel whose preparation fails says so, until it is ready."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from core.activity import jobs
from core.activity.models.funnels import SavedFunnelVersion
from core.activity.queries.funnels.funnel import Funnel, Step
from core.activity.schemas import FunnelState, SavedFunnelView
from core.activity.service import saved_funnels
from core.database.db import transaction
from core.identity.schemas import Role, SessionKind
from tests.core.jobs import worker
from tests.factories import activity
from tests.factories.identity import Person, person
from tests.pages.conftest import SETTINGS, Console

FULL_DISK = f"""
create function fail_as_on_a_full_disk() returns trigger language plpgsql as
$$ begin raise exception 'no space left on device' using errcode = '53100'; end $$;
create trigger full_disk before update on {SavedFunnelVersion.__tablename__}
for each row execute function fail_as_on_a_full_disk();
"""
FREED = "drop function if exists fail_as_on_a_full_disk cascade"


def execute(statement: str) -> None:
    with transaction() as session:
        session.execute(text(statement))


@pytest.fixture
def admin(database: object) -> Iterator[Person]:
    """Return an admin whose new workspace funnel waits for a job that fails."""
    admin = person(Role.ADMIN, kind=SessionKind.BROWSER)
    activity.store(activity.spaced(["signup", "paid"], user="u1", start=activity.START))
    funnel = Funnel((Step(("signup",)), Step(("paid",))))
    definition = saved_funnels.definition_of("Onboarding", funnel, is_workspace=True)
    with transaction() as session:
        [workspace] = saved_funnels.list_funnels(session, actor=admin.actor)
        saved_funnels.change_funnel(session, workspace.id, definition, actor=admin.actor)
    execute(FULL_DISK)
    worker.do(jobs.prepare_funnels.name, timestamp=0)
    yield admin
    execute(FREED)


def workspace_funnel(admin: Person) -> SavedFunnelView:
    with transaction() as session:
        return saved_funnels.list_funnels(session, actor=admin.actor)[0]


def test_a_funnel_says_when_its_preparation_failed(admin: Person) -> None:
    found = workspace_funnel(admin)
    assert found.state is FunnelState.PREPARING
    assert found.failed_at is not None


def test_a_funnel_that_is_ready_names_no_failure(admin: Person) -> None:
    execute(FREED)
    worker.do(jobs.prepare_funnels.name, timestamp=1)
    found = workspace_funnel(admin)
    assert (found.state, found.failed_at) == (FunnelState.READY, None)


def test_settings_say_that_preparing_failed_and_is_tried_again(
    console: Console, admin: Person
) -> None:
    app = console(admin, SETTINGS).button_group[0].set_value("Onboarding").run()
    assert app.warning[0].value.startswith("Preparing failed just now, and is tried again")
