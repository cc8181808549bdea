"""API keys with the scope execute: they render and run public prompts, and nothing else."""

import threading

import httpx2
import pytest

from core.database.db import transaction
from core.executions.models import Execution
from core.identity.schemas import CreatedApiKey, Role, Scope
from core.identity.service import api_keys
from tests.api.conftest import Client
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing
from tests.factories.prompts import create, label

QUESTION = {"variables": {"question": "why?"}}


@pytest.fixture
def key(database: object) -> CreatedApiKey:
    return api_key(Scope.EXECUTE)


@pytest.fixture
def program(client: Client, key: CreatedApiKey) -> httpx2.Client:
    one = client()
    one.headers.update(bearing(key))
    return one


@pytest.fixture
def public(database: object) -> None:
    owner = person(Role.ADMIN).actor
    made = create(owner, prompt="Q: {{question}}", visibility="public", model_id="fake:echo")
    label(owner, made.id, 1)
    create(owner, "hidden")


def test_a_key_renders_by_name_and_label(program: httpx2.Client, public: None) -> None:
    for path, body in (("support@production", {}), ("support", {"label": "production"})):
        answer = program.post(f"/templates/{path}/render", json=QUESTION | body)
        assert (answer.status_code, answer.json()["prompt"]) == (200, "Q: why?")


def test_its_calls_belong_to_the_key_and_no_account(
    program: httpx2.Client, key: CreatedApiKey, public: None
) -> None:
    call = QUESTION | {"template_id": "support@production"}
    found = program.post("/prompts/execute", json=call).json()
    assert "Q: why?" in found["response"]
    assert program.get(f"/prompts/{found['id']}").json() == found
    with transaction() as session:
        row = session.get_one(Execution, found["id"])
        assert (row.owner, row.key_id) == (None, key.id)


def test_a_key_reads_no_call_of_another(
    program: httpx2.Client, client: Client, public: None
) -> None:
    call = QUESTION | {"template_id": "support"}
    found = program.post("/prompts/execute", json=call).json()
    other = client()
    other.headers.update(bearing(api_key(Scope.EXECUTE)))
    assert other.get(f"/prompts/{found['id']}").status_code == 404
    assert client(person()).get(f"/prompts/{found['id']}").status_code == 404


def test_a_key_sees_public_prompts_only_and_edits_none(
    program: httpx2.Client, public: None
) -> None:
    found = program.get("/templates").json()["items"]
    assert sorted(each["name"] for each in found) == ["default", "support"]
    assert not any(each["may_edit"] for each in found)
    assert program.post("/templates/hidden/render", json={}).status_code == 404
    made = found[0]["id"]
    for answer in (
        program.put(f"/templates/{made}", json={"prompt": "x"}),
        program.delete(f"/templates/{made}"),
        program.post("/templates", json={"name": "a", "prompt": "x"}),
        program.post(f"/templates/{made}/labels", json={"name": "a", "version": 1}),
        program.post("/templates/import", content=b"{}"),
        program.post("/admin/playground/chat", json={"message": "x"}),
        program.get("/admin/overview"),
    ):
        assert answer.status_code == 403


@pytest.mark.parametrize("scope", [Scope.INGEST, Scope.READ, Scope.READ_CONVERSATIONS])
def test_other_keys_call_no_models(client: Client, public: None, scope: Scope) -> None:
    one = client()
    one.headers.update(bearing(api_key(scope)))
    call = QUESTION | {"template_id": "support"}
    for answer in (
        one.post("/prompts/execute", json=call),
        one.post("/prompts/execute/stream", json=call),
        one.post("/templates/support/render", json=QUESTION),
        one.get("/models"),
    ):
        assert answer.status_code == 403
        assert "scope execute" in answer.json()["detail"]


def test_a_revoked_key_ends_its_stream_and_its_call(
    program: httpx2.Client, key: CreatedApiKey, public: None
) -> None:
    boss = person(Role.ADMIN).actor

    def revoke() -> None:
        with transaction() as session:
            api_keys.revoke(session, key.id, actor=boss)

    call = {"model_id": "fake:steady", "prompt": "x"}
    with program.stream("POST", "/prompts/execute/stream", json=call) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if line.startswith("event: token"))
        threading.Thread(target=revoke).start()
        rest = list(lines)
    assert [line for line in rest if line.startswith("event: ")][-1] == "event: error"
    assert '"code": "key_dead"' in "".join(rest)
    assert program.get("/models").status_code == 401
    with transaction() as session:
        row = session.query(Execution).one()
    assert (row.status, bool(row.response)) == ("cancelled", True)
