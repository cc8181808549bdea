"""After a broken connection, the client gets everything after its last number, and nothing else."""

import random
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from api.routes.test.playground_feed import STEP
from core.database.db import transaction
from core.executions import runner as runners
from core.executions.answer_buffers import AnswerBuffer
from core.executions.runner import OnFinish, Runner
from core.executions.schemas import CallOutcome, ExecutionStatus, PendingExecution
from core.executions.service import executions
from core.platform.ids import new_id
from core.playground.schemas import SentMessage
from core.playground.service import answers
from tests.api.feeds import Reader, following, heard, heard_until
from tests.factories.executions import ended, speaking
from tests.factories.identity import Person, person
from tests.factories.playground import answered, messages_of, said

SLOWLY = '#fake {"words": 40, "rate": 60}\nx'
# Of these a test has what it needs and stops them, however late it comes to read
WITHOUT_END = '#fake {"words": 20000, "rate": 60}\nx'


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def read_with_breaks(address: str, one: Person, session_id: UUID, seed: int) -> Reader:
    """Read until the answer is whole, leaving after a few messages each time and coming back with
    the last number.
    """
    reader, chance = Reader(), random.Random(seed)
    while not reader.messages:
        with following(address, session_id, one, after=reader.number) as socket:
            for _ in range(chance.randint(1, 4)):
                reader.read(heard(socket))
                if reader.messages:
                    break
    return reader


@pytest.mark.parametrize("round_", range(3))
def test_whoever_comes_and_goes_has_read_the_same_as_is_stored(
    address: str, one: Person, round_: int
) -> None:
    first = answered(one.actor)
    session_id = first.session_id
    with ThreadPoolExecutor(3) as pool:
        reading = [
            pool.submit(read_from, address, one, session_id, seed=10 * round_ + number)
            for number in range(3)
        ]
        said(one.actor, SLOWLY, session_id=session_id)
        readers = [one_reading.result(timeout=60) for one_reading in reading]
    stored = messages_of(one.actor, session_id)[-1]
    for reader in readers:
        assert reader.messages[str(stored.id)]["content"] == stored.content
        assert stored.content.startswith(reader.texts.get(str(stored.id), ""))


def read_from(address: str, one: Person, session_id: UUID, *, seed: int) -> Reader:
    """Wait for the answer to begin, then read it with breaks."""
    with following(address, session_id, one) as socket:
        heard(socket)
        heard(socket)
    return read_with_breaks(address, one, session_id, seed)


def test_tokens_alone_add_up_to_the_answer(address: str, one: Person) -> None:
    """Each connection takes one token and breaks; what is read by `at` is the text,
    without a gap.
    """
    sent = said(one.actor, WITHOUT_END)
    reader = Reader()
    while len("".join(reader.texts.values())) <= 50:
        with following(address, sent.session_id, one, after=reader.number) as socket:
            for news in heard_until(socket, "playground_token"):
                reader.read(news)
    stop(one, sent)
    text = next(iter(reader.texts.values()))
    assert ended(buffer_of(sent)).text.startswith(text)


def test_a_number_in_the_middle_of_an_answer_brings_the_rest_of_it(
    address: str, one: Person
) -> None:
    sent = said(one.actor, WITHOUT_END)
    speaking(buffer_of(sent))
    with following(address, sent.session_id, one) as socket:
        token = heard_until(socket, "playground_token")[-1]
    with following(address, sent.session_id, one, after=token["n"] - 3) as socket:
        again = heard_until(socket, "playground_token")[-1]
    assert again["at"] == len(token["text"]) - 3
    assert again["text"].startswith(token["text"][-3:])


def test_what_ended_meanwhile_comes_whole(address: str, one: Person) -> None:
    session_id = answered(one.actor, "first").session_id
    with following(address, session_id, one) as socket:
        number = heard(socket)["n"]
    for word in ("second", "third"):
        answered(one.actor, word, session_id=session_id)
    with following(address, session_id, one, after=number) as socket:
        told = heard_until(socket, "playground_session")
    assert [news["content"].split()[2] for news in told[:-1]] == ["second", "third"]


def test_a_client_with_everything_gets_nothing_again(address: str, one: Person) -> None:
    session_id = answered(one.actor).session_id
    with following(address, session_id, one) as socket:
        number = heard(socket)["n"]
    with following(address, session_id, one, after=number) as socket:
        assert heard(socket)["type"] == "playground_session"


def test_from_the_beginning_on_comes_everything(address: str, one: Person) -> None:
    session_id = answered(one.actor, "first").session_id
    answered(one.actor, "second", session_id=session_id)
    with following(address, session_id, one, after=0) as socket:
        told = heard_until(socket, "playground_session")
    assert len([news for news in told if news["type"] == "playground_response"]) == 2


@pytest.mark.parametrize("after", [10**30, -(10**30), -1, 999 * STEP, 999 * STEP + 17])
def test_a_number_that_was_never_given_begins_anew(address: str, one: Person, after: int) -> None:
    sent = said(one.actor, WITHOUT_END)
    with following(address, sent.session_id, one, after=after) as socket:
        tokens = [heard_until(socket, "playground_token")[-1] for _ in range(2)]
    stop(one, sent)
    assert tokens[0]["at"] == 0
    text = "".join(news["text"] for news in tokens)
    assert ended(buffer_of(sent)).text.startswith(text)


def stop(one: Person, sent: SentMessage) -> None:
    with transaction() as session:
        assert answers.stop(session, sent.session_id, actor=one.actor)


def buffer_of(sent: SentMessage) -> AnswerBuffer:
    buffer = runners.current().find(UUID(sent.job_id))
    assert buffer is not None
    return buffer


class Elsewhere(Runner):
    """The runner of another process: this one has no buffer of its calls."""

    begun: PendingExecution

    def launch(self, begun: PendingExecution, on_finish: OnFinish | None = None) -> AnswerBuffer:
        """Leave the writing to the test."""
        self.begun = begun
        return AnswerBuffer(begun.id)


def test_an_answer_that_another_process_writes_grows_here_too(
    address: str, one: Person, runner: Runner
) -> None:
    elsewhere = Elsewhere(new_id())
    runners.use(elsewhere)
    sent = said(one.actor)
    runners.use(runner)
    reader = Reader()
    with following(address, sent.session_id, one) as socket:
        reader.read(heard(socket))
        for text in ("Once", "Once upon", "Once upon a time"):
            with transaction() as session:
                executions.write_progress(session, elsewhere.begun.id, text)
            for news in heard_until(socket, "playground_token"):
                reader.read(news)
            token = news
            assert text.endswith(token["text"])
            assert reader.texts == {token["message_id"]: text}
        with transaction() as session:
            executions.finish(
                session,
                elsewhere.begun,
                CallOutcome(ExecutionStatus.COMPLETED, "Once upon a time."),
            )
            answers.settle(session, elsewhere.begun.id)
        whole = heard_until(socket, "playground_response")[-1]
    assert (whole["content"], whole["status"]) == ("Once upon a time.", "completed")


def test_it_can_be_stopped_from_here(address: str, one: Person, runner: Runner) -> None:
    elsewhere = Elsewhere(new_id())
    runners.use(elsewhere)
    sent = said(one.actor)
    runners.use(runner)
    with transaction() as session:
        executions.write_progress(session, elsewhere.begun.id, "Once upon")
    stop(one, sent)
    message = messages_of(one.actor, sent.session_id)[1]
    assert (message.status, message.content) == (ExecutionStatus.CANCELLED, "Once upon")


def test_text_in_any_script_is_counted_in_characters(address: str, one: Person) -> None:
    sent = said(one.actor, "🙂 Zürich 東京 👩‍👩‍👧 " * 30)
    buffer = ended(buffer_of(sent))
    reader = Reader()
    with following(address, sent.session_id, one, after=2 * STEP) as socket:
        for news in heard_until(socket, "playground_session"):
            reader.read(news)
    assert next(iter(reader.messages.values()))["content"] == buffer.text
