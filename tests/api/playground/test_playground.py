"""admin/playground: chat, history and sessions."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import httpx2
import pytest

from core.executions import runner as runners
from core.executions.answer_buffers import AnswerBuffer
from core.identity.schemas import Role
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.executions import ended
from tests.factories.identity import person
from tests.factories.playground import DEFAULT_PROMPT

MESSAGE = {
    "id",
    "role",
    "content",
    "job_id",
    "status",
    "custom_prompt",
    "service_used",
    "response_time_ms",
    "created_at",
    "updated_at",
}


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person())


def chat(mine: httpx2.Client, message: str = "hello", **more: object) -> httpx2.Response:
    return mine.post(
        "/admin/playground/chat", json={"message": message, "model": "fake:echo", **more}
    )


def talk(mine: httpx2.Client, message: str = "hello", **more: object) -> str:
    """Say something, wait for the answer, and return the session's id."""
    sent = chat(mine, message, **more).json()
    ended(buffer_of(sent["job_id"]))
    return str(sent["session_id"])


def buffer_of(job_id: str) -> AnswerBuffer:
    buffer = runners.current().find(UUID(job_id))
    assert buffer is not None
    return buffer


def history(mine: httpx2.Client, session_id: str, **query: int) -> httpx2.Response:
    return mine.get("/admin/playground/history", params={"session_id": session_id, **query})


def test_chat_answers_at_once_with_a_job(mine: httpx2.Client) -> None:
    answer = chat(mine)
    body = answer.json()
    assert answer.status_code == 202
    assert set(body) == {"session_id", "user_message", "job_id", "status"}
    assert body["status"] == "pending"
    assert set(body["user_message"]) >= MESSAGE
    assert (body["user_message"]["role"], body["user_message"]["content"]) == ("user", "hello")
    assert body["user_message"]["status"] is None


def test_the_job_is_the_executions_id(mine: httpx2.Client) -> None:
    sent = chat(mine).json()
    ended(buffer_of(sent["job_id"]))
    assert mine.get(f"/prompts/{sent['job_id']}").json()["session_id"] == sent["session_id"]


def test_the_history_has_both_sides_in_order(mine: httpx2.Client) -> None:
    session_id = talk(mine, custom_prompt="Answer in one word.")
    body = history(mine, session_id).json()
    assert body | {"session_id": session_id, "total_count": 2} == body
    said, answer = body["messages"]
    assert set(said) >= MESSAGE
    assert (said["role"], answer["role"]) == ("user", "assistant")
    assert answer["content"] == "Fake answer: hello (prompt: Answer in one word.)"
    assert (answer["status"], answer["custom_prompt"]) == ("completed", "Answer in one word.")
    assert answer["service_used"] == "fake:echo"
    assert isinstance(answer["response_time_ms"], int)
    assert answer["cost_usd"] == "0"


def test_without_a_prompt_the_default_one_answers_and_is_not_called_custom(
    mine: httpx2.Client,
) -> None:
    answer = history(mine, talk(mine)).json()["messages"][1]
    assert answer["content"].endswith(f"(prompt: {' '.join(DEFAULT_PROMPT.split()[:8])})")
    assert answer["custom_prompt"] is None


def test_the_default_prompt_is_the_workspaces(client: Client, mine: httpx2.Client) -> None:
    assert mine.get("/admin/playground/default-prompt").json() == {"default_prompt": DEFAULT_PROMPT}
    mine.put("/admin/settings", json={"default_prompt": "Be brief."})
    assert client(person()).get("/admin/playground/default-prompt").json() == {
        "default_prompt": "Be brief."
    }
    assert (
        history(mine, talk(mine)).json()["messages"][1]["content"].endswith("(prompt: Be brief.)")
    )


def test_without_a_model_the_workspaces_default_answers(mine: httpx2.Client) -> None:
    mine.put("/admin/settings", json={"default_model": "fake:refusing"})
    sent = mine.post("/admin/playground/chat", json={"message": "x"}).json()
    ended(buffer_of(sent["job_id"]))
    assert (
        history(mine, sent["session_id"]).json()["messages"][1]["service_used"] == "fake:refusing"
    )


@pytest.mark.parametrize("message", ["", "  ", "\n\t"])
def test_a_message_without_words_is_refused_and_makes_no_session(
    mine: httpx2.Client, message: str
) -> None:
    assert chat(mine, message).status_code == 422
    columns = [{"model": "fake:echo"}]
    compared = mine.post("/comparisons", json={"columns": columns}).raise_for_status().json()["id"]
    turn = mine.post(f"/comparisons/{compared}/turns", json={"message": message})
    assert (turn.status_code, turn.json()["errors"][0]["field"]) == (422, "message")
    assert mine.get("/admin/playground/sessions").json()["total_count"] == 0


def test_an_unknown_id_is_made_into_a_session_of_the_caller(
    client: Client, mine: httpx2.Client
) -> None:
    wanted = str(new_id())
    assert history(mine, wanted).status_code == 404
    assert chat(mine, session_id=wanted).json()["session_id"] == wanted
    assert history(mine, wanted).status_code == 200
    assert history(client(person()), wanted).status_code == 404


@pytest.mark.parametrize(
    "given", ["", "x", "1", "0190a6e0-0000-7000-8000-00000000000g", 7, [], "../x"]
)
def test_an_id_that_is_not_well_formed_is_422(mine: httpx2.Client, given: object) -> None:
    assert chat(mine, session_id=given).status_code == 422


def test_somebody_elses_session_is_404_whatever_is_done_with_it(
    client: Client, mine: httpx2.Client
) -> None:
    theirs = talk(mine)
    other = client(person(Role.SUPER_ADMIN))
    assert chat(other, session_id=theirs).status_code == 404
    assert history(other, theirs).status_code == 404
    assert other.delete(f"/admin/playground/session/{theirs}").status_code == 404
    assert other.get("/admin/playground/sessions").json()["sessions"] == []
    assert history(mine, theirs).json()["total_count"] == 2


def test_while_an_answer_is_pending_the_next_message_is_refused(mine: httpx2.Client) -> None:
    sent = chat(mine, model="fake:steady").json()
    answer = chat(mine, session_id=sent["session_id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "answer_pending")
    assert history(mine, sent["session_id"]).json()["total_count"] == 2


@pytest.mark.parametrize("is_new", [True, False])
def test_of_two_messages_at_once_exactly_one_is_said(mine: httpx2.Client, is_new: bool) -> None:
    session_id = str(new_id()) if is_new else talk(mine)
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(lambda _: chat(mine, model="fake:steady", session_id=session_id), range(2))
        )
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    assert history(mine, session_id).json()["total_count"] == (2 if is_new else 4)


def test_earlier_messages_are_part_of_the_next_call(mine: httpx2.Client) -> None:
    session_id = talk(mine, "one two three")
    talk(mine, "four", session_id=session_id)
    first, second = (
        mine.get(f"/prompts/{it['job_id']}").json()
        for it in history(mine, session_id).json()["messages"][1::2]
    )
    assert second["usage"]["prompt_tokens"] > first["usage"]["prompt_tokens"] + 4


@pytest.mark.parametrize("message", ["", None, 7, "x" * 250_001])
def test_a_message_that_is_none_or_too_long_is_422(mine: httpx2.Client, message: object) -> None:
    answer = mine.post("/admin/playground/chat", json={"message": message})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "message"


def test_a_model_that_is_none_is_404_and_nothing_is_said(mine: httpx2.Client) -> None:
    wanted = str(new_id())
    assert chat(mine, model="nothing", session_id=wanted).json()["code"] == "model_missing"
    assert history(mine, wanted).status_code == 404


def test_a_parameter_that_does_not_fit_is_422_and_nothing_is_said(mine: httpx2.Client) -> None:
    wanted = str(new_id())
    assert chat(mine, session_id=wanted, parameters={"max_tokens": 32_001}).status_code == 422
    assert history(mine, wanted).status_code == 404


def test_a_failed_answer_stands_in_the_history_with_its_reason_and_its_text(
    mine: httpx2.Client,
) -> None:
    session_id = talk(mine, '#fake {"words": 9, "rate": 0, "fail_after": 3}\nx')
    answer = history(mine, session_id).json()["messages"][1]
    assert (answer["status"], answer["content"]) == ("failed", "Fake answer: the quick")
    assert answer["error"]["reason"] == "server"
    assert chat(mine, session_id=session_id).status_code == 202


def test_the_history_has_windows(mine: httpx2.Client) -> None:
    session_id = talk(mine, "first")
    for word in ("second", "third"):
        talk(mine, word, session_id=session_id)
    assert history(mine, session_id).json()["limit"] == 100
    page = history(mine, session_id, limit=2, offset=2).json()
    assert page["messages"][0]["content"] == "second"
    assert (page["total_count"], page["limit"], page["offset"], len(page["messages"])) == (
        6,
        2,
        2,
        2,
    )
    assert history(mine, session_id, offset=6).json()["messages"] == []


def test_times_are_iso_8601_with_their_offset(mine: httpx2.Client) -> None:
    message = history(mine, talk(mine)).json()["messages"][0]
    assert message["created_at"].endswith(("Z", "+00:00"))


def test_the_answer_takes_no_longer_than_the_database(mine: httpx2.Client) -> None:
    """The model is silent for longer than any client waits; the 202 does not wait for it."""
    assert chat(mine, '#fake {"delay_s": 600}\nx').status_code == 202
