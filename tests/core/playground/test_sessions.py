"""Playground sessions: an empty one to start in, a stored draft, and clearing."""

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.errors import Forbidden, NotFound
from core.executions.runner import Runner
from core.identity.schemas import Role
from core.platform.ids import new_id
from core.playground import queries
from core.playground.schemas import Draft, PlaygroundSessionView, SessionDetails
from core.playground.service import session_trash, sessions
from core.providers.schemas import Parameters
from tests.factories.identity import Person, person
from tests.factories.playground import answered, messages_of

DRAFT = Draft(
    model="fake:steady", parameters=Parameters(temperature=0.5), custom_prompt="Be brief."
)


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def opened(one: Person, draft: Draft | None = None) -> PlaygroundSessionView:
    with transaction() as session:
        return sessions.open_session(session, actor=one.actor, draft=draft)


def test_an_empty_session_is_used_again_instead_of_making_another(one: Person) -> None:
    assert opened(one).session_id == opened(one).session_id
    first = opened(one).session_id
    answered(one.actor, session_id=first)
    assert opened(one).session_id != first


def test_a_session_with_metadata_is_not_handed_out_as_an_empty_one(one: Person) -> None:
    with transaction() as session:
        details = SessionDetails(metadata={"ticket": 17})
        made = sessions.create(session, details, actor=one.actor)
    assert opened(one).session_id != made.session_id


def test_nobody_is_given_somebody_elses_empty_session(one: Person) -> None:
    assert opened(one).session_id != opened(person()).session_id


def test_what_is_set_beside_the_chat_is_kept_with_the_session(one: Person) -> None:
    session_id = opened(one, DRAFT).session_id
    with transaction() as session:
        view = queries.get_session(session, session_id, owner=one.actor.id)
    assert view.draft == DRAFT
    assert view.has_custom_prompt


def test_a_draft_goes_into_ones_own_session_only(one: Person) -> None:
    session_id = opened(one).session_id
    with pytest.raises(NotFound), transaction() as session:
        sessions.save_draft(session, session_id, DRAFT, actor=person().actor)


def test_clearing_takes_the_messages_and_keeps_the_session_and_its_draft(one: Person) -> None:
    session_id = opened(one, DRAFT).session_id
    answered(one.actor, session_id=session_id)
    with transaction() as session:
        sessions.clear(session, session_id, actor=one.actor)
    with transaction() as session:
        view = queries.get_session(session, session_id, owner=one.actor.id)
    assert (view.message_count, view.name, view.last_message_at, view.draft) == (
        0,
        None,
        None,
        DRAFT,
    )
    assert messages_of(one.actor, session_id) == []


def test_after_clearing_one_can_go_on(one: Person) -> None:
    session_id = answered(one.actor, "before").session_id
    with transaction() as session:
        sessions.clear(session, session_id, actor=one.actor)
    answered(one.actor, "after", session_id=session_id)
    assert messages_of(one.actor, session_id)[0].content == "after"


def test_clearing_blanks_the_texts_of_its_calls(one: Person) -> None:
    session_id = answered(one.actor, "a secret").session_id
    with transaction() as session:
        sessions.clear(session, session_id, actor=one.actor)
        texts = "prompt, system_prompt, messages, context, response, tool_executions"
        row = session.execute(text(f"select {texts} from prompt_executions")).one()
    assert set(row) == {None}


def test_a_deleted_session_takes_its_draft_and_name_with_it(one: Person) -> None:
    session_id = opened(one, DRAFT).session_id
    with transaction() as session:
        session_trash.erase(session, session_id, actor=one.actor)
        row = session.execute(
            text("select name, draft, deleted_at is not null from playground_sessions")
        ).one()
    assert row == (None, None, True)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
def test_only_who_may_run_models_begins_one(runner: Runner, role: Role) -> None:
    with pytest.raises(Forbidden):
        opened(person(role))


def test_a_session_that_is_none_cannot_be_cleared_or_deleted(one: Person) -> None:
    for deed in (sessions.clear, sessions.remove):
        with pytest.raises(NotFound), transaction() as session:
            deed(session, new_id(), actor=one.actor)


def test_the_newest_is_the_one_in_which_something_was_done_last(one: Person) -> None:
    first, second = answered(one.actor).session_id, answered(one.actor).session_id
    answered(one.actor, session_id=first)
    with transaction() as session:
        assert queries.find_newest_session(session, owner=one.actor.id) == first
        assert second != first


def test_settings_of_the_first_message_are_the_draft_of_a_session_without_one(one: Person) -> None:
    # Regenerate in the console took the default model and prompt instead
    first = DRAFT.model_copy(update={"model": "fake:plain", "history_turns": 3})
    session_id = answered(one.actor, **first.model_dump(exclude_unset=True)).session_id
    answered(one.actor, session_id=session_id, model="fake:echo")
    with transaction() as session:
        view = queries.get_session(session, session_id, owner=one.actor.id)
    assert view.draft == first
    assert view.has_custom_prompt
