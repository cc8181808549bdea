"""kill -9, of whatever: what was acknowledged is there, once; the supervisor or the next start
recovers; nothing is left over.
"""

import random
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.faults.chats import Chats
from tests.faults.conftest import copy
from tests.faults.program import QUICK, Person, Program, alive, until

WITH_MODEL = QUICK | {"ATTUNE_LOCAL_MODEL": "packaged"}
LOCAL = "local:smollm2-135m-instruct"


@pytest.fixture(scope="module")
def program(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Return a program that all tests here kill parts of, one after the other."""
    folder = tmp_path_factory.mktemp("kills")
    copy(template, folder / "data")
    running = Program(folder, folder / "data", settings=WITH_MODEL).start()
    until(lambda: (running.path / "model.json").exists(), 30)
    yield running
    running.end()


@pytest.fixture(scope="module")
def me(program: Program) -> Person:
    """Return somebody who stays signed in throughout, in a workspace whose calls are limited."""
    person = program.sign_in()
    for measure, limit in (("calls", 10**6), ("tokens", 10**9), ("cost", 10**6)):
        quota = {"scope": "workspace", "measure": measure, "period": "month", "limit": limit}
        person.http.post("/admin/quotas", json=quota).raise_for_status()
    return person


def backend(program: Program) -> psutil.Process:
    """Return a process of Postgres that serves a connection."""
    return next(
        child
        for child in program.postmaster.children()
        if "attune_core" in " ".join(child.cmdline())
    )


def test_it_is_small_before_anything_happens(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    used_mb = program.memory_mb()
    with capsys.disabled():
        print(f"\n  the whole tree with the local model: {used_mb:.0f} MB", end="")  # noqa: T201  a figure to quote
    assert used_mb < 900


def test_a_killed_worker_is_started_again(program: Program, me: Person) -> None:
    with Chats(program, me) as chats:
        killed = program.worker
        killed.kill()
        until(lambda: program.worker.pid != killed.pid, 10)
        chats.go_on()
    chats.check()


@pytest.mark.parametrize(
    "victim",
    [
        pytest.param(backend, id="backend", marks=pytest.mark.prove),
        pytest.param(lambda program: program.postmaster, id="postmaster"),
    ],
)
def test_a_killed_postgres_comes_back(
    program: Program, me: Person, victim: Callable[[Program], psutil.Process]
) -> None:
    with Chats(program, me) as chats:
        chats.go_on()
        victim(program).kill()
        chats.go_on()
    chats.check()


def test_a_killed_model_server_comes_back(program: Program, me: Person) -> None:
    assert me.ask("What is the capital of France?", LOCAL)["status"] == "completed"
    killed = program.model_server
    killed.kill()
    until(lambda: me.try_to_ask("And of Italy?", LOCAL).status_code == 200, 30)
    assert program.model_server.pid != killed.pid


def test_a_killed_web_process_leaves_nothing_behind_and_the_next_start_recovers(
    program: Program, me: Person
) -> None:
    with Chats(program, me) as chats:
        chats.go_on()
        tree = program.tree()
        program.stop(signal.SIGKILL)
        until(lambda: not alive(tree), 8)
        assert not program.everything()
        program.start()
        chats.go_on()
    chats.check()


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(2))
def test_twenty_kills_in_a_row_while_people_chat(program: Program, me: Person, seed: int) -> None:
    chance = random.Random(seed)
    victims: list[Callable[[Program], list[psutil.Process]]] = [
        lambda running: [running.tree()[0]],
        lambda running: [running.worker],
        lambda running: [running.postmaster],
        lambda running: [backend(running)],
        lambda running: [running.model_server],
        lambda running: [running.postmaster, running.worker],
        lambda running: running.tree(),  # as when the power fails
    ]
    with Chats(program, me) as chats:
        for number in range(20):
            chats.go_on(chance.randint(1, 30))
            killed = chance.choice(victims)(program)
            for process in killed:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            if killed[0].pid == program.running.pid:
                program.running.wait()
                program.start()
            if number % 5 == 4:
                chats.go_on()
    chats.check()
    until(lambda: me.http.get("/admin/system/health").json()["status"] == "healthy", 60)
