"""Branches of a session: an edited message, an answer made again, and which branch is shown."""

from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.executions import encrypted_texts
from core.executions import runner as runners
from core.executions.models import Execution
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus
from core.identity.schemas import Actor
from core.platform.ids import new_id
from core.playground.branches.schemas import NewAnswer
from core.playground.errors import (
    AnswerPending,
    NotEditable,
    NothingToRegenerate,
    PlaygroundMessageMissing,
    PlaygroundSessionMissing,
)
from core.playground.schemas import PlaygroundSessionView, SentMessage
from core.playground.service import answers, branches, session_transfer, sessions
from core.playground.session_files import SessionFile, SessionFormat
from core.playground.session_readers import markdown_files
from tests.factories.executions import ended
from tests.factories.identity import Person, person
from tests.factories.playground import answered, messages_of, said


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def regenerated(one: Person, session_id: UUID, **new_answer: object) -> SentMessage:
    """Have the last answer made again, and wait for it."""
    asked = NewAnswer.model_validate({"model": "fake:echo", **new_answer})
    with transaction() as session:
        sent = branches.regenerate(session, session_id, asked, actor=one.actor)
    buffer = runners.current().find(UUID(sent.job_id))
    assert buffer is not None
    ended(buffer)
    return sent


def show(actor: Actor, session_id: UUID, message_id: UUID) -> PlaygroundSessionView:
    with transaction() as session:
        return branches.show(session, session_id, message_id, actor=actor)


def texts(one: Person, session_id: UUID) -> list[str]:
    """Return the shown messages, without what the fake model says of its prompt."""
    found = messages_of(one.actor, session_id)
    return [it.content.removeprefix("Fake answer: ").partition(" (")[0] for it in found]


def read_by_model(sent: SentMessage) -> list[str]:
    """Return the messages before the one that a model answered."""
    with transaction() as session:
        row = session.get(Execution, UUID(sent.job_id))
        assert row is not None
        earlier = encrypted_texts.open_messages(row.messages, row.id)
    return [it.content.removeprefix("Fake answer: ").partition(" (")[0] for it in earlier]


def exported(one: Person, session_id: UUID, format_: SessionFormat = SessionFormat.JSON) -> str:
    with transaction() as session:
        return session_transfer.export(session, session_id, format_, actor=one.actor)[1]


def test_an_edited_message_continues_from_its_place_on_a_branch_of_its_own(one: Person) -> None:
    session_id = answered(one.actor, "a").session_id
    answered(one.actor, "b", session_id=session_id)
    answered(one.actor, "c", session_id=session_id)
    edited = messages_of(one.actor, session_id)[2]
    sent = answered(one.actor, "B", session_id=session_id, edits=edited.id)
    assert texts(one, session_id) == ["a", "a", "B", "B"]
    assert read_by_model(sent) == ["a", "a"]
    following = answered(one.actor, "C", session_id=session_id)
    assert read_by_model(following) == ["a", "a", "B", "B"]
    show(one.actor, session_id, edited.id)
    assert texts(one, session_id) == ["a", "a", "b", "b", "c", "c"]


def test_the_first_message_can_be_edited(one: Person) -> None:
    first = answered(one.actor, "a")
    sent = answered(one.actor, "A", session_id=first.session_id, edits=first.user_message.id)
    assert texts(one, first.session_id) == ["A", "A"]
    assert read_by_model(sent) == []
    assert messages_of(one.actor, first.session_id)[0].alternatives == [
        first.user_message.id,
        sent.user_message.id,
    ]


def test_a_message_goes_on_from_the_branch_that_is_shown(one: Person) -> None:
    first = answered(one.actor, "a")
    id_ = first.session_id
    answered(one.actor, "A", session_id=id_, edits=first.user_message.id)
    show(one.actor, id_, first.user_message.id)
    following = answered(one.actor, "b", session_id=id_)
    assert read_by_model(following) == ["a", "a"]
    assert texts(one, id_) == ["a", "a", "b", "b"]


def test_an_answer_is_made_again_by_another_model_and_the_first_one_stays(one: Person) -> None:
    session_id = answered(one.actor, "a").session_id
    answered(one.actor, "b", session_id=session_id)
    before = messages_of(one.actor, session_id)
    sent = regenerated(one, session_id, model="fake:plain", custom_prompt="Be brief.")
    after = messages_of(one.actor, session_id)
    assert [it.id for it in after[:3]] == [it.id for it in before[:3]]
    assert (after[3].service_used, after[3].custom_prompt) == ("fake:plain", "Be brief.")
    assert after[3].alternatives == [before[3].id, after[3].id]
    assert read_by_model(sent) == ["a", "a"]
    assert sent.user_message.id == before[2].id
    show(one.actor, session_id, before[3].id)
    assert [it.id for it in messages_of(one.actor, session_id)] == [it.id for it in before]


def test_a_failed_answer_can_be_made_again(one: Person) -> None:
    session_id = answered(one.actor, "a", model="fake:refusing").session_id
    regenerated(one, session_id)
    assert messages_of(one.actor, session_id)[-1].status is ExecutionStatus.COMPLETED


def test_the_newest_of_the_branches_through_a_message_is_shown(one: Person) -> None:
    first = answered(one.actor, "a")
    id_ = first.session_id
    second = answered(one.actor, "b", session_id=id_)
    answered(one.actor, "B", session_id=id_, edits=second.user_message.id)
    answered(one.actor, "A", session_id=id_, edits=first.user_message.id)
    show(one.actor, id_, first.user_message.id)
    assert texts(one, id_) == ["a", "a", "B", "B"]


def test_a_message_that_is_shown_already_changes_nothing(one: Person) -> None:
    first = answered(one.actor, "a")
    second = answered(one.actor, "b", session_id=first.session_id)
    answered(one.actor, "B", session_id=first.session_id, edits=second.user_message.id)
    show(one.actor, first.session_id, second.user_message.id)
    before = show(one.actor, first.session_id, first.user_message.id)
    assert texts(one, first.session_id) == ["a", "a", "b", "b"]
    assert show(one.actor, first.session_id, first.user_message.id).revision == before.revision


def test_counts_and_costs_are_those_of_all_branches(one: Person) -> None:
    session_id = answered(one.actor, "a").session_id
    regenerated(one, session_id)
    view = show(one.actor, session_id, messages_of(one.actor, session_id)[0].id)
    assert (view.message_count, view.execution_count) == (3, 2)


def test_sessions_from_before_branches_are_one_branch(one: Person) -> None:
    session_id = answered(one.actor, "a").session_id
    answered(one.actor, "b", session_id=session_id)
    with transaction() as session:
        stored = session.execute(text("select parent_position from playground_messages"))
        assert set(stored.scalars()) == {None}
    assert texts(one, session_id) == ["a", "a", "b", "b"]
    assert not any(it.alternatives for it in messages_of(one.actor, session_id))


def test_a_branch_does_not_begin_while_an_answer_is_pending(one: Person) -> None:
    sent = said(one.actor, "a", model="fake:slow")
    with pytest.raises(AnswerPending):
        said(one.actor, "A", session_id=sent.session_id, edits=sent.user_message.id)
    with pytest.raises(AnswerPending):
        regenerated(one, sent.session_id)
    with pytest.raises(AnswerPending):
        show(one.actor, sent.session_id, sent.user_message.id)
    with transaction() as session:
        answers.stop(session, sent.session_id, actor=one.actor)


def test_only_messages_of_the_session_are_edited_and_shown(one: Person) -> None:
    here, there = answered(one.actor, "a"), answered(one.actor, "b")
    for message_id in (there.user_message.id, new_id()):
        with pytest.raises(PlaygroundMessageMissing):
            said(one.actor, "A", session_id=here.session_id, edits=message_id)
        with pytest.raises(PlaygroundMessageMissing):
            show(one.actor, here.session_id, message_id)
    with pytest.raises(PlaygroundMessageMissing):
        said(one.actor, "A", edits=here.user_message.id)


def test_an_answer_cannot_be_edited(one: Person) -> None:
    session_id = answered(one.actor, "a").session_id
    answer = messages_of(one.actor, session_id)[1]
    with pytest.raises(NotEditable):
        said(one.actor, "A", session_id=session_id, edits=answer.id)


def test_an_empty_session_has_no_answer_to_make_again(one: Person) -> None:
    with transaction() as session:
        session_id = sessions.open_session(session, actor=one.actor).session_id
    with pytest.raises(NothingToRegenerate):
        regenerated(one, session_id)


def test_another_account_reaches_no_branch(one: Person) -> None:
    sent, other = answered(one.actor, "a"), person()
    with pytest.raises(PlaygroundSessionMissing):
        regenerated(other, sent.session_id)
    with pytest.raises(PlaygroundSessionMissing):
        show(other.actor, sent.session_id, sent.user_message.id)


def test_a_cleared_session_begins_anew_without_branches(one: Person) -> None:
    first = answered(one.actor, "a")
    answered(one.actor, "A", session_id=first.session_id, edits=first.user_message.id)
    show(one.actor, first.session_id, first.user_message.id)
    with transaction() as session:
        sessions.clear(session, first.session_id, actor=one.actor)
    answered(one.actor, "b", session_id=first.session_id)
    answered(one.actor, "c", session_id=first.session_id)
    assert texts(one, first.session_id) == ["b", "b", "c", "c"]


def test_an_export_has_all_branches_and_an_import_shows_the_same_one(one: Person) -> None:
    first = answered(one.actor, "a")
    answered(one.actor, "b", session_id=first.session_id)
    answered(one.actor, "A", session_id=first.session_id, edits=first.user_message.id)
    regenerated(one, first.session_id)
    show(one.actor, first.session_id, first.user_message.id)
    file = SessionFile.model_validate_json(exported(one, first.session_id))
    assert [it.parent for it in file.messages] == [None, None, None, None, 0, None, 5]
    with transaction() as session:
        copy = session_transfer.import_session(session, file, actor=one.actor).session_id
    assert texts(one, copy) == ["a", "a", "b", "b"]
    root = messages_of(one.actor, copy)[0].alternatives
    show(one.actor, copy, root[1])
    assert texts(one, copy) == ["A", "A"]
    assert len(messages_of(one.actor, copy)[1].alternatives) == len(root) == 2


def test_readable_exports_say_where_branches_part(one: Person) -> None:
    first = answered(one.actor, "a")
    answered(one.actor, "A", session_id=first.session_id, edits=first.user_message.id)
    regenerated(one, first.session_id)
    markdown = exported(one, first.session_id, SessionFormat.MARKDOWN)
    follows = [line for line in markdown.splitlines() if line.startswith("- Follows: ")]
    assert follows == ["- Follows: the beginning", "- Follows: 3"]
    read_back = markdown_files.read(markdown)
    assert [it.parent for it in read_back.messages] == [None, None, 0, None, 3]
    csv = exported(one, first.session_id, SessionFormat.CSV).splitlines()
    assert csv[0].endswith(",parent")
    assert [line.rpartition(",")[2] for line in csv[1:]] == ["0", "1", "0", "3", "3"]
