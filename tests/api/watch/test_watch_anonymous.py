"""Sessions without a user over HTTP, and the order of users."""

import csv
import io
from datetime import timedelta

import pytest

from core.activity.queries.funnels.funnel import STEPS
from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.activity import event, spaced, store
from tests.factories.identity import person

NOW = clock.now().replace(microsecond=0)


def test_sessions_without_a_user_are_listed_alike_as_json_and_as_a_file(client: Client) -> None:
    store(
        event(STEPS[0], NOW - timedelta(hours=number), session_id=f"visit-{number}")
        for number in range(3)
    )
    store([event(STEPS[0], NOW, user_id="ann", session_id="named")])
    analyst = client(person(Role.ANALYST))
    answer = analyst.get("/admin/anonymous", params={"limit": 2}).json()
    assert [each["session_id"] for each in answer["items"]] == ["visit-0", "visit-1"]
    assert (answer["total_count"], answer["items"][0]["step"], answer["items"][0]["status"]) == (
        3,
        1,
        "in_progress",
    )
    lines = list(
        csv.DictReader(
            io.StringIO(analyst.get("/admin/anonymous?format=csv").text.lstrip("\ufeff"))
        )
    )
    assert [line["session_id"] for line in lines] == ["visit-0", "visit-1", "visit-2"]


@pytest.mark.parametrize("name", ["active", "first_active"])
def test_days_that_only_users_have_are_refused_for_sessions_without_a_user(
    client: Client, name: str
) -> None:
    # The list of sessions ignored the filter
    store([event(STEPS[0], NOW, session_id="visit")])
    analyst = client(person(Role.ANALYST))
    for more in ({}, {"format": "csv"}):
        asked = {name: "2020-01-01..2020-01-02", **more}
        answer = analyst.get("/admin/anonymous", params=asked)
        assert answer.status_code == 422
        assert "Remove active and first_active" in answer.text


def test_the_journey_of_a_session_goes_on_where_a_page_ends(client: Client) -> None:
    store(
        [
            event(kind, NOW - timedelta(hours=5 - number), session_id="a/b c")
            for number, kind in enumerate(STEPS[:3])
        ]
    )
    analyst, path = client(person(Role.ANALYST)), "/admin/anonymous/a%2Fb%20c/journey"
    found = analyst.get(path, params={"limit": 2}).json()
    assert (found["session"]["session_id"], found["status"], found["total_count"]) == (
        "a/b c",
        "in_progress",
        3,
    )
    rest = analyst.get(path, params={"cursor": found["next_cursor"]}).json()
    assert [each["step"] for each in found["items"] + rest["items"]] == [1, 2, 3]
    assert (rest["items"][0]["seconds_since_previous"], rest["next_cursor"]) == (3600, None)
    assert analyst.get("/admin/anonymous/never/journey").status_code == 404


def test_users_come_in_the_order_that_is_asked_for(client: Client) -> None:
    store(spaced(STEPS[:1], user="bea", start=NOW - timedelta(days=2)))
    store(spaced(STEPS[:1], user="ann", start=NOW - timedelta(days=1)))
    analyst = client(person(Role.ANALYST))

    def names(sort: str) -> list[str]:
        return [
            each["external_id"]
            for each in analyst.get("/admin/users", params={"sort": sort}).json()["items"]
        ]

    assert (names("external_id"), names("first_seen")) == (["ann", "bea"], ["bea", "ann"])
    assert analyst.get("/admin/users", params={"sort": "shoe_size"}).status_code == 422
