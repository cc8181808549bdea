"""A demo knows whether rows that are not its own stand beside it."""

import pytest

from core.database.db import transaction
from core.demo import queries, service
from core.identity.schemas import Role
from core.platform import clock
from core.system.service import daily_job
from tests.factories import activity
from tests.factories.batches import ran
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("runner")


@pytest.fixture(autouse=True)
def demo() -> None:
    with transaction() as session:
        service.load(session, actor=person(Role.ADMIN).actor)


def is_mixed() -> bool:
    with transaction() as session:
        found = queries.find_demo(session)
    assert found is not None
    return found.is_mixed


def test_a_demo_alone_is_not_mixed_by_the_job_of_attune_itself() -> None:
    ran(clock.now(), job=daily_job.JOB)
    assert not is_mixed()


def test_sent_events_are_not_of_the_demo() -> None:
    activity.store([activity.event("signup.start", clock.now())])
    assert is_mixed()


def test_a_sent_conversation_is_not_of_the_demo() -> None:
    stored(conversation())
    assert is_mixed()


def test_runs_of_other_jobs_are_not_of_the_demo() -> None:
    ran(clock.now(), job="nightly")
    assert is_mixed()
