"""Usage over HTTP: for people who run models and for keys, as JSON and CSV."""

import csv
import io

import pytest

from core.identity.schemas import Role, Scope
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.identity import Person, person
from tests.factories.keys import api_key, bearing
from tests.factories.usage import used

USAGE = "/analytics/usage"


@pytest.fixture
def admin(database: object) -> Person:
    return person(Role.ADMIN)


def test_usage_has_a_total_the_rows_of_one_dimension_and_a_series_of_days(
    client: Client, admin: Person
) -> None:
    for model in ("fake:echo", "fake:echo", "fake:json"):
        used(admin.actor, model_id=model)
    found = client(admin).get(USAGE, params={"days": 3, "limit": 1}).json()
    assert (found["group_by"], found["total_count"], len(found["items"])) == ("model", 2, 1)
    assert (found["items"][0]["id"], found["items"][0]["cost_usd"]) == ("fake:echo", "0.02")
    assert (found["total"]["calls"], found["previous"]["calls"]) == (3, 0)
    assert sum(day["calls"] for day in found["series"]) == 3
    accounts = client(admin).get(USAGE, params={"group_by": "account"}).json()["items"]
    assert [(row["name"], row["calls"]) for row in accounts] == [(admin.actor.email, 3)]


def test_the_csv_has_all_rows_of_the_dimension(client: Client, admin: Person) -> None:
    for number in range(3):
        used(admin.actor, model_id=f"=fake:{number}")
    answer = client(admin).get(f"{USAGE}?format=csv&limit=1&group_by=model")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert sorted(row["name"] for row in rows) == ["'=fake:0", "'=fake:1", "'=fake:2"]
    assert {row["calls"] for row in rows} == {"1"}


def test_a_key_gets_its_own_usage_and_who_runs_no_models_gets_none(
    client: Client, admin: Person
) -> None:
    made = api_key(Scope.EXECUTE)
    used(admin.actor, clock.now())
    used(None, key_id=made.id)
    program = client()
    program.headers.update(bearing(made))
    assert program.get(USAGE).json()["total"]["calls"] == 1
    assert client(person(Role.ANALYST)).get(USAGE).status_code == 403
    assert client(person(Role.REVIEWER)).get(USAGE).status_code == 403


def test_costs_are_estimated_for_people_and_keys_that_run_models(
    client: Client, admin: Person
) -> None:
    program = client()
    program.headers.update(bearing(api_key(Scope.EXECUTE)))
    body = {"calls_per_day": 10, "models": ["fake:echo"], "input_tokens": 5, "max_tokens": 7}
    for caller in (client(admin), program):
        found = caller.post("/analytics/cost-estimation", json=body).json()
        assert (found["is_estimate"], found["output_tokens"]) == (True, 7)
        assert found["items"][0]["cost_per_month_usd"] == "0"
    refused = client(admin).post("/analytics/cost-estimation", json=body | {"max_tokens": None})
    assert refused.status_code == 422
    assert "Enter the tokens of an answer" in refused.json()["detail"]
