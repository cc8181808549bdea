"""With what an answer is made again where the request leaves settings out."""

from uuid import UUID

import pytest

from core.database.db import transaction
from core.executions import queries as executions
from core.executions import runner as runners
from core.executions.queries import CallSettings
from core.executions.runner import Runner
from core.identity.schemas import Actor
from core.playground.branches.schemas import NewAnswer
from core.playground.schemas import PlaygroundMessageView
from core.playground.service import branches, session_transfer
from core.playground.session_files import SessionFile
from tests.factories.executions import ended
from tests.factories.identity import person
from tests.factories.playground import answered, messages_of

SETTINGS = {"custom_prompt": "Be brief.", "parameters": {"seed": 7}}


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


def regenerated(actor: Actor, session_id: UUID, **settings: object) -> PlaygroundMessageView:
    """Have the last answer made again, and return the new one."""
    with transaction() as session:
        given = NewAnswer.model_validate(settings)
        sent = branches.regenerate(session, session_id, given, actor=actor)
    buffer = runners.current().find(UUID(sent.job_id))
    assert buffer is not None
    ended(buffer)
    return messages_of(actor, session_id)[-1]


def call_of(answer: PlaygroundMessageView) -> CallSettings:
    assert answer.job_id is not None
    with transaction() as session:
        found = executions.find_settings(session, UUID(answer.job_id))
    assert found is not None
    return found


def test_model_prompt_and_parameters_are_those_of_the_answer(actor: Actor) -> None:
    session_id = answered(actor, "a", model="fake:plain", **SETTINGS).session_id
    before = messages_of(actor, session_id)[-1]
    after = regenerated(actor, session_id)
    assert (after.service_used, after.custom_prompt) == ("fake:plain", "Be brief.")
    assert call_of(after) == call_of(before)


def test_a_setting_that_is_passed_replaces_that_of_the_answer(actor: Actor) -> None:
    session_id = answered(actor, "a", model="fake:plain", **SETTINGS).session_id
    answer = regenerated(actor, session_id, custom_prompt=None, parameters={})
    assert (answer.service_used, answer.custom_prompt) == ("fake:plain", None)
    assert call_of(answer).parameters.seed is None


def test_another_model_answers_without_the_settings_of_the_first(actor: Actor) -> None:
    session_id = answered(actor, "a", model="fake:plain", **SETTINGS).session_id
    answer = regenerated(actor, session_id, model="fake:echo")
    assert (answer.service_used, answer.custom_prompt) == ("fake:echo", None)
    assert call_of(answer).parameters.seed is None


def test_tools_are_those_of_the_answer(actor: Actor) -> None:
    session_id = answered(actor, "a", tools=["current_time"]).session_id
    assert call_of(regenerated(actor, session_id)).tools == ("current_time",)
    assert call_of(regenerated(actor, session_id, tools=[])).tools == ()


def test_no_model_by_name_is_the_default_model(actor: Actor) -> None:
    session_id = answered(actor, "a", model="fake:plain").session_id
    assert regenerated(actor, session_id, model=None).service_used != "fake:plain"


def test_an_imported_answer_is_made_again_by_the_default_model(actor: Actor) -> None:
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    given = {"format": "attune-session", "version": 1, "messages": messages}
    file = SessionFile.model_validate(given)
    with transaction() as session:
        id_ = session_transfer.import_session(session, file, actor=actor).session_id
    assert regenerated(actor, id_).content
