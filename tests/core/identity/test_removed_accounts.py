"""Deleting an account deletes its messages and the texts of its calls; costs stay."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from core.annotations.service import drafts
from core.database.db import Database, transaction
from core.errors import Forbidden
from core.executions.runner import Runner
from core.executions.schemas import ExecutionError
from core.identity.errors import OwnAccountProtected
from core.identity.schemas import Role
from core.jobs import outbox
from core.platform import features
from core.platform.ids import new_id
from core.playground.service import sessions
from core.system.service import account_removal
from tests.factories.executions import ended, executed
from tests.factories.identity import Person, person
from tests.factories.playground import answered, being_answered, said


@pytest.fixture
def boss(runner: Runner) -> Person:
    return person(Role.SUPER_ADMIN)


def remove(one: Person, boss: Person) -> None:
    with transaction() as session:
        account_removal.remove_account(session, one.actor.id, actor=boss.actor)


def counted(question: str) -> int:
    with transaction() as session:
        return int(session.execute(text(f"select count(*) from {question}")).scalar_one())


def test_sessions_and_messages_are_gone_and_calls_keep_their_figures_only(boss: Person) -> None:
    one = person()
    answered(one.actor, "a secret")
    executed(one.actor, "another secret", context={"a": "third"})
    remove(one, boss)
    assert counted("playground_sessions") == counted("playground_messages") == 0
    assert (
        counted(
            "prompt_executions where total_tokens > 0 and cost_usd is not null and owner is null"
        )
        == 2
    )
    texts = "coalesce(prompt, system_prompt, messages, context, response, tool_executions)"
    assert counted(f"prompt_executions where {texts} is not null") == 0


def test_sessions_in_the_trash_are_gone_too(boss: Person) -> None:
    one = person()
    sent = answered(one.actor, "a secret")
    with transaction() as session:
        sessions.remove(session, sent.session_id, actor=one.actor)
    remove(one, boss)
    assert counted("playground_sessions") == counted("playground_messages") == 0
    assert counted("prompt_executions where prompt is not null or response is not null") == 0


def test_no_text_of_a_call_stays_in_other_columns(boss: Person) -> None:
    one = person()
    executed(one.actor, parameters={"temperature": 0.5, "stop_sequences": ("a secret",)})
    given = {
        "tools": json.dumps([{"name": "lookup", "description": "a secret"}]),
        "error": json.dumps({"code": "provider_failed", "reason": "refused", "detail": "a secret"}),
    }
    with transaction() as session:
        session.execute(
            text(
                "update prompt_executions set tools = cast(:tools as jsonb), error = "
                "cast(:error as jsonb)"
            ),
            given,
        )
    remove(one, boss)
    with transaction() as session:
        row = session.execute(
            text(
                "select tools, parameters, error, cast(e as text) as whole from "
                "prompt_executions as e"
            )
        ).one()
    assert (row.tools, row.parameters) == (None, {"temperature": 0.5})
    assert ExecutionError(**row.error).reason == "refused"
    assert "secret" not in row.whole


def test_drafts_of_a_removed_account_are_deleted_and_others_stay(boss: Person) -> None:
    one, other = person(), person()
    for each in (one, other):
        with transaction(Database.AI) as ai:
            drafts.save(ai, new_id(), {"content": "a secret"}, actor=each.actor)
    remove(one, boss)
    features.load("jobs")
    while outbox.relay(Database.CORE):
        pass
    with transaction(Database.AI) as ai:
        assert list(ai.scalars(text("select account_id from ai_annotation_drafts"))) == [
            other.actor.id
        ]


def test_messages_of_other_accounts_stay(boss: Person) -> None:
    one, other = person(), person()
    answered(other.actor)
    remove(one, boss)
    assert counted("playground_messages") == 2
    assert counted("prompt_executions where response is not null") == 1


def test_removing_an_account_ends_its_running_answers(boss: Person, runner: Runner) -> None:
    one = person()
    _, buffer = being_answered(one.actor)
    remove(one, boss)
    assert buffer.cancel_token.wait(30)
    assert counted("prompt_executions where status = 'pending' or response is not null") == 0


@pytest.mark.parametrize("round_", range(6))
def test_removing_an_account_while_its_answer_ends_does_not_deadlock(
    boss: Person, runner: Runner, round_: int
) -> None:
    one = person()
    sent = [said(one.actor) for _ in range(3)]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(remove, one, boss).result(timeout=30)
    for one_sent in sent:
        buffer = runner.find(UUID(one_sent.job_id))
        assert buffer is not None
        ended(buffer)
    assert counted("prompt_executions where response is not null") == 0


def test_a_refused_removal_removes_nothing(boss: Person) -> None:
    answered(boss.actor)
    with pytest.raises(OwnAccountProtected):
        remove(boss, boss)
    with pytest.raises(Forbidden):
        remove(boss, person(Role.ADMIN))
    assert counted("prompt_executions where response is not null") == 1
