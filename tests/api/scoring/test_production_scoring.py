"""Settings of production scoring over the API, and judges with their validation."""

from typing import Any

import httpx2
import pytest

from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.identity import person

PATH = "/admin/ai/scoring"
JUDGE = {"kind": "judge", "name": "helpful", "rubric": "Helpful?", "judge_model_id": "fake:echo"}


@pytest.fixture
def admin(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


def put(admin: httpx2.Client, **given: Any) -> httpx2.Response:  # noqa: ANN401
    return admin.put(PATH, json=given)


def test_fields_that_are_not_sent_stay(admin: httpx2.Client) -> None:
    assert admin.get(PATH).json()["is_active"] is False
    first = put(admin, is_active=True, daily_budget_usd="2.5", scorers=[JUDGE])
    assert first.status_code == 200, first.text
    second = put(admin, sample_share=0.2).json()
    assert second == admin.get(PATH).json()
    assert (second["is_active"], second["daily_budget_usd"]) == (True, "2.5")
    assert (second["sample_share"], second["scorers"][0]["rubric"]) == (0.2, "Helpful?")
    assert second["spent_today_usd"] == "0"
    assert second["unfit_judges"] == []


def test_scorers_are_sent_back_as_they_were_sent(admin: httpx2.Client) -> None:
    form = {"kind": "json_schema", "schema": {"type": "object"}, "name": "form"}
    found = put(admin, scorers=[form]).json()["scorers"][0]
    assert found["schema"] == {"type": "object"}
    assert put(admin, scorers=[found]).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        {"scorers": [JUDGE, JUDGE]},
        {"scorers": [{"kind": "exact"}]},
        {"scorers": [{"kind": "all", "scorers": [{"kind": "similarity"}]}]},
        {"scorers": [{"kind": "regex", "pattern": "("}]},
        {"scorers": [{"kind": "contains", "values": ["a"]}] * 21},
        {"sample_share": 1.5},
        {"daily_budget_usd": "-1"},
        {"environment": ""},
    ],
)
def test_invalid_settings_are_refused(admin: httpx2.Client, given: dict[str, Any]) -> None:
    assert put(admin, **given).status_code == 422


def test_an_unknown_model_is_refused(admin: httpx2.Client) -> None:
    assert put(admin, scorers=[JUDGE | {"judge_model_id": "fake:none"}]).status_code == 404


def test_a_change_is_in_the_audit_log(client: Client, admin: httpx2.Client) -> None:
    put(admin, sample_share=0.3)
    audit = client(person(Role.SUPER_ADMIN)).get("/admin/audit").json()
    actions = [each["action"] for each in audit["items"]]
    assert "scoring.change" in actions


def test_judges_are_listed(admin: httpx2.Client) -> None:
    found = admin.get("/evaluation/judges")
    assert (found.status_code, found.json()) == (200, {"items": []})
