"""Weekly digests on the Overview."""

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.identity.schemas import Role, SessionKind
from core.saved_views.schemas import ViewPage
from tests.factories import digests
from tests.factories.identity import Person, person
from tests.pages.conftest import OVERVIEW, YOU, Console, said

FAILED = """with failed as (
    insert into procrastinate_jobs (queue_name, task_name, status)
    values ('long', 'digests.send', 'failed') returning id
) insert into procrastinate_events (job_id, type) select id, 'failed' from failed"""


@pytest.fixture
def admin(database: object) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def opened(console: Console, one: Person, week: str = "latest") -> str:
    app = console(one, OVERVIEW)
    app.query_params["digest"] = week
    return said(app.run())


def test_a_digest_shows_what_changed_and_each_views_figures(
    console: Console, admin: Person
) -> None:
    digests.two_weeks(errors=4)
    digests.kept_view(admin.actor, "All *requests*", ViewPage.AI_METRICS)
    assert digests.write()
    text = opened(console, admin)
    assert "Error rate: 40.0%, previously 1.4% (+38.57 pts)" in text
    assert "All *requests*" in text
    assert "Needs attention" in text
    assert "No digest of this week." in opened(console, admin, "2001-01-01")


def test_a_view_with_parameters_of_any_name_leaves_the_digest_whole(
    console: Console, admin: Person
) -> None:
    digests.two_weeks()
    digests.kept_view(admin.actor, "Odd", ViewPage.AI_METRICS, label="x", icon="y")
    assert digests.write()
    text = opened(console, admin)
    assert "Odd" in text
    assert "Something went wrong" not in text


def test_a_digest_that_was_not_emailed_says_so_to_its_readers(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests.two_weeks()
    assert digests.write()
    monkeypatch.setattr("core.network.mail.is_set_up", lambda: True)
    digest, account = console(admin, OVERVIEW), console(admin, YOU)
    digest.query_params["digest"] = "latest"
    assert not digest.run().warning
    with transaction() as session:
        session.execute(text(FAILED))
    for page in (digest.run(), account.run()):
        [warning] = page.warning
        assert "emailed to every subscriber, last tried just now" in warning.value


def test_before_the_first_digest_the_page_says_when_it_comes(
    console: Console, admin: Person
) -> None:
    assert "No digests yet" in opened(console, admin)
