"""kill -9 of web and worker while a service's answer is outstanding: its callback completes it."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest

from tests.factories.services import ChatService, chat_service, register
from tests.faults.kills.test_worker import retry_jobs_of, worker_ids
from tests.faults.program import Person, Program, alive, until

WAITING = '{"callbacks": 0}\ntwo and two?'


@pytest.fixture
def service() -> Iterator[ChatService]:
    with chat_service() as started:
        yield started


def asked(me: Person) -> dict[str, Any]:
    """Ask the service in a new session, and return what was sent."""
    sent = me.http.post("/admin/playground/chat", json={"message": WAITING}).raise_for_status()
    found: dict[str, Any] = sent.json()
    return found


def jobs_of(service: ChatService) -> set[str]:
    """Return the ids of the jobs that the service has taken."""
    return {job["job_id"] for job in service.taken()["jobs"]}


def kill_all(program: Program) -> None:
    tree: list[psutil.Process] = program.tree()
    for process in tree:
        with suppress(psutil.NoSuchProcess):  # it ends with its parent
            process.kill()
    program.running.wait()
    until(lambda: not alive(tree), 30)


@pytest.mark.prove
def test_answers_after_the_restart_complete_their_messages_once(
    installed: Program, service: ChatService
) -> None:
    # However long a slow machine takes to start again, the answer is not overdue
    installed.settings = {**installed.settings, "SERVICE_TIMEOUT_S": "900"}
    me = installed.start().sign_in()
    service.tell_secret(register(me.http, service.url)["callback_secret"])
    taken = asked(me)
    until(lambda: taken["job_id"] in jobs_of(service), 30)
    not_yet_taken = asked(me)
    dead = worker_ids(installed)
    kill_all(installed)
    installed.start()
    retry_jobs_of(installed, dead)
    for sent in (taken, not_yet_taken):
        assert me.execution(sent["job_id"])["status"] == "pending"
    until(lambda: not_yet_taken["job_id"] in jobs_of(service), 120)
    for sent in (taken, not_yet_taken):
        expect_one_answer(me, service, sent)


def expect_one_answer(me: Person, service: ChatService, sent: dict[str, Any]) -> None:
    answers = [service.answer(sent["job_id"], answer=each) for each in ("four", "five")]
    assert answers == [200, 200]
    execution = me.execution(sent["job_id"])
    assert (execution["status"], execution["response"]) == ("completed", "four")
    params = {"session_id": sent["session_id"]}
    messages = me.http.get("/admin/playground/history", params=params).json()["messages"]
    assert [each["content"] for each in messages] == [WAITING, "four"]
    sessions = me.http.get("/admin/playground/sessions").json()["sessions"]
    [session] = [each for each in sessions if each["session_id"] == sent["session_id"]]
    assert session["execution_count"] == 1
