"""kill -9 while twenty calls stream or run tools: none is pending, and nothing is charged twice."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.platform.config import ROOT
from tests.faults.conftest import copy
from tests.faults.program import QUICK, Person, Program, alive, until
from tests.mcp_server import TOKEN

pytestmark = pytest.mark.prove
EACH = 10
STREAMING = '#fake {"words": 20000, "rate": 20}\n'
CALLING_TOOLS = "#fake " + json.dumps(
    {
        "text": "Let me look at the clock.",
        "tool_calls": [{"name": "current_time"}],
        "then": [{"text": "And book.", "tool_calls": [{"name": "rooms__slow"}]}, {"text": "Done."}],
    }
)


class Caller(threading.Thread):
    """A call that is streamed until the connection ends, and what was received of it."""

    def __init__(self, one: Person, prompt: str, tools: tuple[str, ...] = ()) -> None:
        super().__init__(daemon=True)
        self._one, self.tools, self.id, self.text = one, tools, "", ""
        self._body = {"model_id": "fake:echo", "prompt": prompt, "tools": tools}

    def run(self) -> None:
        with (
            suppress(httpx2.TransportError),
            self._one.http.stream("POST", "/prompts/execute/stream", json=self._body) as answer,
        ):
            self.id = answer.headers["X-Execution-Id"]
            for line in answer.iter_lines():
                if line.startswith('data: {"text": '):
                    self.text += json.loads(line.removeprefix("data: "))["text"]

    def stored(self) -> dict[str, Any]:
        """Return the execution as it is stored."""
        return self._one.execution(self.id)

    @property
    def is_under_way(self) -> bool:
        """Whether a part of its text is stored, or its second tool runs."""
        if not self.tools:
            return bool(self.id and self.stored()["response"])
        calls = self.stored()["tool_executions"] if self.id else []
        return [call["status"] for call in calls] == ["completed", "running"]


@pytest.fixture(scope="module")
def mcp_port() -> Iterator[int]:
    """Start a server with a tool that lasts a minute, in a process of its own."""
    command = [sys.executable, "-m", "tests.mcp_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        yield int((process.stdout.readline() if process.stdout else b"0").strip())
        process.kill()


@pytest.fixture(scope="module")
def program(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("calls")
    copy(template, folder / "data")
    settings = QUICK | {"ATTUNE_ALLOW_HOSTS": "127.0.0.1"}
    running = Program(folder, folder / "data", settings=settings).start()
    yield running
    running.end()


@pytest.fixture(scope="module")
def one(program: Program, mcp_port: int) -> Person:
    """Sign in to a workspace with quotas and the slow tool."""
    one = program.sign_in()
    for measure in ("calls", "tokens"):
        quota = {"scope": "workspace", "measure": measure, "period": "month", "limit": 10**9}
        one.http.post("/admin/quotas", json=quota).raise_for_status()
    server = {"name": "rooms", "url": f"http://127.0.0.1:{mcp_port}/mcp", "token": TOKEN}
    one.http.post("/admin/mcp-servers", json=server).raise_for_status()
    return one


def under_way(one: Person) -> list[Caller]:
    """Begin twenty calls, and return them once half stream and the others are in a tool."""
    tools = ("current_time", "rooms__slow")
    callers = [Caller(one, STREAMING) for _ in range(EACH)]
    callers += [Caller(one, CALLING_TOOLS, tools) for _ in range(EACH)]
    for caller in callers:
        caller.start()
    until(lambda: all(caller.is_under_way for caller in callers), 20)
    return callers


def figures(program: Program, statement: str) -> dict[str, Decimal]:
    with program.database() as connection:
        rows = connection.execute(statement.encode()).fetchall()
    return {str(measure): Decimal(str(amount)) for measure, amount in rows}


def reserved(program: Program) -> dict[str, Decimal]:
    found = "select measure, sum(usage_reservations.amount) from usage_reservations "
    return figures(program, found + "join quotas on quotas.id = quota_id group by measure")


def used(program: Program, column: str) -> dict[str, Decimal]:
    found = f"select measure, sum({column}) from usage_counters "
    return figures(program, found + "join quotas on quotas.id = quota_id group by measure")


def pending(program: Program) -> Decimal:
    found = "select 'calls', count(*) from prompt_executions where status = 'pending'"
    return figures(program, found)["calls"]


def killed_and_started_again(program: Program, callers: list[Caller]) -> None:
    tree = program.tree()
    program.stop(signal.SIGKILL)
    until(lambda: not alive(tree), 8)
    for caller in callers:
        caller.join(30)
    program.start()
    until(lambda: pending(program) == 0, 30)


def check(caller: Caller) -> None:
    """A call failed as interrupted, with its partial text and the tool calls that it has made."""
    stored = caller.stored()
    assert (stored["status"], stored["error"]["reason"]) == ("failed", "interrupted")
    assert stored["response"]
    if not caller.tools:
        assert caller.text.startswith(stored["response"])
        return
    assert stored["response"] == "Let me look at the clock.\n\nAnd book."
    clock, slow = stored["tool_executions"]
    assert (clock["name"], clock["status"], bool(clock["result"])) == (
        "current_time",
        "completed",
        True,
    )
    assert (slow["name"], slow["status"], slow["result"]) == ("rooms__slow", "running", None)


def test_twenty_calls_end_once_with_their_partial_texts_after_a_kill(
    program: Program, one: Person
) -> None:
    callers = under_way(one)
    held = reserved(program)
    assert held["calls"] == 2 * EACH
    killed_and_started_again(program, callers)
    for caller in callers:
        check(caller)
    assert used(program, "used") == held, "a call was charged twice, or not at all"
    assert set(used(program, "reserved").values()) == {Decimal(0)}
    assert not reserved(program)


def test_kills_one_after_the_other_charge_every_call_once(program: Program, one: Person) -> None:
    for _ in range(5):
        before = used(program, "used")
        callers = under_way(one)
        held = reserved(program)
        killed_and_started_again(program, callers)
        for caller in callers:
            check(caller)
        after = used(program, "used")
        assert {name: after[name] - before.get(name, 0) for name in after} == held
        assert not reserved(program)
