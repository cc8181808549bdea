"""SIGTERM and Ctrl+C end everything in order, with exit code 0; a second signal hurries."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil
import pytest

from core.platform.config import ROOT
from tests.faults.conftest import Installation
from tests.faults.program import QUICK, Ended, Person, Program, alive, until

LONG_ANSWER = '#fake {"words": 20, "rate": 10}\nTell me'
ENDLESS_ANSWER = '#fake {"words": 100000, "rate": 10}\nTell me'


def is_in_order(program: Program, tree: list[psutil.Process], ended: Ended) -> None:
    """Raise AssertionError unless everything has ended as it should."""
    assert ended.code == 0, ended
    assert not alive(tree)
    assert "Traceback" not in ended.err
    assert not [process for process in tree if process.is_running()]
    log = (program.path / "logs" / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")
    assert "interrupted" not in log
    assert not (program.path / "postgres" / "postmaster.pid").exists()
    assert not (program.path / "model.json").exists()


class Answer:
    """An answer that is followed as it comes, from a thread of its own."""

    def __init__(self, person: Person, question: str) -> None:
        """Ask, and return when the first word has come."""
        self.id, self.events = "", [""]
        self._person, self._question = person, question
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()
        until(lambda: "event: token" in self.events, 10)

    def wait(self) -> list[str]:
        """Wait until it has ended, in whichever way, and return its events."""
        self._thread.join(60)
        return self.events

    def _follow(self) -> None:
        body = {"model_id": "fake:echo", "prompt": self._question}
        with (
            suppress(httpx2.TransportError),
            self._person.http.stream("POST", "/prompts/execute/stream", json=body) as answer,
        ):
            self.id = answer.headers["X-Execution-Id"]
            for line in answer.iter_lines():
                self.events.append(line)


def test_control_c_reaches_the_whole_group_and_ends_everything_in_order(installed: Program) -> None:
    installed.settings = QUICK | {"ATTUNE_LOCAL_MODEL": "packaged"}
    installed.start()
    until(lambda: (installed.path / "model.json").exists(), 30)
    tree = installed.tree()
    os.killpg(installed.running.pid, signal.SIGINT)
    is_in_order(installed, tree, installed.ended(installed.running))


@pytest.mark.prove
def test_a_signal_to_make_ends_everything_in_order(installed: Program) -> None:
    program = installed
    make = subprocess.Popen(
        # The environment that the tests run in is the one that `make run` would make.
        [
            shutil.which("make") or "make",
            "-o",
            ".venv/run.lock",
            "run",
            f"BIN={Path(sys.executable).parent}",
        ],
        env=program.environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until(program.is_ready, 30)
    tree = psutil.Process(make.pid).children(recursive=True)
    make.terminate()
    make.wait(30)
    until(lambda: not alive(tree), 10)
    log = (program.path / "logs" / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")


def test_a_running_answer_may_end_and_a_second_signal_hurries(installed: Program) -> None:
    me = installed.start().sign_in()
    endless, long = Answer(me, ENDLESS_ANSWER), Answer(me, LONG_ANSWER)
    tree = installed.tree()
    installed.running.terminate()
    assert "event: done" in long.wait()
    assert installed.running.poll() is None
    asked = time.monotonic()
    is_in_order(installed, tree, installed.stop())
    assert time.monotonic() - asked < 18  # the answer would have twenty by itself
    assert "event: error" in endless.wait()

    me = installed.start().sign_in()
    assert me.execution(long.id)["status"] == "completed"
    stored = me.execution(endless.id)
    assert (stored["status"], stored["error"]["reason"]) == ("failed", "interrupted")
    assert stored["response"].startswith("Fake answer:")
    tree = installed.tree()
    is_in_order(installed, tree, installed.stop())


@pytest.mark.parametrize(
    "sign",
    [
        "postgres/postmaster.pid",
        *(
            pytest.param(sign, marks=pytest.mark.prove)
            for sign in ("attune.lock", "postgres.draft", "first-password.txt")
        ),
    ],
)
def test_a_signal_in_the_middle_of_a_first_start_leaves_nothing_behind(
    installation: Installation, sign: str
) -> None:
    program = installation(
        settings={name: value for name, value in QUICK.items() if name != "ATTUNE_ADMIN_PASSWORD"}
    )
    program.launch()
    until(lambda: (program.path / sign).exists(), 30)
    ended = program.stop()
    assert (ended.code, ended.err) == (0, "")
    assert not program.everything()


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(3))
def test_whenever_a_start_is_stopped_nothing_is_left_behind(
    installation: Installation, seed: int
) -> None:
    program, chance = (
        installation(settings=QUICK | {"ATTUNE_LOCAL_MODEL": "packaged"}),
        random.Random(seed),
    )
    for _ in range(30):
        program.launch()
        time.sleep(delay_s := chance.uniform(0.0, 3.5))
        ended = program.stop()
        # Until Python has read the program nobody is there to take the signal, and there is nothing
        # to end.
        assert ended.code == 0 or (ended.code == -signal.SIGTERM and not ended.out), (
            delay_s,
            ended,
        )
        assert ended.err == "", (delay_s, ended)
        assert not program.everything(), delay_s
    assert program.start().sign_in().ask("Are you there?")["status"] == "completed"


@pytest.mark.prove
def test_twenty_one_answers_that_do_not_end_are_cut_and_told_so_within_thirty_seconds(
    installed: Program,
) -> None:
    me = installed.start().sign_in()
    answers = [Answer(me, ENDLESS_ANSWER) for _ in range(21)]
    asked = time.monotonic()
    ended = installed.stop()
    assert time.monotonic() - asked < 30
    assert ended.code == 0
    assert "Traceback" not in ended.err
    assert ["event: error" in answer.wait() for answer in answers] == [True] * 21
    me = installed.start().sign_in()
    stored = [me.execution(answer.id) for answer in answers]
    assert {(one["status"], one["error"]["reason"]) for one in stored} == {
        ("failed", "interrupted")
    }
