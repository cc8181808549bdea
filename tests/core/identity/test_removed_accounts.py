"""With an account goes what it said, and the texts of its calls; what they cost stays known."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from core.db import transaction
from core.errors import Forbidden
from core.executions.runner import Runner
from core.identity.errors import NotYourself
from core.identity.schemas import Role
from core.system import service
from tests.factories.executions import ended, executed, speaking
from tests.factories.identity import Person, person
from tests.factories.playground import answered, said


@pytest.fixture
def boss(runner: Runner) -> Person:
    return person(Role.SUPER_ADMIN)


def remove(one: Person, boss: Person) -> None:
    with transaction() as session:
        service.remove_account(session, one.actor.id, actor=boss.actor)


def counted(question: str) -> int:
    with transaction() as session:
        return int(session.execute(text(f"select count(*) from {question}")).scalar_one())  # noqa: S608  of this file


def test_sessions_and_messages_are_gone_and_calls_keep_their_figures_only(boss: Person) -> None:
    one = person()
    answered(one.actor, "a secret")
    executed(one.actor, "another secret", context={"a": "third"})
    remove(one, boss)
    assert counted("playground_sessions") == counted("playground_messages") == 0
    assert counted("prompt_executions where total_tokens > 0 and cost_usd is not null and owner is null") == 2
    texts = "coalesce(prompt, system_prompt, messages, context, response, tool_executions)"
    assert counted(f"prompt_executions where {texts} is not null") == 0


def test_what_others_said_stays(boss: Person) -> None:
    one, other = person(), person()
    answered(other.actor)
    remove(one, boss)
    assert counted("playground_messages") == 2
    assert counted("prompt_executions where response is not null") == 1


def test_an_answer_that_is_being_written_ends(boss: Person, runner: Runner) -> None:
    one = person()
    buffer = runner.find(UUID(said(one.actor, model="fake:steady").job_id))
    assert buffer is not None
    speaking(buffer)
    remove(one, boss)
    assert buffer.cutter.wait(2)
    assert counted("prompt_executions where status = 'pending' or response is not null") == 0


@pytest.mark.parametrize("round_", range(6))
def test_an_answer_that_ends_at_the_same_moment_is_not_waited_for_in_a_circle(boss: Person, runner: Runner, round_: int) -> None:
    one = person()
    sent = [said(one.actor) for _ in range(3)]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(remove, one, boss).result(timeout=10)
    for one_sent in sent:
        buffer = runner.find(UUID(one_sent.job_id))
        assert buffer is not None
        ended(buffer)
    assert counted("prompt_executions where response is not null") == 0


def test_a_refused_removal_removes_nothing(boss: Person) -> None:
    answered(boss.actor)
    with pytest.raises(NotYourself):
        remove(boss, boss)
    with pytest.raises(Forbidden):
        remove(boss, person(Role.ADMIN))
    assert counted("prompt_executions where response is not null") == 1
