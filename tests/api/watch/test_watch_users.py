"""Users, their journeys, events and errors over HTTP, including edge cases."""

import csv
import io
from datetime import timedelta

import pytest

from core.activity.queries.funnels.funnel import STEPS
from core.identity.schemas import Role
from core.ingest.rows import key_of
from core.platform import clock
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.activity import event, fold, spaced, store
from tests.factories.ai_metrics import request, send
from tests.factories.identity import person

NOW = clock.now().replace(microsecond=0)
YESTERDAY = NOW - timedelta(days=1)
LONG_AGO = NOW - timedelta(days=45)


def test_a_journey_shows_the_requests_and_their_cost_of_its_user_alone(client: Client) -> None:
    store([event("page_view", YESTERDAY, user_id="ann")])
    asked = {"user_id": "ann", "total_tokens": 5}
    send(
        request(YESTERDAY, **asked, app="web"),
        request(NOW, **asked, app="shop", cost_usd=None),
        request(NOW, **asked, app="shop", error_type="timeout"),
        request(NOW, user_id="bob"),
    )
    send(request(NOW, **asked), environment="staging")
    mine = client(person(Role.ANALYST))
    whole = mine.get("/admin/users/ann/journey").json()["ai_requests"]
    assert whole == {
        "requests": 3,
        "errors": 1,
        "total_tokens": 15,
        "cost_usd": "0.002",
        "unpriced_requests": 1,
        "first_at": YESTERDAY.isoformat().replace("+00:00", "Z"),
    }
    web = mine.get("/admin/users/ann/journey?app=web").json()["ai_requests"]
    assert (web["requests"], web["cost_usd"], web["unpriced_requests"]) == (1, "0.001", 0)
    none = mine.get("/admin/users/ann/journey?app=other").json()["ai_requests"]
    assert (none["requests"], none["cost_usd"], none["total_tokens"]) == (0, None, None)


def test_users_have_a_status_and_can_be_found_by_it(client: Client) -> None:
    store(spaced(STEPS, user="done", start=YESTERDAY))
    store(spaced(STEPS[:3], user="gone", start=LONG_AGO))
    store(spaced(STEPS[:2], user="idle", start=NOW - timedelta(days=4)))
    store(spaced(STEPS[:1], user="busy", start=NOW - timedelta(hours=2)))
    ask = client(person())
    for status, name, step in [
        ("completed", "done", 5),
        ("dropped", "gone", 3),
        ("stuck", "idle", 2),
        ("in_progress", "busy", 1),
    ]:
        answer = ask.get("/admin/users", params={"status": status}).json()
        assert [
            (each["external_id"], each["step"], each["status"]) for each in answer["items"]
        ] == [(name, step, status)]
        assert answer["total_count"] == 1
    assert [each["external_id"] for each in ask.get("/admin/users").json()["items"]] == [
        "busy",
        "done",
        "idle",
        "gone",
    ]
    assert (
        ask.get("/admin/users", params={"step": STEPS[2]}).json()["items"][0]["external_id"]
        == "gone"
    )
    assert ask.get("/admin/users", params={"step": "0"}).json()["total_count"] == 0
    assert ask.get("/admin/users", params={"q": "ON"}).json()["items"][0]["external_id"] == "done"
    assert ask.get("/admin/users", params={"q": "%"}).json()["total_count"] == 0
    assert (
        ask.get("/admin/users", params={"limit": 1, "offset": 3}).json()["items"][0]["external_id"]
        == "gone"
    )
    assert ask.get("/admin/users", params={"status": "lost"}).status_code == 422
    assert ask.get("/admin/users", params={"step": "9"}).status_code == 422
    rows = list(csv.DictReader(io.StringIO(ask.get("/admin/users", params={"format": "csv"}).text)))
    assert sorted(row["external_id"] for row in rows) == ["busy", "done", "gone", "idle"]


def test_a_journey_shows_times_errors_steps_and_why(client: Client) -> None:
    store(
        [
            event(STEPS[0], LONG_AGO, session_id="s"),
            event(
                "onboarding.register_error",
                LONG_AGO + timedelta(seconds=30),
                session_id="s",
                error_code="E7",
            ),
            event(STEPS[1], LONG_AGO + timedelta(seconds=90), session_id="s", user_id="ann"),
            event(STEPS[3], LONG_AGO + timedelta(seconds=95), user_id="ann"),
            event(STEPS[2], LONG_AGO + timedelta(days=40), user_id="ann"),
        ]
    )
    answer = client(person()).get("/admin/users/ann/journey").json()
    assert [(each["event_type"], each["step"]) for each in answer["items"]] == [
        (STEPS[0], 1),
        ("onboarding.register_error", None),
        (STEPS[1], 2),
        (STEPS[3], None),
        (STEPS[2], None),
    ]
    assert [each["seconds_since_previous"] for each in answer["items"][:4]] == [None, 30, 60, 5]
    assert [each["is_error"] for each in answer["items"][:3]] == [False, True, False]
    assert [each["is_anonymous"] for each in answer["items"][:3]] == [True, True, False]
    assert [step["seconds_from_previous"] for step in answer["steps"]] == [
        None,
        90,
        None,
        None,
        None,
    ]
    assert answer["user"]["status"] == "dropped"
    assert answer["why"].startswith(
        "Dropped: step 2 (onboarding.register_complete) was reached on "
    )
    assert ", but step 3 (onboarding.login_success) was not reached within " in answer["why"]
    assert "onboarding.login_success happened on " in answer["why"]
    assert "after the conversion window, so it doesn't count" in answer["why"]
    assert answer["total_count"] == 5


def test_a_journey_goes_on_from_its_cursor(client: Client) -> None:
    store(spaced(STEPS, user="ann", start=YESTERDAY))
    ask, seen, cursor = client(person()), [], None
    while True:
        answer = ask.get(
            "/admin/users/ann/journey", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        ).json()
        seen += [(each["event_type"], each["seconds_since_previous"]) for each in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == list(zip(STEPS, [None, 60, 60, 60, 60], strict=True))
    assert ask.get("/admin/users/ann/journey", params={"cursor": "nonsense"}).status_code == 422


def test_a_user_is_found_by_either_id_and_an_unknown_one_is_not(client: Client) -> None:
    store(spaced([*STEPS[:2], "onboarding.login_error"], user="ann", start=YESTERDAY))
    ask = client(person())
    one, other = (
        ask.get("/admin/users/ann").json(),
        ask.get(f"/admin/users/{key_of('user', 'ann')}").json(),
    )
    assert one == other
    assert (one["step"], one["active_days"], one["events"], one["errors"]) == (2, 1, 3, 1)
    assert one["why"].startswith("In progress: step 2")
    for unknown in ("nobody", str(new_id())):
        for path in (f"/admin/users/{unknown}", f"/admin/users/{unknown}/journey"):
            answer = ask.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_user_whose_own_id_has_slashes_is_found(client: Client) -> None:
    store(spaced(STEPS[:2], user="https://id.example/ann", start=YESTERDAY))
    ask, path = client(person()), "/admin/users/https%3A%2F%2Fid.example%2Fann"
    assert ask.get(path).json()["external_id"] == "https://id.example/ann"
    assert ask.get(f"{path}/journey").json()["total_count"] == 2


def test_errors_are_counted_by_code_with_who_succeeded_later(client: Client) -> None:
    failed = "onboarding.login_error"
    store(
        [
            event(failed, YESTERDAY, user_id="ann", error_code="E1", error_message="wrong"),
            event(failed, YESTERDAY + timedelta(minutes=1), user_id="ann", error_code="E1"),
            event("onboarding.login_success", YESTERDAY + timedelta(minutes=2), user_id="ann"),
            event("onboarding.login_success", YESTERDAY - timedelta(minutes=2), user_id="bea"),
            event(failed, YESTERDAY, user_id="bea", error_code="E1"),
            event("page.opened", YESTERDAY, user_id="bea", error_code="E2"),
        ]
    )
    answer = client(person()).get("/admin/onboarding/errors").json()
    first, second = answer["items"]
    assert (first["error_code"], first["count"], first["share"], first["users"]) == (
        "E1",
        3,
        0.75,
        2,
    )
    assert first["later_successes"] == 1
    assert [sample["user"] for sample in first["samples"]] == ["ann", "ann", "bea"] or len(
        first["samples"]
    ) == 3
    assert (second["error_code"], second["later_successes"]) == ("E2", 0)
    assert answer["total_count"] == 2


def test_days_are_counted_whether_folded_or_not(client: Client) -> None:
    store(
        [
            *spaced(["a.b", "a.b"], user="ann", start=YESTERDAY),
            event("a.c", YESTERDAY, error_code="E"),
        ]
    )
    ask = client(person())
    before = ask.get("/admin/onboarding/daily").json()
    fold()
    store(spaced(["a.b"], user="bea", start=YESTERDAY))
    after = ask.get("/admin/onboarding/daily").json()
    assert [(each["event_type"], each["events"], each["errors"]) for each in before["items"]] == [
        ("a.b", 2, 0),
        ("a.c", 1, 1),
    ]
    assert [(each["event_type"], each["events"]) for each in after["items"]] == [
        ("a.b", 3),
        ("a.c", 1),
    ]
    one = ask.get("/admin/onboarding/daily", params={"user_id": "bea"}).json()
    assert [(each["event_type"], each["events"]) for each in one["items"]] == [("a.b", 1)]


def test_events_page_by_cursor_and_stream_as_csv(client: Client) -> None:
    store(spaced(["a.b"] * 5, user="ann", start=YESTERDAY))
    store([event("a.c", YESTERDAY, session_id="s", error_code="E")])
    ask = client(person())
    first = ask.get("/admin/onboarding/events", params={"limit": 4}).json()
    second = ask.get(
        "/admin/onboarding/events", params={"limit": 4, "cursor": first["next_cursor"]}
    ).json()
    seen = [each["id"] for each in first["items"] + second["items"]]
    assert (len(seen), len(set(seen)), second["next_cursor"]) == (6, 6, None)
    only = ask.get(
        "/admin/onboarding/events", params={"only_errors": True, "session_id": "s"}
    ).json()["items"]
    assert [each["event_type"] for each in only] == ["a.c"]
    rows = list(
        csv.DictReader(
            io.StringIO(
                ask.get("/admin/onboarding/events", params={"format": "csv", "user_id": "ann"}).text
            )
        )
    )
    assert [row["user"] for row in rows] == ["ann"] * 5


@pytest.mark.parametrize(
    "path",
    [
        "users",
        "users/ann",
        "users/ann/journey",
        "onboarding/funnel",
        "onboarding/errors",
        "onboarding/daily",
        "onboarding/events",
    ],
)
def test_a_reviewer_sees_no_figures(client: Client, path: str) -> None:
    assert client(person(Role.REVIEWER)).get(f"/admin/{path}").status_code == 403


def test_each_status_has_its_users_in_order_and_as_many_as_it_says(client: Client) -> None:
    begun = [
        NOW - timedelta(days=(1, 10, 40)[number % 3], minutes=10 * number) for number in range(24)
    ]
    store(
        each
        for number in range(24)
        for each in spaced(STEPS[: 1 + number % 5], user=f"u{number:02}", start=begun[number])
    )
    door, seen = client(person()), set[str]()
    for status in ("completed", "dropped", "stuck", "in_progress"):
        whole = door.get("/admin/users", params={"status": status}).json()
        names = [user["external_id"] for user in whole["items"]]
        assert names == [
            user["external_id"]
            for user in sorted(whole["items"], key=lambda each: each["last_seen_at"])[::-1]
        ]
        assert {user["status"] for user in whole["items"]} == {status}
        part = door.get("/admin/users", params={"status": status, "limit": 2, "offset": 1}).json()
        assert [user["external_id"] for user in part["items"]] == names[1:3]
        assert part["total_count"] == whole["total_count"] == len(names)
        seen |= set(names)
    assert len(seen) == 24
