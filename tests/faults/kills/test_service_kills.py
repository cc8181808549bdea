"""kill -9 of web and worker while a service's answer is outstanding: its callback completes it."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest

from tests.factories.services import ChatService, chat_service, register
from tests.faults.kills.test_worker import retry_jobs_of, worker_id
from tests.faults.program import Person, Program, alive, until

WAITING = '{"callbacks": 0}\ntwo and two?'


@pytest.fixture
def service() -> Iterator[ChatService]:
    with chat_service() as started:
        yield started


def asked(me: Person, service: ChatService) -> dict[str, Any]:
    """Ask the service, and return what was sent."""
    service.tell_secret(register(me.http, service.url)["callback_secret"])
    sent = me.http.post("/admin/playground/chat", json={"message": WAITING}).raise_for_status()
    found: dict[str, Any] = sent.json()
    return found


def kill_all(program: Program) -> None:
    tree: list[psutil.Process] = program.tree()
    for process in tree:
        with suppress(psutil.NoSuchProcess):  # it ends with its parent
            process.kill()
    program.running.wait()
    until(lambda: not alive(tree), 30)


@pytest.mark.parametrize("is_taken", [True, False], ids=["after the post", "before the post"])
def test_an_answer_after_the_restart_completes_its_message_once(
    installed: Program, service: ChatService, is_taken: bool
) -> None:
    # However long a slow machine takes to start again, the answer is not overdue
    installed.settings = {**installed.settings, "SERVICE_TIMEOUT_S": "900"}
    me = installed.start().sign_in()
    sent = asked(me, service)
    if is_taken:
        until(lambda: bool(service.taken()["jobs"]), 30)
    dead = worker_id(installed)
    kill_all(installed)
    installed.start()
    retry_jobs_of(installed, dead)
    assert me.execution(sent["job_id"])["status"] == "pending"
    until(lambda: bool(service.taken()["jobs"]), 120)
    answers = [service.answer(sent["job_id"], answer=each) for each in ("four", "five")]
    assert answers == [200, 200]
    execution = me.execution(sent["job_id"])
    assert (execution["status"], execution["response"]) == ("completed", "four")
    params = {"session_id": sent["session_id"]}
    messages = me.http.get("/admin/playground/history", params=params).json()["messages"]
    assert [each["content"] for each in messages] == [WAITING, "four"]
    [session] = me.http.get("/admin/playground/sessions").json()["sessions"]
    assert session["execution_count"] == 1
