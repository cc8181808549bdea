"""Jobs reach a real service in a process of its own, which answers by callback."""

from collections.abc import Iterator
from uuid import UUID

import httpx2
import pytest

from core.database.db import transaction
from core.identity.schemas import Role
from core.platform.config import config
from core.services import dispatch
from tests.api.conftest import Client
from tests.api.feeds import following, heard_until
from tests.api.playground.services.test_callbacks import answer_of, ask
from tests.factories.history import count
from tests.factories.identity import Person, person
from tests.factories.services import ChatService, chat_service, deliver_jobs, register


@pytest.fixture(scope="module")
def service() -> Iterator[ChatService]:
    with chat_service() as started:
        yield started


@pytest.fixture
def me(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """Let services call back at the address where the API is served."""
    monkeypatch.setenv("ATTUNE_PUBLIC_URL", address)
    config.cache_clear()
    yield person(Role.ADMIN)
    monkeypatch.undo()
    config.cache_clear()


@pytest.fixture
def boss(client: Client, me: Person, service: ChatService) -> httpx2.Client:
    """Return an admin whose active service runs."""
    api = client(me)
    service.tell_secret(register(api, service.url)["callback_secret"])
    return api


def answered(
    boss: httpx2.Client, address: str, me: Person, message: str, **more: object
) -> dict[str, object]:
    """Ask, and return the answer once an open page has been told of it."""
    sent = ask(boss, message, **more)
    with following(address, sent["session_id"], me) as socket:
        heard_until(socket, "playground_session")
        assert deliver_jobs() == 1
        heard_until(socket, "playground_response")
    return answer_of(boss, sent)


def test_a_job_is_sent_with_all_that_its_service_needs(
    boss: httpx2.Client, address: str, me: Person, service: ChatService
) -> None:
    answer = answered(boss, address, me, "the first one", custom_prompt="Be brief.")
    [job] = service.jobs_with("the first one")
    [session] = boss.get("/admin/playground/sessions").json()["sessions"]
    assert job == {
        "job_id": answer["job_id"],
        "message": "the first one",
        "prompt": "Be brief.",
        "history": [],
        "callback_url": f"{address}/api/v1/callback/ai",
        "callback_params": {
            "message_id": answer["id"],
            "source": "playground",
            "session_id": session["session_id"],
            "admin_user_id": str(me.actor.id),
        },
    }


def test_the_history_of_a_session_is_sent_with_its_next_message(
    boss: httpx2.Client, address: str, me: Person, service: ChatService
) -> None:
    first = answered(boss, address, me, "how it began")
    assert first["content"] == "You said: how it began"
    session_id = service.jobs_with("how it began")[0]["callback_params"]["session_id"]
    ask(boss, "how it went on", session_id=session_id)
    deliver_jobs()
    [job] = service.jobs_with("how it went on")
    assert job["history"] == [
        {"role": "user", "content": "how it began"},
        {"role": "assistant", "content": "You said: how it began"},
    ]


def test_a_service_gets_no_more_turns_than_were_set(
    boss: httpx2.Client, address: str, me: Person, service: ChatService
) -> None:
    answered(boss, address, me, "the first of three")
    session_id = service.jobs_with("the first of three")[0]["callback_params"]["session_id"]
    answered(boss, address, me, "the second of three", session_id=session_id, history_turns=0)
    assert service.jobs_with("the second of three")[0]["history"] == []


def test_a_service_that_calls_back_twice_answers_once(
    boss: httpx2.Client, address: str, me: Person, service: ChatService
) -> None:
    before = len(service.taken()["answered"])
    answer = answered(boss, address, me, '{"callbacks": 2, "answer": "once"}\ntwice')
    while len(service.taken()["answered"]) < before + 2:
        pass
    assert service.taken()["answered"][before:] == [200, 200]
    assert (answer["status"], answer["content"]) == ("completed", "once")


def test_a_failure_is_shown_in_the_services_own_words(
    boss: httpx2.Client, address: str, me: Person
) -> None:
    answer = answered(boss, address, me, '{"error": "<b>no</b> tokens left"}')
    assert answer["status"] == "failed"
    assert "<b>no</b> tokens left" in str(answer["error"])


def test_a_job_that_is_sent_again_after_a_kill_has_one_effect(
    boss: httpx2.Client, service: ChatService
) -> None:
    sent = ask(boss, '{"callbacks": 0}\nsent again')
    deliver_jobs()
    with transaction() as session:  # the worker was killed before it had noted the first time
        job = service.jobs_with("sent again")[0]
        dispatch.begin(session, UUID(sent["job_id"]), job["callback_params"])
    deliver_jobs()
    assert [each["job_id"] for each in service.jobs_with("sent again")] == [sent["job_id"]] * 2
    assert [service.answer(sent["job_id"], answer=each) for each in ("a", "b")] == [200, 200]
    assert answer_of(boss, sent)["content"] == "a"


def test_a_busy_service_is_tried_again_and_then_reported(boss: httpx2.Client) -> None:
    sent = ask(boss, '{"http": 503}')
    assert deliver_jobs() == 1 + len(dispatch.RETRY_WAITS)
    failed = boss.get(f"/prompts/{sent['job_id']}").json()
    assert (failed["status"], failed["error"]["detail"]) == (
        "failed",
        "The service refused the job (503).",
    )
    [service] = boss.get("/admin/services").json()["items"]
    assert (service["status"], service["has_valid_token"]) == ("failing", True)


def test_a_job_that_is_refused_fails_at_once(boss: httpx2.Client) -> None:
    sent = ask(boss, '{"http": 400}')
    assert deliver_jobs() == 1
    failed = boss.get(f"/prompts/{sent['job_id']}").json()
    assert failed["error"]["reason"] == "refused"


def test_a_wrong_token_is_said_with_the_job_and_in_settings(boss: httpx2.Client) -> None:
    [service] = boss.get("/admin/services").json()["items"]
    boss.patch(f"/admin/services/{service['id']}", json={"token": "wrong"})
    sent = ask(boss)
    assert deliver_jobs() == 1
    failed = boss.get(f"/prompts/{sent['job_id']}").json()
    assert failed["error"]["detail"] == "The service rejected the token (401)."
    [service] = boss.get("/admin/services").json()["items"]
    assert (service["status"], service["has_valid_token"]) == ("unauthorized", False)


def test_a_stopped_job_is_not_sent(boss: httpx2.Client, service: ChatService) -> None:
    sent = ask(boss, "never sent")
    boss.post(f"/prompts/{sent['job_id']}/cancel").raise_for_status()
    assert deliver_jobs() == 1
    assert service.jobs_with("never sent") == []


def test_a_test_shows_that_jobs_arrive_and_callbacks_return(boss: httpx2.Client) -> None:
    [added] = boss.get("/admin/services").json()["items"]
    tested = boss.post(f"/admin/services/{added['id']}/test").json()
    assert (tested["status"], tested["status_detail"]) == ("working", None)
    while boss.get("/admin/services").json()["items"][0]["last_callback_at"] is None:
        pass
    assert boss.get("/admin/playground/sessions").json()["total_count"] == 0


def test_each_job_has_a_timeout_of_its_own(boss: httpx2.Client) -> None:
    ask(boss, '{"callbacks": 0}')
    timed = "task_name = 'services.fail_overdue' and scheduled_at > now() + interval '100 s'"
    assert count("procrastinate_jobs", timed) == 1


@pytest.mark.parametrize(
    "wish",
    [{"cost_limit_usd": "0.01"}, {"parameters": {"temperature": 0}}, {"tools": ["current_time"]}],
)
def test_what_a_service_cannot_keep_to_is_refused(
    boss: httpx2.Client, wish: dict[str, object]
) -> None:
    refused = boss.post("/admin/playground/chat", json={"message": "hello"} | wish)
    assert refused.status_code == 422
    assert "Name a model to use them" in refused.json()["detail"]
