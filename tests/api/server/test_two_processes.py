"""Two processes on one database: one shows and stops the calls of the other."""

from collections.abc import Iterator
from threading import Event

import pytest

from core.database.db import transaction
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus
from core.identity.service import sessions
from core.network.cancellation import CancelToken
from core.providers.chunks import Chunk, EndChunk, TextChunk
from core.providers.errors import CallCancelled
from core.providers.provider_schemas import NewProvider
from core.providers.schemas import ModelCall
from core.providers.service import providers as providers
from core.providers.vendors.fake import Fake
from tests.api.conftest import ask
from tests.api.feeds import Reader, close_code, following, heard, heard_until
from tests.factories.executions import ended
from tests.factories.identity import Person, person
from tests.factories.playground import being_answered, messages_of, said


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def test_an_answer_grows_and_ends_in_the_other_one_too(
    whole: str, one: Person, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = Event()

    def stream(_self: Fake, _call: ModelCall, cancel_token: CancelToken) -> Iterator[Chunk]:
        yield TextChunk("Once upon a time, there was ")
        while not may_end.wait(0.02):
            if cancel_token.is_cancelled:
                raise CallCancelled
        yield TextChunk("an end.")
        yield EndChunk("stop")

    monkeypatch.setattr(Fake, "stream", stream)
    sent = said(one.actor)
    reader = Reader()
    with following(whole, sent.session_id, one) as socket:
        while not reader.messages:
            reader.read(heard(socket))
            if reader.texts:
                may_end.set()
    stored = messages_of(one.actor, sent.session_id)[1]
    assert reader.messages[str(stored.id)]["content"] == stored.content
    assert stored.content.endswith("an end.")
    assert len(reader.texts[str(stored.id)]) > 20
    assert stored.content.startswith(reader.texts[str(stored.id)])


def test_the_other_one_stops_it_long_before_its_end(
    whole: str, one: Person, runner: Runner
) -> None:
    sent, buffer = being_answered(one.actor)
    assert (
        ask("POST", f"{whole}/api/v1/prompts/{sent.job_id}/cancel", one.headers).status_code == 200
    )
    assert ended(buffer).status is ExecutionStatus.CANCELLED
    assert buffer.cancel_token.is_cancelled


def test_signing_out_in_one_process_applies_to_the_other(whole: str, one: Person) -> None:
    sent = said(one.actor)
    with following(whole, sent.session_id, one) as socket:
        heard_until(socket, "playground_session")
        with transaction() as session:
            sessions.sign_out(session, actor=one.actor)
        assert close_code(socket) == 4401
    assert ask("GET", f"{whole}/api/v1/models", one.headers).status_code == 401


def test_a_provider_that_is_added_in_one_can_be_called_in_the_other(
    whole: str, one: Person
) -> None:
    with transaction() as session:
        given = NewProvider.model_validate(
            {"name": "near", "kind": "openai", "base_url": "http://127.0.0.1:9/v1"}
        )
        providers.add(session, given, actor=one.actor)
    answer = ask("GET", f"{whole}/api/v1/models/near:any", one.headers)
    assert answer.status_code == 200
