"""Users, journeys and onboarding over HTTP: the data of the Watch pages, including edge cases."""

import csv
import io
from datetime import timedelta

import pytest

from core.activity.queries.funnels.funnel import STEPS
from core.activity.schemas import NewEvent
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


def test_the_funnel_has_five_steps_with_rates_and_intervals(client: Client) -> None:
    store(
        each
        for number in range(20)
        for each in spaced(STEPS[: 1 + number % 5], user=f"u{number}", start=YESTERDAY)
    )
    answer = client(person(Role.ANALYST)).get("/admin/onboarding/funnel").json()
    assert [step["event_type"] for step in answer["steps"]] == list(STEPS)
    assert [step["users"] for step in answer["steps"]] == [20, 16, 12, 8, 4]
    assert [step["step"] for step in answer["steps"]] == [1, 2, 3, 4, 5]
    third = answer["steps"][2]
    assert third["conversion_from_start"] == pytest.approx(0.6)
    assert third["conversion_from_previous"] == pytest.approx(0.75)
    assert third["interval"] == {
        "low": pytest.approx(0.3866, abs=1e-4),
        "high": pytest.approx(0.7812, abs=1e-4),
        "n": 20,
    }
    assert third["median_seconds_from_previous"] == 60
    assert answer["overall_conversion"] == pytest.approx(0.2)


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


def test_a_funnel_of_nobody_has_no_rates(client: Client) -> None:
    answer = client(person()).get("/admin/onboarding/funnel").json()
    assert [step["users"] for step in answer["steps"]] == [0] * 5
    assert answer["overall_conversion"] is None
    assert answer["steps"][1]["interval"] == {"low": None, "high": None, "n": 0}


def test_later_steps_count_after_the_end_of_the_period(client: Client) -> None:
    begun = NOW - timedelta(days=10)
    store(spaced(STEPS, user="ann", start=begun, gap=timedelta(days=2)))
    day = {"start": begun.isoformat(), "end": (begun + timedelta(microseconds=1)).isoformat()}
    answer = client(person()).get("/admin/onboarding/funnel", params=day).json()
    assert [step["users"] for step in answer["steps"]] == [1] * 5
    day = {"start": (begun - timedelta(hours=1)).isoformat(), "end": begun.isoformat()}
    assert (
        client(person()).get("/admin/onboarding/funnel", params=day).json()["steps"][0]["users"]
        == 0
    )


def test_a_funnel_of_other_steps_with_a_choice_and_an_optional_one(client: Client) -> None:
    store(
        spaced(
            ["onboarding.register_start", "onboarding.login_success"], user="ann", start=YESTERDAY
        )
    )
    store(
        spaced(
            ["onboarding.register_start", "onboarding.login_error", "chat.session_start"],
            user="bea",
            start=YESTERDAY,
        )
    )
    steps = (
        "onboarding.register_start,onboarding.login_error?,"
        "onboarding.login_success|chat.session_start"
    )
    answer = client(person()).get("/admin/onboarding/funnel", params={"steps": steps}).json()
    assert [step["users"] for step in answer["steps"]] == [2, 1, 2]
    assert answer["steps"][2]["median_seconds_from_previous"] == 90  # from the required step before
    assert answer["steps"][1]["is_optional"] is True
    assert answer["overall_conversion"] == 1


@pytest.mark.parametrize(
    "steps",
    [
        "a",
        "a,,b",
        "a?,chat.session_start",
        "chat.session_start,never.seen",
        "a|,b",
        ",".join("ab" * 20),
    ],
)
def test_steps_that_make_no_funnel_are_refused_in_words(client: Client, steps: str) -> None:
    answer = client(person()).get("/admin/onboarding/funnel", params={"steps": steps})
    assert answer.status_code == 422
    assert answer.json()["code"] == "validation_failed"


def test_a_user_of_two_apps_counts_once_and_in_each(client: Client) -> None:
    done = spaced(STEPS, user="ann", start=YESTERDAY)
    store(
        [
            *_in_app(done[:2], "web"),
            *_in_app(done[2:], "phone"),
            *_in_app(spaced(STEPS[:1], user="bea", start=YESTERDAY), "web"),
        ]
    )
    ask = client(person())
    assert _users(ask.get("/admin/onboarding/funnel").json()) == [2, 1, 1, 1, 1]
    assert _users(ask.get("/admin/onboarding/funnel", params={"app": "web"}).json()) == [
        2,
        1,
        0,
        0,
        0,
    ]
    assert _users(ask.get("/admin/onboarding/funnel", params={"app": "phone"}).json()) == [0] * 5
    assert _users(ask.get("/admin/onboarding/funnel", params={"user_id": "ann"}).json()) == [1] * 5
    assert _users(
        ask.get("/admin/onboarding/funnel", params={"user_id": str(key_of("user", "bea"))}).json()
    ) == [1, 0, 0, 0, 0]
    assert (
        ask.get("/admin/users", params={"status": "completed"}).json()["items"][0]["external_id"]
        == "ann"
    )


def test_a_release_counts_its_own_events_only(client: Client) -> None:
    old = [
        event(STEPS[0], YESTERDAY, user_id="ann", release="1"),
        event(STEPS[0], YESTERDAY, user_id="bea", release="2"),
    ]
    store([*old, event(STEPS[1], NOW - timedelta(hours=1), user_id="ann", release="2")])
    ask = client(person())
    assert _users(ask.get("/admin/onboarding/funnel", params={"release": "1"}).json())[:2] == [1, 0]
    assert _users(ask.get("/admin/onboarding/funnel", params={"release": "2"}).json())[:2] == [1, 0]


def test_other_environments_are_apart(client: Client) -> None:
    store(spaced(STEPS, user="ann", start=YESTERDAY), environment="staging")
    ask = client(person())
    assert ask.get("/admin/users").json()["total_count"] == 0
    assert ask.get("/admin/users", params={"environment": "staging"}).json()["total_count"] == 1
    assert (
        _users(ask.get("/admin/onboarding/funnel", params={"environment": "staging"}).json())
        == [1] * 5
    )
    assert _users(ask.get("/admin/onboarding/funnel").json()) == [0] * 5


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


def _users(funnel: dict[str, list[dict[str, int]]]) -> list[int]:
    return [step["users"] for step in funnel["steps"]]


def _in_app(events: list[NewEvent], app: str) -> list[NewEvent]:
    for each in events:
        each.app = app
    return events


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
