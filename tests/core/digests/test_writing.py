"""The digest of a week is written once, and each reader sees their part of it."""

from datetime import date, datetime
from typing import NoReturn

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database.db import Database, transaction
from core.database.paging import Window
from core.digests import queries
from core.digests.schemas import DigestDetails
from core.digests.service import writing
from core.identity.schemas import Actor, Role
from core.insights import view_figures
from core.jobs import outbox
from core.platform import features
from core.presentation.comparison import Kpi
from core.saved_views.schemas import ViewPage
from core.system.service import account_removal
from tests.factories import digests
from tests.factories.identity import person


@pytest.fixture
def analyst(database: object) -> Actor:
    return person(Role.ANALYST).actor


def latest(actor: Actor) -> DigestDetails:
    with transaction() as session:
        return queries.list_digests(session, window=Window(1), actor=actor).items[0]


def titles(actor: Actor) -> list[str]:
    return [section.title for section in latest(actor).sections]


def removed(account: Actor, admin: Actor) -> None:
    with transaction() as session:
        account_removal.remove_account(session, account.id, actor=admin)
    features.load("jobs")
    while outbox.relay(Database.CORE):
        pass


@pytest.mark.parametrize(
    ("now", "week"),
    [
        ("2026-11-16T05:59+00:00", "2026-11-02"),  # Monday before seven in Berlin
        ("2026-11-16T06:01+00:00", "2026-11-09"),
        ("2026-11-22T23:59+00:00", "2026-11-09"),
        ("2026-11-23T06:00+00:00", "2026-11-16"),
    ],
)
def test_a_week_is_due_on_the_monday_after_it_in_the_reporting_time_zone(
    now: str, week: str
) -> None:
    due = writing.due_week("Europe/Berlin", datetime.fromisoformat(now))
    assert due == date.fromisoformat(week)


def test_a_digest_has_the_weeks_figures_changes_and_findings(analyst: Actor) -> None:
    digests.two_weeks(errors=4)
    digests.kept_view(analyst, "Web", ViewPage.AI_METRICS, app="web", days="1", status="ok")
    assert digests.write()
    found = latest(analyst)
    overview, web = found.sections
    changed = {figure.label: figure.value for figure in overview.changed}
    assert changed["Error rate"] == 0.4
    assert [finding.kind for finding in found.findings] == ["error_rate"]
    assert {figure.label: figure.value for figure in web.figures}["Requests"] == 42
    assert {figure.label: figure.before for figure in web.figures}["Requests"] == 69
    assert f"start={found.week}T00%3A00Z" in web.link
    assert "days=" not in web.link


def test_a_week_is_written_once_and_an_empty_one_not_at_all(analyst: Actor) -> None:
    assert not digests.write()
    digests.two_weeks()
    assert digests.write()
    assert not digests.write()


def test_readers_see_their_own_views_and_the_shared_ones_of_pages_they_may_open(
    analyst: Actor,
) -> None:
    admin = person(Role.ADMIN).actor
    digests.two_weeks()
    digests.kept_view(analyst, "Private", ViewPage.AI_METRICS)
    digests.kept_view(admin, "Shared", ViewPage.AI_METRICS, is_shared=True)
    digests.kept_view(admin, "Texts", ViewPage.CONVERSATIONS, is_shared=True)
    digests.write()
    assert titles(analyst) == ["Overview", "Private", "Shared"]
    assert titles(admin) == ["Overview", "Shared", "Texts"]


def test_a_view_whose_filters_are_no_longer_valid_has_no_figures(analyst: Actor) -> None:
    digests.two_weeks()
    digests.kept_view(analyst, "Broken", ViewPage.ONBOARDING, steps=",,", window_days="9")
    assert digests.write()
    assert latest(analyst).sections[1].figures == []


@pytest.mark.parametrize(
    ("page", "query"),
    [
        (ViewPage.USERS, {"step": "99999999999"}),
        (ViewPage.CONVERSATIONS, {"q": "a" * 4000}),
        (ViewPage.ONBOARDING, {"window_days": "9" * 30}),
    ],
)
def test_no_filter_of_a_view_keeps_the_digest_from_its_readers(
    analyst: Actor, page: ViewPage, query: dict[str, str]
) -> None:
    digests.two_weeks()
    digests.kept_view(person(Role.ADMIN).actor, "Broken", page, is_shared=True, **query)
    digests.kept_view(analyst, "Web", ViewPage.AI_METRICS, app="web")
    assert digests.write()
    figures = {section.title: section.figures for section in latest(analyst).sections}
    assert figures["Overview"]
    assert figures["Web"][0].value == 70


@pytest.mark.parametrize("code", ["query_canceled", "numeric_value_out_of_range"])
def test_a_view_whose_statement_fails_has_no_figures(
    analyst: Actor, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def fail(core: Session, *_: object) -> NoReturn:
        core.execute(text(f"do $$ begin raise exception using errcode = '{code}'; end $$"))
        raise AssertionError("the statement fails")

    digests.two_weeks()
    digests.kept_view(analyst, "Slow", ViewPage.USERS)
    monkeypatch.setitem(view_figures.READERS, ViewPage.USERS, fail)
    assert digests.write()
    assert titles(analyst) == ["Overview", "Slow"]
    assert latest(analyst).sections[1].figures == []


def test_digests_keep_nothing_of_the_private_views_of_a_removed_account(analyst: Actor) -> None:
    # The filters of a view may name users
    digests.two_weeks()
    digests.kept_view(analyst, "Private", ViewPage.AI_METRICS, user="ann")
    digests.kept_view(analyst, "Shared", ViewPage.AI_METRICS, is_shared=True)
    admin = person(Role.SUPER_ADMIN).actor
    digests.kept_view(admin, "Of another account", ViewPage.AI_METRICS)
    digests.write()
    removed(analyst, admin)
    assert titles(analyst) == ["Overview", "Shared"]
    assert titles(admin) == ["Overview", "Shared", "Of another account"]


def test_a_digest_that_is_being_written_keeps_nothing_of_an_account_removed_meanwhile(
    analyst: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It was written after the removal had looked through the digests
    admin = person(Role.SUPER_ADMIN).actor

    def read(*_: object, **__: object) -> list[Kpi]:
        removed(analyst, admin)
        return []

    digests.two_weeks()
    digests.kept_view(analyst, "Private", ViewPage.USERS, user="ann")
    digests.kept_view(admin, "Of another account", ViewPage.AI_METRICS)
    monkeypatch.setitem(view_figures.READERS, ViewPage.USERS, read)
    assert digests.write()
    assert titles(analyst) == ["Overview"]
    assert titles(admin) == ["Overview", "Of another account"]
