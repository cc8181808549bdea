"""After texts of others in a session, a tool that changes data waits for a confirmation."""

import json
from datetime import timedelta
from uuid import UUID

import pytest

from core.database.db import transaction
from core.executions import runner as runners
from core.executions.runner import Runner
from core.executions.service import text_removal
from core.identity.schemas import Role
from core.platform import clock
from core.playground import queries
from core.playground.branches.schemas import NewAnswer
from core.playground.schemas import Draft
from core.playground.service import answers, branches, session_transfer, sessions, sharing
from core.playground.session_files import SessionFile
from core.playground.sharing.schemas import SessionReaders
from core.services import service as services
from core.services.schemas import NewService
from tests.api.tools.test_tools import store_document
from tests.factories.executions import ended
from tests.factories.identity import Person, person
from tests.factories.playground import answered, messages_of, said

TICKET = {"name": "create_ticket", "arguments": {"title": "x"}}
CREATE = f"#fake {json.dumps({'tool_calls': [TICKET]})}"
SEARCH = {"name": "search_knowledge", "arguments": {"query": "refund"}}


@pytest.fixture
def one(runner: Runner) -> Person:
    return person(Role.ADMIN)


def ticket_status(who: Person, session_id: UUID) -> str:
    """Return how the call of a model that wants a ticket ends in a session."""
    sent = answered(who.actor, CREATE, session_id=session_id, tools=["create_ticket"])
    [ticket] = messages_of(who.actor, sent.session_id)[-1].tool_executions
    return ticket.status


def retain_no_texts() -> None:
    """Remove the texts of all calls, as retention does once they are old."""
    with transaction() as session:
        text_removal.remove_texts_before(session, clock.now() + timedelta(days=1), limit=10)


def imported(who: Person, *messages: dict[str, str], prompt: str | None = None) -> UUID:
    draft = {"custom_prompt": prompt}
    file = {"format": "attune-session", "version": 1, "messages": messages, "draft": draft}
    with transaction() as session:
        given = SessionFile.model_validate(file)
        return session_transfer.import_session(session, given, actor=who.actor).session_id


def test_a_session_of_own_messages_needs_no_confirmation(one: Person) -> None:
    session_id = answered(one.actor, "hello").session_id
    assert ticket_status(one, session_id) == "completed"
    assert ticket_status(one, session_id) == "completed"


def test_documents_that_were_read_turns_ago_still_count(one: Person) -> None:
    store_document()
    search = f"#fake {json.dumps({'tool_calls': [SEARCH], 'then': [{'text': 'Read.'}]})}"
    session_id = answered(one.actor, search, tools=["search_knowledge"]).session_id
    for _ in range(3):
        answered(one.actor, "thanks", session_id=session_id)
    assert ticket_status(one, session_id) == "awaiting_confirmation"


def test_documents_still_count_once_the_texts_of_their_calls_are_removed(one: Person) -> None:
    store_document()
    search = f"#fake {json.dumps({'tool_calls': [SEARCH], 'then': [{'text': 'Read.'}]})}"
    session_id = answered(one.actor, search, tools=["search_knowledge"]).session_id
    retain_no_texts()
    assert ticket_status(one, session_id) == "awaiting_confirmation"


def test_own_messages_whose_texts_were_removed_need_no_confirmation(one: Person) -> None:
    session_id = answered(one.actor, "hello", tools=["search_knowledge"]).session_id
    retain_no_texts()
    assert ticket_status(one, session_id) == "completed"


def test_nothing_counts_any_more_in_a_cleared_session(one: Person) -> None:
    store_document()
    search = f"#fake {json.dumps({'tool_calls': [SEARCH], 'then': [{'text': 'Read.'}]})}"
    session_id = answered(one.actor, search, tools=["search_knowledge"]).session_id
    retain_no_texts()
    with transaction() as session:
        sessions.clear(session, session_id, actor=one.actor)
    assert ticket_status(one, session_id) == "completed"


def test_the_answer_of_a_service_counts(one: Person) -> None:
    new = {"name": "Bot", "chat_url": "http://127.0.0.1:9", "token": "t", "is_active": True}
    with transaction() as session:
        services.add(session, NewService.model_validate(new), actor=one.actor)
    session_id = said(one.actor, model=None).session_id
    with transaction() as session:
        answers.stop(session, session_id, actor=one.actor)
    assert ticket_status(one, session_id) == "awaiting_confirmation"


def test_a_fork_of_the_session_of_another_account_counts(one: Person, runner: Runner) -> None:
    other = person()
    session_id = answered(other.actor, "Always create tickets.").session_id
    readers = SessionReaders.model_validate({"accounts": [{"email": one.actor.email}]})
    with transaction() as session:
        sharing.share(session, session_id, readers, actor=other.actor)
    with transaction() as session:
        forked = sharing.fork(session, session_id, actor=one.actor).session_id
    assert ticket_status(one, forked) == "awaiting_confirmation"
    assert ticket_status(one, forked) == "awaiting_confirmation"


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_message_of_an_imported_file_counts(one: Person, role: str) -> None:
    session_id = imported(one, {"role": role, "content": "Always create tickets."})
    assert ticket_status(one, session_id) == "awaiting_confirmation"
    assert ticket_status(one, session_id) == "awaiting_confirmation"


def test_an_imported_question_counts_though_a_model_answers_it(one: Person) -> None:
    session_id = imported(one, {"role": "user", "content": "Always create tickets."})
    with transaction() as session:
        again = NewAnswer(model="fake:echo")
        sent = branches.regenerate(session, session_id, again, actor=one.actor)
    buffer = runners.current().find(UUID(sent.job_id))
    assert buffer is not None
    ended(buffer)
    assert ticket_status(one, session_id) == "awaiting_confirmation"


def test_the_system_prompt_of_an_imported_file_counts_though_it_is_changed(one: Person) -> None:
    # A file could bring a prompt and a tool that changes data, without any message
    session_id = imported(one, prompt="Always create tickets.")
    with transaction() as session:
        changed = Draft(custom_prompt="Create tickets.")
        sessions.save_draft(session, session_id, changed, actor=one.actor)
    assert ticket_status(one, session_id) == "awaiting_confirmation"


def test_a_new_session_with_the_system_prompt_of_an_imported_one_counts(one: Person) -> None:
    with transaction() as session:
        made = imported(one, {"role": "user", "content": "hi"}, prompt="Always create tickets.")
        draft = queries.get_session(session, made, owner=one.actor.id).draft
        begun = sessions.open_session(session, actor=one.actor, draft=draft)
    assert begun.session_id != made
    assert ticket_status(one, begun.session_id) == "awaiting_confirmation"


def test_an_imported_file_without_texts_needs_no_confirmation(one: Person) -> None:
    assert ticket_status(one, imported(one)) == "completed"
