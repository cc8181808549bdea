"""POST callback/ai: what each kind of callback changes."""

import json
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text

from api.access import forged_callbacks
from core.database.db import transaction
from core.executions.service import service_calls
from core.identity.schemas import Role
from core.platform import clock
from core.playground.service import answers
from tests.api.conftest import Client
from tests.api.feeds import following, heard_until
from tests.chat_service import signed
from tests.factories.history import at
from tests.factories.identity import Person, person
from tests.factories.services import call_back, register


@pytest.fixture
def me(monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setattr(forged_callbacks, "forged", forged_callbacks.ForgedCallbacks())
    return person(Role.ADMIN)


@pytest.fixture
def boss(client: Client, me: Person) -> httpx2.Client:
    return client(me)


@pytest.fixture
def nobody(client: Client) -> httpx2.Client:
    return client()


@pytest.fixture
def secret(boss: httpx2.Client) -> str:
    return str(register(boss)["callback_secret"])


def ask(boss: httpx2.Client, message: str = "two and two?", **more: object) -> dict[str, Any]:
    sent = boss.post("/admin/playground/chat", json={"message": message, **more})
    assert sent.status_code == 202, sent.text
    body: dict[str, Any] = sent.json()
    return body


def answer_of(boss: httpx2.Client, sent: dict[str, Any]) -> dict[str, Any]:
    params = {"session_id": sent["session_id"]}
    history = boss.get("/admin/playground/history", params=params).json()
    [answer] = [each for each in history["messages"] if each["job_id"] == sent["job_id"]]
    assert isinstance(answer, dict)
    return answer


def run_out(sent: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the timeout of a job pass."""
    with monkeypatch.context() as later:
        at(clock.now() + timedelta(seconds=121), later)
        with transaction() as session:
            service_calls.fail_overdue(session)
    with transaction() as session:
        answers.settle(session, UUID(sent["job_id"]))


def test_a_message_is_pending_until_its_callback_completes_it(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str
) -> None:
    sent = ask(boss)
    assert sent["status"] == "pending"
    pending = answer_of(boss, sent)
    assert (pending["status"], pending["service_used"]) == ("pending", "Bot")
    received = call_back(nobody, secret, sent["job_id"])
    assert (received.status_code, received.json()) == (
        200,
        {"status": "received", "job_id": sent["job_id"]},
    )
    answer = answer_of(boss, sent)
    assert (answer["status"], answer["content"], answer["late"]) == ("completed", "four", False)
    assert 0 <= answer["response_time_ms"] < 60_000
    execution = boss.get(f"/prompts/{sent['job_id']}").json()
    assert (execution["status"], execution["response"], execution["model_id"]) == (
        "completed",
        "four",
        "service:Bot",
    )


@pytest.mark.parametrize(
    "error", ["out of tokens", {"message": "out of tokens"}, "out of \0tokens"]
)
def test_a_failed_job_says_why(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str, error: object
) -> None:
    sent = ask(boss)
    call_back(nobody, secret, sent["job_id"], status="failed", output=None, error=error)
    answer = answer_of(boss, sent)
    assert (answer["status"], answer["content"]) == ("failed", "")
    assert answer["error"]["detail"] == "The service reported a failure: out of tokens"


@pytest.mark.parametrize("answer", [None, "", " \n"])
def test_completed_without_an_answer_is_failed(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str, answer: str | None
) -> None:
    sent = ask(boss)
    call_back(nobody, secret, sent["job_id"], answer)
    failed = answer_of(boss, sent)
    assert (failed["status"], failed["error"]["reason"]) == ("failed", "empty_answer")


@pytest.mark.parametrize("first", ["completed", "failed"])
def test_a_repeated_callback_has_no_second_effect(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str, first: str
) -> None:
    sent = ask(boss)
    call_back(nobody, secret, sent["job_id"], status=first)
    before = answer_of(boss, sent)
    again = call_back(nobody, secret, sent["job_id"], "five")
    assert again.status_code == 200
    assert answer_of(boss, sent) == before
    [session] = boss.get("/admin/playground/sessions").json()["sessions"]
    assert session["execution_count"] == 1


def test_a_late_answer_completes_a_job_that_has_run_out(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = ask(boss)
    run_out(sent, monkeypatch)
    failed = answer_of(boss, sent)
    assert (failed["status"], failed["error"]["detail"]) == (
        "failed",
        "The service did not answer within 120 s.",
    )
    call_back(nobody, secret, sent["job_id"])
    late = answer_of(boss, sent)
    assert (late["status"], late["content"], late["late"], late["error"]) == (
        "completed",
        "four",
        True,
        None,
    )
    call_back(nobody, secret, sent["job_id"], "five")
    assert answer_of(boss, sent)["content"] == "four"
    [session] = boss.get("/admin/playground/sessions").json()["sessions"]
    assert session["execution_count"] == 1


def test_an_answer_that_is_a_month_late_completes_its_job(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # From 24 days on, milliseconds do not fit into 32 bits
    sent = ask(boss)
    run_out(sent, monkeypatch)
    month = text("update prompt_executions set created_at = created_at - interval '30 days'")
    with transaction() as session:
        session.execute(month)
    assert call_back(nobody, secret, sent["job_id"]).status_code == 200
    late = answer_of(boss, sent)
    assert (late["status"], late["response_time_ms"]) == ("completed", 2**31 - 1)


def test_a_late_failure_changes_nothing(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = ask(boss)
    run_out(sent, monkeypatch)
    before = answer_of(boss, sent)
    call_back(nobody, secret, sent["job_id"], status="failed", error="too busy")
    assert answer_of(boss, sent) == before


def test_a_late_answer_brings_no_removed_text_back(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = ask(boss)
    run_out(sent, monkeypatch)
    address = f"/sessions/{sent['session_id']}"
    boss.delete(address, params={"permanently": True}).raise_for_status()
    assert call_back(nobody, secret, sent["job_id"]).status_code == 200
    execution = boss.get(f"/prompts/{sent['job_id']}").json()
    assert (execution["status"], execution["response"]) == ("failed", "")


def test_a_stopped_job_stays_stopped(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str
) -> None:
    sent = ask(boss)
    stopped = boss.post(f"/prompts/{sent['job_id']}/cancel").json()
    assert stopped["status"] == "cancelled"
    call_back(nobody, secret, sent["job_id"])
    answer = answer_of(boss, sent)
    assert (answer["status"], answer["content"]) == ("cancelled", "")


@pytest.mark.parametrize("job_id", ["no-job-of-ours", 7, "0199d2f0-0000-7000-8000-000000000001"])
def test_an_unknown_job_is_received(nobody: httpx2.Client, secret: str, job_id: object) -> None:
    received = call_back(nobody, secret, job_id)
    assert (received.status_code, received.json()) == (
        200,
        {"status": "received", "job_id": job_id},
    )


def test_another_services_job_is_received_without_an_effect(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str
) -> None:
    sent = ask(boss)
    other = register(boss, name="Other", is_active=False, production=True)["callback_secret"]
    received = call_back(nobody, other, sent["job_id"])
    assert received.status_code == 200
    assert answer_of(boss, sent)["status"] == "pending"


def test_the_parameters_of_a_callback_decide_nothing(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str
) -> None:
    sent, other = ask(boss), ask(boss)
    params = {"session_id": other["session_id"], "message_id": "7", "admin_user_id": "x"}
    call_back(nobody, secret, sent["job_id"], callback_params=params)
    assert answer_of(boss, sent)["status"] == "completed"
    assert answer_of(boss, other)["status"] == "pending"


def test_a_callback_without_parameters_counts_too(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str
) -> None:
    # They decide nothing, and their null lost a signed answer
    sent = ask(boss)
    assert call_back(nobody, secret, sent["job_id"], callback_params=None).status_code == 200
    assert answer_of(boss, sent)["status"] == "completed"


def forged(secret: str, body: bytes) -> dict[str, dict[str, str]]:
    good = signed(secret, body)
    stale = signed(secret, body) | {"webhook-timestamp": str(int(time.time()) - 3600)}
    return {
        "unsigned": {},
        "another body's": signed(secret, b"{}"),
        "another secret's": signed("whsec_" + "A" * 44, body),
        "stale": stale,
        "another version": good
        | {"webhook-signature": good["webhook-signature"].replace("v1", "v2")},
        "no time": good | {"webhook-timestamp": "soon"},
    }


@pytest.mark.parametrize("kind", list(forged("whsec_" + "A" * 44, b"")))
def test_a_forged_callback_is_refused(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str, kind: str
) -> None:
    sent = ask(boss)
    body = json.dumps({"job_id": sent["job_id"], "status": "failed"}).encode()
    refused = nobody.post("/callback/ai", content=body, headers=forged(secret, body)[kind])
    assert (refused.status_code, refused.json()["code"]) == (401, "signature_refused")
    assert answer_of(boss, sent)["status"] == "pending"


def test_one_of_several_signatures_suffices(nobody: httpx2.Client, secret: str) -> None:
    body = b'{"job_id": "x", "status": "failed"}'
    headers = signed(secret, body)
    headers["webhook-signature"] = f"v1,bm9uZQ== {headers['webhook-signature']}"
    assert nobody.post("/callback/ai", content=body, headers=headers).status_code == 200


def test_an_address_that_forges_is_refused_for_a_minute(nobody: httpx2.Client, secret: str) -> None:
    codes = [nobody.post("/callback/ai", json={}).status_code for _ in range(31)]
    assert codes == [401] * 30 + [429]
    assert call_back(nobody, secret, "x").status_code == 429


@pytest.mark.parametrize("body", [b"[]", b"no json", b'{"job_id": "x", "status": "working"}'])
def test_a_signed_body_of_another_form_is_invalid(
    nobody: httpx2.Client, secret: str, body: bytes
) -> None:
    answer = nobody.post("/callback/ai", content=body, headers=signed(secret, body))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


def test_an_answer_of_almost_two_mebibytes_is_taken_and_a_larger_body_is_not(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str
) -> None:
    sent, most = ask(boss), 2 * 2**20
    assert call_back(nobody, secret, sent["job_id"], "x" * most).status_code == 413
    assert call_back(nobody, secret, sent["job_id"], "x" * (most - 1000)).status_code == 200
    assert len(answer_of(boss, sent)["content"]) == most - 1000
    again = ask(boss, session_id=sent["session_id"])  # with that answer in its history
    assert call_back(nobody, secret, again["job_id"]).status_code == 200


def test_what_postgres_cannot_store_is_left_out_of_an_answer(
    boss: httpx2.Client, nobody: httpx2.Client, secret: str
) -> None:
    sent = ask(boss)
    assert call_back(nobody, secret, sent["job_id"], "a\0b").status_code == 200
    assert answer_of(boss, sent)["content"] == "ab"


def test_a_removed_service_fails_its_pending_jobs(boss: httpx2.Client) -> None:
    service = register(boss)
    sent = ask(boss)
    boss.delete(f"/admin/services/{service['id']}").raise_for_status()
    execution = boss.get(f"/prompts/{sent['job_id']}").json()
    assert (execution["status"], execution["error"]["reason"]) == ("failed", "removed")


def test_the_websocket_has_the_answer_with_its_callback(
    address: str, me: Person, boss: httpx2.Client, nobody: httpx2.Client, secret: str
) -> None:
    sent = ask(boss)
    with following(address, sent["session_id"], me) as socket:
        heard_until(socket, "playground_session")
        call_back(nobody, secret, sent["job_id"])
        response = heard_until(socket, "playground_response")[-1]
    assert (response["content"], response["status"]) == ("four", "completed")


def test_parameters_and_tools_are_for_models_only(boss: httpx2.Client, secret: str) -> None:
    for more in ({"parameters": {"temperature": 0.5}}, {"tools": ["current_time"]}):
        body = {"message": "hi", **more}
        assert boss.post("/admin/playground/chat", json=body).status_code == 422
        named = boss.post("/admin/playground/chat", json={**body, "model": "fake:echo"})
        assert named.status_code == 202


def test_another_admin_sees_nothing_of_a_job(
    client: Client, boss: httpx2.Client, secret: str
) -> None:
    sent, other = ask(boss), client(person(Role.ADMIN))
    history = {"session_id": sent["session_id"]}
    answers = [
        other.get("/admin/playground/history", params=history),
        other.get(f"/prompts/{sent['job_id']}"),
        other.post(f"/prompts/{sent['job_id']}/cancel"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert other.get("/admin/playground/sessions").json()["total_count"] == 0
