"""Engagement over HTTP: each file has the figures of the answer, and each figure its users."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import pytest

from core.database import settings
from core.database.db import transaction
from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.activity import event, store
from tests.factories.identity import person

NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)
DAYS = {"start": "2026-10-26", "end": "2026-11-19"}
KIND = "recipe.opened"
PLACES: tuple[dict[str, str], ...] = (
    {},
    {"app": "ios"},
    {"release": "2.0"},
    {"app": "web", "release": "1.0"},
)
# day, app, users: four weeks of a product for cooks
VISITS = (
    ("10-05 12:00", "web", "ana ben"),
    ("10-26 00:00", "web", "ana cleo"),
    ("10-31 23:59", "ios", "cleo dora"),
    ("11-02 09:00", "ios", "ana ben eli"),
    ("11-10 09:00", "web", "dora eli"),
    ("11-10 09:00", "ios", "eli"),
    ("11-18 08:00", "web", "cleo"),
)


@pytest.fixture
def ask(client: Client, monkeypatch: pytest.MonkeyPatch) -> httpx2.Client:
    """Return an analyst's way to a product's visits."""
    analyst = client(person(Role.ANALYST))
    monkeypatch.setattr(clock, "now", lambda: NOW)
    store(
        event(
            KIND,
            datetime.strptime(f"2026-{at}+0000", "%Y-%m-%d %H:%M%z"),
            user_id=user,
            app=app,
            release="2.0" if app == "ios" else "1.0",
        )
        for at, app, users in VISITS
        for user in users.split()
    )
    return analyst


def rows(ask: httpx2.Client, path: str, query: dict[str, str]) -> list[dict[str, str]]:
    file = ask.get(path, params={**query, "format": "csv"})
    assert file.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(file.text.lstrip("\ufeff"))))


def users(ask: httpx2.Client, **query: str) -> set[str]:
    """Return who is on the list of users."""
    answer = ask.get("/admin/users", params=query).json()
    assert answer["total_count"] == len(answer["items"])
    return {user["external_id"] for user in answer["items"]}


@pytest.mark.parametrize("interval", ["day", "week", "month"])
@pytest.mark.parametrize("place", PLACES)
def test_each_interval_leads_to_its_users_and_is_in_the_file(
    ask: httpx2.Client, interval: str, place: dict[str, str]
) -> None:
    asked = {**DAYS, **place, "interval": interval}
    answer = ask.get("/admin/onboarding/active-users", params=asked).json()
    file = rows(ask, "/admin/onboarding/active-users", asked)
    assert [row["users"] for row in file] == [str(row["users"]) for row in answer["items"]]
    assert any(row["users"] for row in answer["items"])
    for row in answer["items"]:
        end = date.fromisoformat(row["ends_on"]) + timedelta(days=1)
        days = f"{row['starts_on']}..{end}"
        assert len(users(ask, active=days, **place)) == row["users"]
        assert len(users(ask, first_active=days, **place)) == row["new_users"]


@pytest.mark.parametrize("place", PLACES)
def test_each_cell_of_the_triangle_leads_to_its_users_and_is_in_the_file(
    ask: httpx2.Client, place: dict[str, str]
) -> None:
    asked = {**DAYS, **place}
    answer = ask.get("/admin/onboarding/retention", params=asked).json()
    cells = [row for cohort in answer["cohorts"] for row in cohort["weeks"]]
    file = rows(ask, "/admin/onboarding/retention", asked)
    assert [(row["first_week"], row["starts_on"], row["users"]) for row in file] == [
        (row["first_week"], row["starts_on"], str(row["users"])) for row in cells
    ]
    has_returned = place not in ({"app": "ios"}, {"release": "2.0"})
    assert any(row["users"] for row in cells if row["week"]) == has_returned
    for row in cells:
        first, active = (
            f"{begin}..{date.fromisoformat(begin) + timedelta(days=7)}"
            for begin in (row["first_week"], row["starts_on"])
        )
        assert len(users(ask, first_active=first, active=active, **place)) == row["users"]


def everybody(ask: httpx2.Client, **query: str) -> int:
    """Return how many users and anonymous sessions there are."""
    sessions = ask.get("/admin/anonymous", params=query).json()
    assert sessions["total_count"] == len(sessions["items"])
    return len(users(ask, **query)) + int(sessions["total_count"])


@pytest.mark.parametrize("direction", ["after", "before"])
@pytest.mark.parametrize("place", PLACES)
def test_each_step_of_a_path_leads_to_its_users_and_is_in_the_file(
    ask: httpx2.Client, direction: str, place: dict[str, str]
) -> None:
    first, second = NOW - timedelta(days=2), NOW - timedelta(days=1)
    store(
        event(kind, at + timedelta(minutes=number), app="ios", release=release, **who)
        for at in (first, second)
        for number, kind in enumerate(
            ["recipe.saved", "recipe.opened", "basket.sent"][: at.day % 2 + 2]
        )
        for who, release in (
            ({"user_id": "ana"}, "2.0"),
            ({"user_id": "fay"}, "1.0"),
            ({"session_id": "visit"}, "2.0"),
        )
    )
    asked = {**DAYS, **place, "direction": direction, "event": "recipe.opened"}
    start, end = "2026-10-26T00:00Z", "2026-11-19T00:00Z"
    begun = ",".join([direction, start, end, "recipe.opened"])
    whole = ask.get("/admin/onboarding/paths", params=asked).json()
    assert everybody(ask, path=begun, **place) == whole["users"] > 0
    for item in whole["steps"][0]["items"]:
        name = item["event_type"] or "$end"
        assert everybody(ask, path=f"{begun},{name}", **place) == item["users"]
        further = ask.get("/admin/onboarding/paths", params={**asked, "through": name}).json()
        assert further["followed_users"] == item["users"]
        for after in further["steps"][1]["items"]:
            path = f"{begun},{name},{after['event_type'] or '$end'}"
            assert everybody(ask, path=path, **place) == after["users"]
    file = rows(ask, "/admin/onboarding/paths", asked)
    assert [(row["step"], row["event_type"], row["users"]) for row in file] == [
        (str(step["step"]), item["event_type"] or "", str(item["users"]))
        for step in whole["steps"]
        for item in step["items"]
    ]


@pytest.mark.parametrize(
    "given", ["after", "after,a,b,c", "aside,2026-11-01T00:00Z,2026-11-02T00:00Z,recipe.opened"]
)
def test_a_path_that_is_none_is_refused_in_words(ask: httpx2.Client, given: str) -> None:
    answer = ask.get("/admin/users", params={"path": given})
    assert (answer.status_code, "Write a path as" in answer.json()["detail"]) == (422, True)


def test_an_event_type_without_paths_is_refused_in_words(ask: httpx2.Client) -> None:
    answer = ask.get("/admin/onboarding/paths", params={"event": "never.sent"})
    assert (answer.status_code, "never.sent" in answer.json()["detail"]) == (422, True)


def test_a_day_names_its_users_and_those_who_came_first(ask: httpx2.Client) -> None:
    assert users(ask, active="2026-11-02..2026-11-03") == {"ana", "ben", "eli"}
    assert users(ask, first_active="2026-11-02..2026-11-03") == {"eli"}
    both = {"first_active": "2026-10-01..2026-10-06", "active": "2026-11-01..2026-11-30"}
    assert users(ask, **both) == {"ana", "ben"}


@pytest.mark.parametrize(
    ("days", "active"),
    [
        ("2026-11-02..2026-11-19", {"ana", "ben", "eli", "dora", "cleo"}),
        ("2026-11-03..2026-11-19", {"eli", "dora", "cleo"}),
        ("2026-11-10..2026-11-10", set()),
        ("2026-11-19..2026-11-02", set()),
        ("0001-01-01..0001-01-01", set()),
    ],
)
def test_users_of_several_days_are_listed_and_counted_once(
    ask: httpx2.Client, days: str, active: set[str]
) -> None:
    assert users(ask, active=days) == active


@pytest.mark.parametrize("given", ["yesterday", "2026-11-02", "2026-11-02..", "..", "a..b"])
def test_days_that_are_no_range_are_refused_in_words(ask: httpx2.Client, given: str) -> None:
    answer: Any = ask.get("/admin/users", params={"active": given})
    assert answer.status_code == 422
    assert "2026-10-01..2026-10-08" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["active-users", "retention", "paths"])
def test_figures_by_an_earlier_release_are_refused_in_words(ask: httpx2.Client, path: str) -> None:
    with transaction() as session:
        settings.write(session, settings.ReleasePlaces(since=NOW), by=None)
    answer = ask.get(f"/admin/onboarding/{path}", params={**DAYS, "release": "2.0", "event": KIND})
    assert (answer.status_code, "by release" in answer.json()["detail"]) == (422, True)
