"""Texts of calls and sessions are not in the database in plain text."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.connections import engines
from core.database.db import transaction
from core.executions import queries
from core.executions.runner import Runner
from core.executions.service import executions as service
from core.platform.crypto import WrongKey
from core.playground import queries as session_queries
from core.playground.schemas import AnswerRating, Draft, NewPlaygroundMessage, UnsentMessage
from core.playground.service import answers, ratings, sessions
from core.providers.chunks import Chunk, EndChunk, TextChunk, ToolCallChunk
from core.providers.vendors.fake import Fake
from tests.factories import bots as bot_factory
from tests.factories.executions import ended, executed
from tests.factories.identity import Person, person

# One word for each place where a text can be.
WORDS = {
    "prompt": "Aardvark",
    "system_prompt": "Bandicoot",
    "messages": "Capybara",
    "context": "Dormouse",
    "metadata": "Jackal",
    "response": "Echidna",
    "tool_executions": "Fennec",
    "message": "Gibbon",
    "custom_prompt": "Hyrax",
    "draft": "Impala",
    "note": "Kinkajou",
    "unsent": "Lemur",
}


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_given: object) -> Iterator[Chunk]:
        yield TextChunk(f"The {WORDS['response']} answers")
        yield ToolCallChunk("call", "look_up", f'{{"animal": "{WORDS["tool_executions"]}"}}')
        yield EndChunk("stop")

    monkeypatch.setattr(Fake, "stream", answer)


def everything() -> str:
    """Return every row of every table as text; binary values decoded as if they were text."""
    found = []
    for engine in (engines.current().core, engines.current().ai):
        with engine.connect() as connection:
            names = (
                connection.execute(
                    text("select tablename from pg_tables where schemaname = 'public'")
                )
                .scalars()
                .all()
            )
            for name in names:
                for row in connection.execute(text(f"select * from {name}")):
                    found += [
                        bytes(cell).decode("latin-1") if isinstance(cell, bytes) else str(cell)
                        for cell in row
                    ]
    return "\n".join(found)


def test_no_text_of_a_call_is_in_the_database(one: Person, answering: None) -> None:
    buffer = executed(
        one.actor,
        f"Ask the {WORDS['prompt']}",
        system_prompt=f"You are a {WORDS['system_prompt']}",
        messages=[{"role": "user", "content": WORDS["messages"]}],
        context={"pet": WORDS["context"]},
        metadata={"source": WORDS["metadata"]},
    )
    with transaction() as session:
        view = queries.get_execution(session, buffer.id, owner=one.actor.id)
    assert WORDS["response"] in view.response
    assert view.metadata == {"source": WORDS["metadata"]}
    assert WORDS["tool_executions"] in view.tool_executions[0].arguments
    stored = everything()
    assert str(buffer.id) in stored
    assert not [word for word in WORDS.values() if word in stored]


def test_no_text_of_a_session_is_in_the_database(
    one: Person, runner: Runner, answering: None
) -> None:
    given = NewPlaygroundMessage(
        message=f"Dear {WORDS['message']}",
        custom_prompt=WORDS["custom_prompt"],
        model="fake:echo",
        metadata={"source": WORDS["metadata"]},
    )
    with transaction() as session:
        sent = answers.send(session, given, actor=one.actor)
        sessions.save_draft(
            session, sent.session_id, Draft(custom_prompt=WORDS["draft"]), actor=one.actor
        )
    buffer = runner.find(UUID(sent.job_id))
    assert buffer is not None
    ended(buffer)
    with transaction() as session:
        [_, answer] = session_queries.list_messages(session, sent.session_id)
        unsent = UnsentMessage(message=WORDS["unsent"])
        sessions.save_unsent(session, sent.session_id, unsent, actor=one.actor)
        note = AnswerRating(note=WORDS["note"])
        ratings.rate(session, sent.session_id, answer.id, note, actor=one.actor)
    with transaction() as session:
        view = session_queries.get_session(session, sent.session_id, owner=one.actor.id)
        messages = session_queries.list_messages(session, sent.session_id)
    assert view.name == f"Dear {WORDS['message']}"
    assert view.metadata == {"source": WORDS["metadata"]}
    assert view.draft.custom_prompt == WORDS["draft"]
    assert view.unsent_message == WORDS["unsent"]
    assert [WORDS["message"] in messages[0].content, WORDS["response"] in messages[1].content] == [
        True,
        True,
    ]
    assert messages[1].custom_prompt == WORDS["custom_prompt"]
    assert messages[1].note == WORDS["note"]
    stored = everything()
    assert str(sent.session_id) in stored
    assert not [word for word in WORDS.values() if word in stored]


def test_no_text_of_a_bots_test_is_in_the_database(
    one: Person, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"rationale": WORDS["note"], "suggestions": [WORDS["draft"]]}
    bot_factory.Judge(bot_factory.judgement(**said)).install(monkeypatch)
    bot = bot_factory.made(one.actor, knowledge={"company": "We sell animals."})
    script = f'#fake {{"text": "We sell animals: {WORDS["response"]}"}}'
    result = bot_factory.asked(one.actor, bot, f"{script}\n{WORDS['message']}")
    assert WORDS["response"] in result.response
    assert result.personality_score is not None
    assert result.personality_score.rationale == WORDS["note"]
    assert result.knowledge_sources[0].words == ["animals", "sell"]
    stored = everything()
    assert str(result.id) in stored
    assert not [word for word in WORDS.values() if word in stored]


def test_stored_progress_is_encrypted(one: Person, runner: Runner) -> None:
    buffer = executed(one.actor)
    with transaction() as session:
        session.execute(text("update prompt_executions set status = 'pending'"))
        service.write_progress(session, buffer.id, f"so far the {WORDS['response']}")
    with transaction() as session:
        assert queries.find_progress(session, buffer.id) == (
            f"so far the {WORDS['response']}",
            "pending",
            None,
        )
    assert WORDS["response"] not in everything()


def test_an_envelope_opens_only_in_its_own_row_and_column(one: Person) -> None:
    """Whoever can write the tables, but has no key, cannot move one account's text into
    another's.
    """
    mine, theirs = executed(one.actor, "my secret"), executed(person().actor, "their secret")
    with transaction() as session:
        moved = (
            "update prompt_executions set response = (select response from prompt_executions "
            "where id = :from) where id = :to"
        )
        session.execute(text(moved), {"from": theirs.id, "to": mine.id})
    with pytest.raises(WrongKey), transaction() as session:
        queries.get_execution(session, mine.id, owner=one.actor.id)
