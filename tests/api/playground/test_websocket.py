"""The websocket of a playground session: who may follow, and the messages."""

import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from core.database.db import transaction
from core.executions.answer_buffers import AnswerBuffer
from core.executions.runner import OnFinish, Runner
from core.executions.schemas import PendingExecution
from core.executions.service import executions
from core.identity.schemas import Role, SessionKind
from core.network.cancellation import CancelToken
from core.platform.ids import new_id
from core.playground.service import sessions
from core.providers.chunks import Chunk, EndChunk, TextChunk
from core.providers.errors import CallCancelled
from core.providers.schemas import ModelCall
from core.providers.vendors.fake import Fake
from tests.api.conftest import Client
from tests.api.feeds import close_code, following, following_by_cookie, heard, heard_until
from tests.factories.executions import ended, speaking
from tests.factories.identity import Person, person
from tests.factories.playground import answered, said


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def ticket(mine: httpx2.Client) -> str:
    return str(mine.post("/admin/playground/ws-ticket").json()["ticket"])


def test_a_websocket_opens_with_a_cookie_and_the_consoles_origin(
    address: str, runner: Runner
) -> None:
    browsing = person(kind=SessionKind.BROWSER)
    with following_by_cookie(address, answered(browsing.actor).session_id, browsing) as socket:
        assert heard(socket)["type"] == "playground_session"


def test_a_websocket_opens_with_a_ticket_alone(address: str, one: Person, client: Client) -> None:
    session_id = answered(one.actor).session_id
    with following(address, session_id, None, ticket=ticket(client(one))) as socket:
        assert heard(socket)["session_id"] == str(session_id)


def test_a_ticket_opens_one_websocket(address: str, one: Person, client: Client) -> None:
    session_id, once = answered(one.actor).session_id, ticket(client(one))
    with following(address, session_id, None, ticket=once) as socket:
        assert heard(socket)["session_id"] == str(session_id)
    with (
        pytest.raises(InvalidStatus) as refused,
        following(address, session_id, None, ticket=once),
    ):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("given", ["x", "a.b.c", "", "x" * 3000])
def test_a_ticket_that_is_none_of_ours_opens_nothing(address: str, one: Person, given: str) -> None:
    with pytest.raises(InvalidStatus) as refused, following(address, new_id(), None, ticket=given):
        pass
    assert refused.value.response.status_code == 403


def test_a_token_is_no_ticket_and_a_ticket_no_token(
    address: str, one: Person, client: Client
) -> None:
    with pytest.raises(InvalidStatus), following(address, new_id(), None, ticket=one.token):
        pass
    answer = client().get("/models", headers={"Authorization": f"Bearer {ticket(client(one))}"})
    assert answer.status_code == 401


def test_a_websocket_without_credentials_is_closed(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused, following(address, new_id(), None):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
def test_who_may_not_run_models_may_not_follow(address: str, runner: Runner, role: Role) -> None:
    with pytest.raises(InvalidStatus), following(address, new_id(), person(role)):
        pass


def test_a_websocket_of_another_accounts_session_closes_with_4404(
    address: str, one: Person
) -> None:
    theirs = answered(person().actor).session_id
    with following(address, theirs, one) as socket:
        assert close_code(socket) == 4404


def test_so_does_one_that_is_none(address: str, one: Person) -> None:
    with following(address, new_id(), one) as socket:
        assert close_code(socket) == 4404


@pytest.mark.parametrize("query", ["session_id=x", "session_id=", "", "session_id=1&after=x"])
def test_an_address_that_does_not_fit_is_refused(address: str, one: Person, query: str) -> None:
    with pytest.raises(InvalidStatus), following(address, "x&" + query, one):
        pass


def test_the_first_thing_told_is_where_the_session_stands(address: str, one: Person) -> None:
    session_id = answered(one.actor).session_id
    with following(address, session_id, one) as socket:
        news = heard(socket)
    assert news == {
        "session_id": str(session_id),
        "type": "playground_session",
        "n": 3 << 20,
        "revision": 3,
        "pending": None,
    }


@pytest.fixture
def word_may_come(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Let each of four words of an answer come when it is released, however late that is."""
    released = threading.Semaphore(0)

    def stream(_self: Fake, _call: ModelCall, cancel_token: CancelToken) -> Iterator[Chunk]:
        for word in ("Once", " upon", " a", " time"):
            while not released.acquire(timeout=0.02):
                if cancel_token.is_cancelled:
                    raise CallCancelled
            yield TextChunk(word)
        yield EndChunk("stop")

    monkeypatch.setattr(Fake, "stream", stream)
    return released


def heard_word_by_word(
    socket: ClientConnection, word_may_come: threading.Semaphore
) -> list[dict[str, Any]]:
    """Let a word come once the one before was heard; return all that is told of the answer."""
    told = []
    for _ in range(3):
        word_may_come.release()
        told += heard_until(socket, "playground_token")
    word_may_come.release()
    return told + heard_until(socket, "playground_response")


def test_an_answer_arrives_as_tokens_and_then_whole(
    address: str, one: Person, word_may_come: threading.Semaphore
) -> None:
    word_may_come.release(4)
    session_id = answered(one.actor).session_id
    with following(address, session_id, one) as socket:
        sent = said(one.actor, session_id=session_id)
        told = heard_word_by_word(socket, word_may_come)
    begun = next(news for news in told if news.get("pending"))
    assert begun["pending"]["job_id"] == sent.job_id
    tokens = [news for news in told if news["type"] == "playground_token"]
    assert len(tokens) > 1
    assert {news["message_id"] for news in tokens} == {begun["pending"]["message_id"]}
    whole = told[-1]
    assert {"session_id", "message_id", "content", "response_time_ms", "role", "status"} <= set(
        whole
    )
    assert (whole["role"], whole["status"]) == ("assistant", "completed")
    assert whole["content"].startswith("".join(news["text"] for news in tokens))


def test_tokens_do_not_wait_for_the_row_though_the_feed_was_quicker_than_the_call(
    address: str,
    one: Person,
    word_may_come: threading.Semaphore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows are written once a second; whoever follows in this process must not notice, even when
    told of the call too early.
    """
    word_may_come.release(4)
    session_id = answered(one.actor).session_id
    launch = Runner.launch

    def late(
        self: Runner, begun: PendingExecution, on_finish: OnFinish | None = None
    ) -> AnswerBuffer:
        time.sleep(0.15)
        return launch(self, begun, on_finish)

    monkeypatch.setattr(Runner, "launch", late)
    monkeypatch.setattr(executions, "write_progress", lambda *_: None)
    with following(address, session_id, one) as socket:
        heard(socket)
        said(one.actor, session_id=session_id)
        told = heard_word_by_word(socket, word_may_come)
    assert len([news for news in told if news["type"] == "playground_token"]) >= 3


def test_numbers_never_fall(address: str, one: Person) -> None:
    session_id = answered(one.actor).session_id
    with following(address, session_id, one) as socket:
        said(one.actor, '#fake {"words": 12, "rate": 60}\nx', session_id=session_id)
        told = [*heard_until(socket, "playground_response"), heard(socket)]
    numbers = [news["n"] for news in told]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("model", ["fake:cut", "fake:refusing"])
def test_a_failed_answer_is_told_as_failed(address: str, one: Person, model: str) -> None:
    session_id = answered(one.actor).session_id
    with following(address, session_id, one) as socket:
        said(one.actor, model=model, session_id=session_id)
        assert heard_until(socket, "playground_response")[-1]["status"] == "failed"


def test_a_stopped_answer_is_told_with_its_text(
    address: str, one: Person, client: Client, runner: Runner
) -> None:
    sent = said(one.actor, model="fake:steady")
    with following(address, sent.session_id, one) as socket:
        heard_until(socket, "playground_token")
        stopped = client(one).post(f"/prompts/{sent.job_id}/cancel").json()
        whole = heard_until(socket, "playground_response")[-1]
    assert whole["status"] == "cancelled"
    assert whole["content"].startswith(stopped["response"])  # and what came until it had stopped


def test_deleting_the_session_closes_its_feed(address: str, one: Person, client: Client) -> None:
    session_id = answered(one.actor).session_id
    with following(address, session_id, one) as socket:
        heard(socket)
        client(one).delete(f"/admin/playground/session/{session_id}")
        assert close_code(socket) == 4404


def test_clearing_it_is_told(address: str, one: Person) -> None:
    session_id = answered(one.actor).session_id
    with following(address, session_id, one) as socket:
        heard(socket)
        with transaction() as session:
            sessions.clear(session, session_id, actor=one.actor)
        news = heard(socket)
    assert (news["type"], news["revision"], news["pending"]) == ("playground_session", 4, None)


def test_two_tabs_read_the_same(address: str, one: Person, runner: Runner) -> None:
    sent = said(one.actor, '#fake {"words": 20, "rate": 40}\nx')
    buffer = runner.find(UUID(sent.job_id))
    assert buffer is not None
    with following(address, sent.session_id, one) as first:
        speaking(buffer)
        with following(address, sent.session_id, one) as second:
            whole = [heard_until(socket, "playground_response")[-1] for socket in (first, second)]
    assert whole[0] == whole[1]
    assert whole[0]["content"] == ended(buffer).text


def test_messages_of_a_client_are_ignored(address: str, one: Person) -> None:
    session_id = answered(one.actor).session_id
    with following(address, session_id, one) as socket:
        heard(socket)
        for message in (
            "",
            "x" * 100_000,
            b"\xff\x00",
            '{"type": "subscribe", "session_id": "other"}',
        ):
            socket.send(message)
        said(one.actor, session_id=session_id)
        assert heard_until(socket, "playground_response")[-1]["status"] == "completed"
