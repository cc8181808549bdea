"""Sessions shared with other accounts: read or forked by them, and by nobody else."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.database.paging import Window
from core.errors import Forbidden, Invalid, NotFound
from core.executions.runner import Runner
from core.identity.schemas import Actor, Role
from core.platform.ids import new_id
from core.playground.errors import PlaygroundSessionMissing
from core.playground.schemas import Draft, PlaygroundSessionView, SessionDetails, UnsentMessage
from core.playground.service import (
    answers,
    branches,
    session_search,
    session_transfer,
    session_trash,
    sessions,
    sharing,
)
from core.playground.session_files import SessionFormat
from core.playground.sharing import queries as readable
from core.playground.sharing.schemas import SessionReaders
from core.system.service import account_removal
from tests.factories.identity import Person, person
from tests.factories.playground import answered, messages_of, said

WINDOW = Window(50)


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


@pytest.fixture
def reader(runner: Runner) -> Person:
    return person()


def share(owner: Actor, session_id: UUID, *emails: str) -> list[str]:
    readers = SessionReaders.model_validate({"accounts": [{"email": it} for it in emails]})
    with transaction() as session:
        return [it.email for it in sharing.share(session, session_id, readers, actor=owner)]


def shared_session(one: Person, reader: Person) -> UUID:
    session_id = answered(one.actor, "a").session_id
    share(one.actor, session_id, reader.actor.email)
    return session_id


def found(who: Person, session_id: UUID) -> PlaygroundSessionView | None:
    with transaction() as session:
        return readable.find(session, session_id, account=who.actor.id)


def listed(who: Person) -> list[UUID]:
    with transaction() as session:
        page = readable.list_shared(session, account=who.actor.id, window=WINDOW)
        assert page.total_count == len(page.items)
        return [it.session_id for it in page.items]


def revision(who: Person, session_id: UUID) -> int | None:
    with transaction() as session:
        return readable.find_revision(session, session_id, account=who.actor.id)


def forked(who: Person, session_id: UUID) -> UUID:
    with transaction() as session:
        return sharing.fork(session, session_id, actor=who.actor).session_id


def test_a_reader_reads_a_shared_session_and_others_do_not(one: Person, reader: Person) -> None:
    session_id = shared_session(one, reader)
    view = found(reader, session_id)
    assert view is not None
    assert view.shared_by == one.actor.email
    assert listed(reader) == [session_id]
    assert revision(reader, session_id) == view.revision
    other = person(Role.SUPER_ADMIN)
    assert (found(other, session_id), listed(other), revision(other, session_id)) == (
        None,
        [],
        None,
    )


def test_a_reader_does_not_see_what_its_owner_has_not_sent(one: Person, reader: Person) -> None:
    session_id = shared_session(one, reader)
    with transaction() as session:
        unsent = UnsentMessage(message="Not yet")
        sessions.save_unsent(session, session_id, unsent, actor=one.actor)
    own, shared = found(one, session_id), found(reader, session_id)
    assert own is not None
    assert shared is not None
    assert (own.unsent_message, shared.unsent_message) == ("Not yet", "")


def test_the_owner_sees_no_shared_session_in_ones_own(one: Person, reader: Person) -> None:
    session_id = answered(one.actor, "a").session_id
    assert share(one.actor, session_id, one.actor.email, reader.actor.email) == [reader.actor.email]
    view = found(one, session_id)
    assert view is not None
    assert view.shared_by is None
    assert listed(one) == []


def test_a_reader_changes_nothing(one: Person, reader: Person) -> None:
    session_id = shared_session(one, reader)
    message_id = messages_of(one.actor, session_id)[0].id
    actor = reader.actor
    with pytest.raises(NotFound):
        said(actor, "b", session_id=session_id)
    with pytest.raises(NotFound):
        share(actor, session_id)
    for act in (sessions.clear, sessions.remove, session_trash.erase, answers.stop):
        with pytest.raises(NotFound), transaction() as session:
            act(session, session_id, actor=actor)
    with pytest.raises(NotFound), transaction() as session:
        branches.show(session, session_id, message_id, actor=actor)
    with pytest.raises(NotFound), transaction() as session:
        sessions.change_details(session, session_id, SessionDetails(name="x"), actor=actor)
    with pytest.raises(NotFound), transaction() as session:
        sessions.save_draft(session, session_id, Draft(), actor=actor)
    with pytest.raises(NotFound), transaction() as session:
        session_transfer.export(session, session_id, SessionFormat.JSON, actor=actor)
    with pytest.raises(NotFound), transaction() as session:
        readable.list_readers(session, session_id, owner=actor.id)


def test_a_search_finds_own_sessions_only(one: Person, reader: Person) -> None:
    shared_session(one, reader)
    with transaction() as session:
        page = session_search.find(session, "a", owner=reader.actor.id, window=WINDOW)
    assert page.items == []


def test_sharing_anew_replaces_the_readers_and_tells_open_pages(
    one: Person, reader: Person
) -> None:
    session_id, second = shared_session(one, reader), person()
    before = revision(one, session_id)
    assert before is not None
    assert share(one.actor, session_id, f" {second.actor.email.upper()} ", second.actor.email) == [
        second.actor.email
    ]
    assert found(reader, session_id) is None
    assert found(second, session_id) is not None
    assert revision(one, session_id) == before + 1
    assert share(one.actor, session_id) == []
    assert listed(second) == []


def test_an_email_without_an_account_shares_with_nobody(one: Person, reader: Person) -> None:
    session_id = answered(one.actor, "a").session_id
    with pytest.raises(Invalid, match="nobody@"):
        share(one.actor, session_id, reader.actor.email, "nobody@example.com")
    assert listed(reader) == []


def test_a_session_in_the_trash_is_missing_for_its_readers_until_it_is_restored(
    one: Person, reader: Person
) -> None:
    session_id = shared_session(one, reader)
    with transaction() as session:
        sessions.remove(session, session_id, actor=one.actor)
    assert (found(reader, session_id), listed(reader), revision(reader, session_id)) == (
        None,
        [],
        None,
    )
    with pytest.raises(PlaygroundSessionMissing):
        forked(reader, session_id)
    with pytest.raises(PlaygroundSessionMissing):
        share(one.actor, session_id, reader.actor.email)
    with transaction() as session:
        session_trash.restore(session, session_id, actor=one.actor)
    assert listed(reader) == [session_id]


def test_an_erased_session_is_shared_with_nobody(one: Person, reader: Person) -> None:
    session_id = shared_session(one, reader)
    with transaction() as session:
        session_trash.erase(session, session_id, actor=one.actor)
        assert session.scalar(text("select count(*) from playground_shares")) == 0
    assert found(reader, session_id) is None


@pytest.mark.parametrize("is_owner", [True, False])
def test_removing_an_account_ends_what_is_shared_by_it_and_with_it(
    one: Person, reader: Person, is_owner: bool
) -> None:
    session_id, boss = shared_session(one, reader), person(Role.SUPER_ADMIN)
    removed = one if is_owner else reader
    with transaction() as session:
        account_removal.remove_account(session, removed.actor.id, actor=boss.actor)
    with transaction() as session:
        assert session.scalar(text("select count(*) from playground_shares")) == 0
    assert listed(reader) == []
    assert (found(one, session_id) is None) == is_owner


def test_a_fork_is_the_readers_own_session_with_all_branches(one: Person, reader: Person) -> None:
    first = answered(one.actor, "a", custom_prompt="Be brief.")
    session_id = first.session_id
    answered(one.actor, "A", session_id=session_id, edits=first.user_message.id)
    share(one.actor, session_id, reader.actor.email)
    copy = forked(reader, session_id)
    view = found(reader, copy)
    assert view is not None
    assert view.shared_by is None
    assert (view.message_count, view.total_cost) == (4, Decimal(0))
    question, answer = messages_of(reader.actor, copy)
    assert (question.content, answer.custom_prompt) == ("A", None)
    with transaction() as session:
        branches.show(session, copy, question.alternatives[0], actor=reader.actor)
    assert messages_of(reader.actor, copy)[1].custom_prompt == "Be brief."
    answered(reader.actor, "b", session_id=copy)
    assert len(messages_of(one.actor, session_id)) == 2
    share(one.actor, session_id)
    assert found(reader, copy) is not None


def test_a_fork_of_a_running_session_waits_for_nothing(one: Person, reader: Person) -> None:
    session_id = said(one.actor, "a", model="fake:slow").session_id
    share(one.actor, session_id, reader.actor.email)
    copy = forked(reader, session_id)
    assert messages_of(reader.actor, copy)[1].status == "cancelled"
    answered(reader.actor, "b", session_id=copy)
    with transaction() as session:
        answers.stop(session, session_id, actor=one.actor)


def test_only_who_may_run_models_shares_and_forks(one: Person, reader: Person) -> None:
    session_id, analyst = shared_session(one, reader), person(Role.ANALYST)
    share(one.actor, session_id, analyst.actor.email)
    with pytest.raises(Forbidden):
        forked(analyst, session_id)
    with pytest.raises(Forbidden):
        share(analyst.actor, session_id)


def test_a_session_that_is_none_is_neither_shared_nor_forked(one: Person) -> None:
    with pytest.raises(PlaygroundSessionMissing):
        share(one.actor, new_id())
    with pytest.raises(PlaygroundSessionMissing):
        forked(one, new_id())
