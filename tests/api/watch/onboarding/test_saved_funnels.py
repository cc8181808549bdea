"""Saved funnels over HTTP: their versions, who may change them, and what is refused."""

import httpx2
import pytest

from core.activity.service import apply_funnel
from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.factories import activity
from tests.factories.identity import person

FUNNELS = "/admin/funnels"
STEPS: list[dict[str, object]] = [
    {"label": "Signed up", "event_types": ["user.signed_up"]},
    {"label": "", "event_types": ["report.created", "report.copied"], "optional": True},
    {"label": "Paid", "event_types": ["plan.bought"]},
]
GIVEN = {"name": "Activation", "steps": STEPS, "window_days": 7}


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    kinds = ["user.signed_up", "report.created", "report.copied", "plan.bought"]
    activity.store(activity.spaced(kinds, user="ann", start=clock.now().replace(microsecond=0)))
    return client(person(Role.ADMIN))


def test_a_save_is_a_version_and_a_new_name_is_none(boss: httpx2.Client) -> None:
    made = boss.post(FUNNELS, json=GIVEN)
    assert (made.status_code, made.json()["version"], made.json()["state"]) == (201, 1, "ready")
    one = f"{FUNNELS}/{made.json()['id']}"
    assert boss.put(one, json=GIVEN | {"name": "Renamed"}).json()["version"] == 1
    assert boss.put(one, json=GIVEN | {"window_days": 9}).json()["version"] == 2
    versions = boss.get(f"{one}/versions").json()["items"]
    assert [(each["number"], each["window_days"]) for each in versions] == [(2, 9), (1, 7)]
    assert boss.delete(one).status_code == 204
    assert boss.get(one).status_code == 404


def test_the_workspaces_funnel_is_what_no_steps_are_asked_for(boss: httpx2.Client) -> None:
    boss.post(FUNNELS, json=GIVEN | {"is_workspace": True})
    apply_funnel.prepare_funnels()
    found = boss.get("/admin/onboarding/funnel").json()
    assert [(step["label"], step["users"]) for step in found["steps"]] == [
        ("Signed up", 1),
        ("created | copied", 1),
        ("Paid", 1),
    ]
    assert (found["window_days"], found["overall_conversion"]) == (7, 1.0)
    user = boss.get("/admin/users").json()["items"][0]
    assert (user["status"], user["step"], user["step_event_type"]) == (
        "completed",
        3,
        "plan.bought",
    )
    assert boss.get("/admin/users", params={"step": "plan.bought"}).json()["total_count"] == 1
    saved = boss.get(FUNNELS).json()["items"]
    assert [(each["name"], each["is_workspace"]) for each in saved] == [
        ("Activation", True),
        ("Onboarding", False),
    ]


def test_a_preview_counts_the_last_30_days_and_saves_nothing(boss: httpx2.Client) -> None:
    found = boss.post(f"{FUNNELS}/preview", json=GIVEN).json()
    assert [step["users"] for step in found["steps"]] == [1, 1, 1]
    assert len(boss.get(FUNNELS).json()["items"]) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": STEPS[:1]}, "at least 2"),
        ({"steps": [STEPS[0]] * 9}, "at most 8"),
        ({"steps": [{**STEPS[0], "optional": True}, STEPS[2]]}, "first step can't be optional"),
        ({"steps": STEPS[:2]}, "must be required"),
        ({"steps": [STEPS[0], {"event_types": ["never.sent"]}]}, "Unknown event types: never.sent"),
        ({"steps": [STEPS[0], {"event_types": ["a,b"]}]}, "pattern"),
        ({"window_days": 366}, "365"),
        ({"name": " "}, "name"),
    ],
)
def test_what_is_no_funnel_is_refused(
    boss: httpx2.Client, change: dict[str, object], words: str
) -> None:
    answer = boss.post(FUNNELS, json=GIVEN | change)
    assert answer.status_code == 422
    assert words in answer.text


def test_a_name_is_taken_once_and_the_workspace_keeps_a_funnel(boss: httpx2.Client) -> None:
    boss.post(FUNNELS, json=GIVEN)
    assert boss.post(FUNNELS, json=GIVEN).status_code == 409
    workspace = boss.get(FUNNELS).json()["items"][0]
    assert boss.delete(f"{FUNNELS}/{workspace['id']}").status_code == 409
    answer = boss.put(f"{FUNNELS}/{workspace['id']}", json=GIVEN | {"name": "Other"})
    assert answer.status_code == 409


def test_analysts_read_them_and_change_none(client: Client, boss: httpx2.Client) -> None:
    analyst = client(person(Role.ANALYST))
    assert analyst.get(FUNNELS).status_code == 200
    assert analyst.post(FUNNELS, json=GIVEN).status_code == 403
    assert client(person(Role.REVIEWER)).get(FUNNELS).status_code == 403
