"""Weekly digests on the Overview."""

import pytest

from core.identity.schemas import Role, SessionKind
from core.saved_views.schemas import ViewPage
from tests.factories import digests
from tests.factories.identity import Person, person
from tests.pages.conftest import OVERVIEW, Console, said


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


def test_before_the_first_digest_the_page_says_when_it_comes(
    console: Console, admin: Person
) -> None:
    assert "No digests yet" in opened(console, admin)
