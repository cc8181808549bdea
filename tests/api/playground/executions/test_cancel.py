"""prompts/{id}/cancel: stop an answer; its text so far stays."""

import time
from uuid import UUID

import httpx2
import pytest

from core.executions import runner as runners
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.identity import person

WORDS_OF_STEADY = 200


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person())


def begin(mine: httpx2.Client) -> tuple[str, str]:
    """Begin an answer of ten seconds, wait for its first words, and return its session and
    its job.
    """
    sent = mine.post("/admin/playground/chat", json={"message": "x", "model": "fake:steady"}).json()
    buffer = runners.current().find(UUID(sent["job_id"]))
    assert buffer is not None
    while not buffer.length:
        time.sleep(0.01)
    return sent["session_id"], sent["job_id"]


def test_a_stop_is_there_long_before_the_end_and_keeps_the_text(mine: httpx2.Client) -> None:
    _, job_id = begin(mine)
    body = mine.post(f"/prompts/{job_id}/cancel").json()
    assert (body["status"], body["finish_reason"]) == ("cancelled", "cancelled")
    assert body["response"].startswith("Fake answer:")
    assert len(body["response"].split()) < WORDS_OF_STEADY


def test_the_thread_that_makes_the_call_ends_too(mine: httpx2.Client) -> None:
    _, job_id = begin(mine)
    buffer = runners.current().find(UUID(job_id))
    assert buffer is not None
    mine.post(f"/prompts/{job_id}/cancel")
    assert buffer.cancel_token.wait(30)
    assert buffer.outcome is not None


def test_the_session_agrees_at_once(mine: httpx2.Client) -> None:
    session_id, job_id = begin(mine)
    stopped = mine.post(f"/prompts/{job_id}/cancel").json()
    answer = mine.get("/admin/playground/history", params={"session_id": session_id}).json()[
        "messages"
    ][-1]
    assert answer["status"] == "cancelled"
    assert answer["content"].startswith(stopped["response"])  # and what came until it had stopped
    again = mine.post(
        "/admin/playground/chat",
        json={"message": "y", "session_id": session_id, "model": "fake:echo"},
    )
    assert again.status_code == 202


def test_a_second_stop_changes_nothing(mine: httpx2.Client) -> None:
    _, job_id = begin(mine)
    first, second = (mine.post(f"/prompts/{job_id}/cancel").json() for _ in range(2))
    # Stored once its thread has ended
    of_the_end = ("response", "usage", "first_token_ms", "execution_time_ms")
    assert second["response"].startswith(first["response"])
    for answer in (first, second):
        for name in of_the_end:
            del answer[name]
    assert second == first


def test_cancelling_an_ended_execution_changes_nothing(mine: httpx2.Client) -> None:
    done = mine.post("/prompts/execute", json={"model_id": "fake:echo", "prompt": "x"}).json()
    answer = mine.post(f"/prompts/{done['id']}/cancel")
    assert answer.status_code == 200
    assert answer.json() == done


def test_a_call_that_is_none_is_404(mine: httpx2.Client) -> None:
    assert mine.post(f"/prompts/{new_id()}/cancel").status_code == 404


def test_somebody_elses_goes_on(client: Client, mine: httpx2.Client) -> None:
    _, job_id = begin(mine)
    assert client(person()).post(f"/prompts/{job_id}/cancel").status_code == 404
    assert mine.get(f"/prompts/{job_id}").json()["status"] == "pending"
