"""prompts/execute/stream: an answer in progress as server-sent events."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy.orm import Session

from api.routes.test import answer_stream as routes
from core.database import bus
from core.database.db import transaction
from core.executions import runner as runners
from core.identity.schemas import AccountChange, Role
from core.identity.service import accounts, sessions
from core.providers.chunks import Chunk, EndChunk, TextChunk, ToolCallChunk
from core.providers.vendors.fake import Fake
from tests.api.conftest import Client
from tests.factories.identity import Person, person

ASK = {"model_id": "fake:echo", "prompt": "the capital of France"}


@dataclass(frozen=True)
class StreamEvent:
    """One event, or a comment under the name of `:`."""

    name: str
    data: dict[str, Any]


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person())


def events(answer: httpx2.Response) -> Iterator[StreamEvent]:
    """Yield what a stream says, as it says it."""
    name = ""
    for line in answer.iter_lines():
        if line.startswith(":"):
            yield StreamEvent(":", {})
        elif line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield StreamEvent(name, json.loads(line.removeprefix("data: ")))
        else:
            assert line == ""


def streamed(mine: httpx2.Client, **given: object) -> list[StreamEvent]:
    with mine.stream("POST", "/prompts/execute/stream", json=ASK | given) as answer:
        assert answer.status_code == 200
        return list(events(answer))


def text_of(told: list[StreamEvent]) -> str:
    return "".join(event.data["text"] for event in told if event.name == "token")


def test_a_stream_has_tokens_then_usage_then_done(mine: httpx2.Client) -> None:
    told = streamed(mine)
    names = [event.name for event in told]
    assert names[-2:] == ["usage", "done"]
    assert set(names[:-2]) == {"token"}
    assert text_of(told) == told[-1].data["execution"]["response"]
    assert told[-2].data == told[-1].data["execution"]["usage"]


def test_its_headers_keep_proxies_from_holding_it_back(mine: httpx2.Client) -> None:
    with mine.stream("POST", "/prompts/execute/stream", json=ASK) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        told = list(events(answer))
    assert answer.headers["x-execution-id"] == told[-1].data["execution"]["id"]


def test_the_first_token_does_not_wait_for_the_last(mine: httpx2.Client) -> None:
    with mine.stream(
        "POST", "/prompts/execute/stream", json=ASK | {"model_id": "fake:steady"}
    ) as answer:
        first = next(events(answer))
        assert first.data["text"].startswith("Fake answer:")
        mine.post(f"/prompts/{answer.headers['x-execution-id']}/cancel")


def test_the_text_arrives_whole_in_any_script(mine: httpx2.Client) -> None:
    prompt = 'Zürich 東京 🙂👩‍👩‍👧 "quoted" \\ back\rslash </script> data: x'
    told = streamed(mine, prompt=prompt)
    assert text_of(told) == f"Fake answer: {prompt} (prompt: none)"


def test_no_character_ends_a_line_of_the_stream(
    mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "".join(map(chr, [*range(1, 0x21), 0x7F, 0x85, 0xA0, 0x2028, 0x2029, 0xFEFF, 0x1F642]))

    def saying(*_given: object) -> Iterator[Chunk]:
        yield TextChunk(said)
        yield EndChunk("stop")

    monkeypatch.setattr(Fake, "stream", saying)
    assert text_of(streamed(mine)) == said


def test_a_failure_is_an_error_with_the_problem_and_the_text_so_far(mine: httpx2.Client) -> None:
    told = streamed(mine, prompt='#fake {"words": 20, "rate": 0, "fail_after": 5}\nx')
    assert [event.name for event in told][-2:] == ["usage", "error"]
    problem = told[-1].data["problem"]
    assert (problem["status"], problem["code"], problem["reason"]) == (
        502,
        "provider_failed",
        "server",
    )
    assert problem["execution"]["response"] == text_of(told)


def test_silence_is_filled_with_comments(
    mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    comments_arrived = Event()

    def silent(*_given: object) -> Iterator[Chunk]:
        assert comments_arrived.wait(30)
        yield TextChunk("Paris")
        yield EndChunk("stop")

    assert routes.COMMENT_INTERVAL_S == 15
    monkeypatch.setattr(routes, "COMMENT_INTERVAL_S", 0.02)
    monkeypatch.setattr(Fake, "stream", silent)
    with mine.stream("POST", "/prompts/execute/stream", json=ASK) as answer:
        told = events(answer)
        assert [next(told).name for _ in range(3)] == [":", ":", ":"]
        comments_arrived.set()
        assert [event.name for event in told][-1] == "done"


def test_a_rejected_stream_returns_a_problem(mine: httpx2.Client) -> None:
    answer = mine.post("/prompts/execute/stream", json=ASK | {"model_id": "nothing"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_tools_that_the_model_asks_for_are_events(
    mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def calling(*_given: object) -> Iterator[Chunk]:
        yield TextChunk("Let me look.")
        yield ToolCallChunk("call-1", "look_up", '{"city": "Paris"}')
        yield EndChunk("tool_calls")

    monkeypatch.setattr(Fake, "stream", calling)
    told = streamed(mine)
    tool = {"id": "call-1", "name": "look_up", "arguments": '{"city": "Paris"}'}
    tools = [event.data for event in told if event.name == "tool"]
    assert [{name: each[name] for name in tool} for each in tools] == [tool]
    done = told[-1].data["execution"]
    assert (done["tool_executions"], done["finish_reason"]) == (tools, "tool_calls")
    assert done["usage"]["is_estimated"] is True


def test_a_reader_who_leaves_does_not_end_the_call(mine: httpx2.Client) -> None:
    body = ASK | {"prompt": '#fake {"words": 12, "rate": 60}\nx'}
    with mine.stream("POST", "/prompts/execute/stream", json=body) as answer:
        next(events(answer))
        id_ = answer.headers["x-execution-id"]
    buffer = runners.current().find(UUID(id_))
    assert buffer is not None
    while buffer.outcome is None:
        assert not buffer.cancel_token.wait(0.01)
    assert mine.get(f"/prompts/{id_}").json()["status"] == "completed"


def test_a_stop_from_elsewhere_ends_the_stream_with_what_there_is(mine: httpx2.Client) -> None:
    with mine.stream(
        "POST", "/prompts/execute/stream", json=ASK | {"model_id": "fake:steady"}
    ) as answer:
        stream = events(answer)
        told = [next(stream) for _ in range(3)]
        stopped = mine.post(f"/prompts/{answer.headers['x-execution-id']}/cancel").json()
        told += list(stream)
    assert told[-1].name == "done"
    end = told[-1].data["execution"]
    # Stored when its thread has ended, which may be before the last event is read, or after
    later = dict.fromkeys(("response", "usage", "execution_time_ms", "first_token_ms"))
    assert end | later == stopped | later
    assert end["response"].startswith(stopped["response"])
    assert stopped["status"] == "cancelled"
    assert text_of(told).startswith(stopped["response"])


def test_many_streams_at_once_do_not_mix(mine: httpx2.Client) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(
                lambda number: text_of(streamed(mine, prompt=f"number {number} " * 20)), range(12)
            )
        )
    for number, answer in enumerate(answers):
        assert answer.count(f"number {number} ") == 20


def last_event_after(
    act: Callable[[Session], object], one: Person, client: Client
) -> tuple[str, StreamEvent]:
    """Return the ID of an answer and its last event, after something was done while it streamed."""
    with client(one).stream(
        "POST", "/prompts/execute/stream", json=ASK | {"model_id": "fake:steady"}
    ) as answer:
        stream = events(answer)
        next(stream)
        with transaction() as session:
            act(session)
        return answer.headers["x-execution-id"], list(stream)[-1]


def test_a_session_that_ends_hears_no_more_and_the_answer_goes_on(client: Client) -> None:
    one = person()
    id_, last = last_event_after(partial(sessions.sign_out, actor=one.actor), one, client)
    assert last.name == "error"
    assert last.data["problem"]["code"] == "session_over"
    buffer = runners.current().find(UUID(id_))
    assert buffer is not None
    assert buffer.outcome is None


def test_an_account_whose_role_is_lowered_hears_why_its_stream_ends(client: Client) -> None:
    one, boss = person(), person(Role.SUPER_ADMIN)
    lowered = AccountChange(role=Role.REVIEWER)

    def lower(session: Session) -> None:
        accounts.change_account(session, one.actor.id, lowered, actor=boss.actor)

    _, last = last_event_after(lower, one, client)
    assert last.data["problem"]["code"] == "forbidden"


def test_nothing_is_left_listening_afterwards(client: Client) -> None:
    one = person()
    streamed(client(one))
    assert f"revoked {one.actor.id}" not in bus._listeners  # noqa: SLF001  who listens
