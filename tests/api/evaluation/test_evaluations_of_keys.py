"""Evaluations of API keys: what CI measures with a key, people see in the console."""

from uuid import UUID

import httpx2
import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.executions.models import Execution
from core.executions.runner import Runner
from core.identity.schemas import CreatedApiKey, Role, Scope
from core.identity.service import api_keys
from core.prompts import jobs
from tests.api.conftest import Client
from tests.factories.datasets import dataset, question
from tests.factories.evaluations import CONTAINS, answering, read, run
from tests.factories.identity import Person, person
from tests.factories.keys import api_key, bearing

APP = {"app": "shop-bot", "release": "1.4"}


@pytest.fixture
def one(client: Client, runner: Runner) -> Person:
    return person()


@pytest.fixture
def key(one: Person) -> CreatedApiKey:
    return api_key(Scope.EXECUTE)


@pytest.fixture
def program(client: Client, key: CreatedApiKey) -> httpx2.Client:
    return with_key(client, key)


def with_key(client: Client, made: CreatedApiKey) -> httpx2.Client:
    bare = client()
    bare.headers.update(bearing(made))
    return bare


def begun(program: httpx2.Client, **more: object) -> str:
    new = {"name": "CI", "target": APP, "scorers": [CONTAINS], "test_cases": [{"input": "a"}]}
    sent = program.post("/evaluation/probabilistic", json=new | more)
    assert sent.status_code == 202, sent.text
    found: str = sent.json()["id"]
    return found


def answered(program: httpx2.Client, id_: str) -> None:
    work = program.get(f"/evaluation/{id_}/work").json()
    answers = [{"id": item["id"], "text": "good"} for item in work["items"]]
    sent = program.post(f"/evaluation/{id_}/answers", json={"answers": answers})
    assert (sent.status_code, sent.json()["accepted"]) == (202, len(answers))


def test_a_key_runs_its_app_and_every_account_that_runs_models_sees_it(
    program: httpx2.Client, client: Client, one: Person
) -> None:
    id_ = begun(program)
    answered(program, id_)
    run(UUID(id_))
    found = program.get(f"/evaluation/{id_}").json()
    assert (found["status"], found["success_rate"]["value"]) == ("completed", 1.0)
    for admin in (one, person(Role.SUPER_ADMIN)):
        seen = client(admin).get(f"/evaluation/{id_}").json()
        assert (seen["key_name"], seen["results"][0]["title"]) == (
            "a program",
            "app: shop-bot 1.4",
        )
        assert [it["id"] for it in client(admin).get("/evaluation").json()["items"]] == [id_]
    assert client(person(Role.ANALYST)).get(f"/evaluation/{id_}").status_code == 403


def test_a_key_sees_its_own_evaluations_only(
    program: httpx2.Client, client: Client, one: Person
) -> None:
    id_ = begun(program)
    of_person = begun(client(one))
    other = with_key(client, api_key(Scope.EXECUTE))
    for mine, theirs in ((program, of_person), (other, id_), (other, of_person)):
        assert mine.get(f"/evaluation/{theirs}").status_code == 404
        assert mine.get(f"/evaluation/{theirs}/work").status_code == 404
        sent = {"answers": [{"id": theirs}]}
        assert mine.post(f"/evaluation/{theirs}/answers", json=sent).status_code == 404
    assert other.get("/evaluation").json()["items"] == []


@pytest.mark.parametrize("scope", [each for each in Scope if each is not Scope.EXECUTE])
def test_other_scopes_start_nothing(client: Client, one: Person, scope: Scope) -> None:
    refused = with_key(client, api_key(scope))
    new = {"name": "CI", "target": APP, "scorers": [CONTAINS], "test_cases": [{"input": "a"}]}
    assert refused.post("/evaluation/probabilistic", json=new).status_code == 403
    assert refused.get("/evaluation").status_code == 403


def test_calls_of_a_keys_evaluation_are_its_own_and_no_ai_requests(
    program: httpx2.Client, client: Client, key: CreatedApiKey, one: Person
) -> None:
    id_ = begun(
        program,
        target={"model_id": "fake:echo"},
        test_cases=[{"input": answering("good")}] * 2,
    )
    run(UUID(id_))
    assert read(one.actor, UUID(id_)).success_rate.value == 1.0
    with transaction() as session:
        made = {row.id: row.key_id for row in session.scalars(select(Execution))}
    assert set(made.values()) == {key.id}
    jobs.record_requests({"ids": [str(each) for each in made]})
    assert client(one).get("/admin/ai/metrics").json()["total_requests"] == 0


def test_a_key_runs_shared_datasets_and_no_private_ones(
    program: httpx2.Client, one: Person
) -> None:
    shared = dataset(one.actor, question("a"), name="Shared", visibility="shared")
    private = dataset(one.actor, question("a"), name="Private")
    assert begun(program, test_cases=[], dataset_id=str(shared.id))
    new = {"name": "CI", "target": APP, "scorers": [CONTAINS], "dataset_id": str(private.id)}
    assert program.post("/evaluation/probabilistic", json=new).status_code == 404


def test_an_evaluation_of_a_revoked_key_ends_with_the_reason(
    program: httpx2.Client, client: Client, key: CreatedApiKey, one: Person
) -> None:
    id_ = begun(program)
    answered(program, id_)
    with transaction() as session:
        api_keys.revoke(session, key.id, actor=one.actor)
    run(UUID(id_))
    found = client(one).get(f"/evaluation/{id_}").json()
    assert found["status"] == "failed"
    assert "not active any more" in found["error"]


def test_a_start_that_is_sent_again_is_the_same_evaluation(program: httpx2.Client) -> None:
    id_ = begun(program, idempotency_key="build 7")
    answered(program, id_)
    run(UUID(id_))
    new = {"name": "CI", "target": APP, "scorers": [CONTAINS], "test_cases": [{"input": "a"}]}
    again = program.post("/evaluation/probabilistic", json=new | {"idempotency_key": "build 7"})
    assert again.json() == {"id": id_, "status": "completed"}
    other = new | {"idempotency_key": "build 7", "runs": 2}
    refused = program.post("/evaluation/probabilistic", json=other)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_used")


@pytest.mark.parametrize(
    "target",
    [
        {"app": ""},
        {"app": "a", "model_id": "fake:echo"},
        {"app": "a", "prompt": "b"},
        {"app": "a", "parameters": {"temperature": 0}},
        {"model_id": "fake:echo", "release": "1"},
    ],
)
def test_an_app_has_no_model_prompt_or_parameters(
    program: httpx2.Client, target: dict[str, object]
) -> None:
    new = {"name": "CI", "target": target, "scorers": [CONTAINS], "test_cases": [{"input": "a"}]}
    assert program.post("/evaluation/probabilistic", json=new).status_code == 422


def test_a_wrong_cursor_and_too_many_answers_are_refused(program: httpx2.Client) -> None:
    id_ = begun(program)
    for wrong in ("a", "1.2", "1.2.-3", f"1.2.{2**40}", "1.2.3.4"):
        assert program.get(f"/evaluation/{id_}/work", params={"cursor": wrong}).status_code == 422
    many = {"answers": [{"id": id_}] * 201}
    assert program.post(f"/evaluation/{id_}/answers", json=many).status_code == 422


def test_a_key_is_told_that_it_replays_no_case(program: httpx2.Client) -> None:
    id_ = begun(program, target={"model_id": "fake:echo"})
    run(UUID(id_))
    [case] = program.get(f"/evaluation/{id_}/cases").json()["items"]
    refused = program.post(f"/evaluation/{id_}/cases/{case['id']}/replay", json={"target": 1})
    assert refused.status_code == 403
    assert refused.json()["detail"] == "API keys can't replay cases. Sign in instead."
