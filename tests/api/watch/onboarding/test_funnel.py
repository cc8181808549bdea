"""The onboarding funnel over HTTP: of any steps, app, release and environment."""

from datetime import timedelta

import pytest

from core.activity.queries.funnels.funnel import STEPS
from core.activity.schemas import NewEvent
from core.identity.schemas import Role
from core.ingest.rows import key_of
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.activity import event, spaced, store
from tests.factories.identity import person

NOW = clock.now().replace(microsecond=0)
YESTERDAY = NOW - timedelta(days=1)


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


def _users(funnel: dict[str, list[dict[str, int]]]) -> list[int]:
    return [step["users"] for step in funnel["steps"]]


def _in_app(events: list[NewEvent], app: str) -> list[NewEvent]:
    for each in events:
        each.app = app
    return events
