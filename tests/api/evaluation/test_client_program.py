"""The client as a command: exit codes for CI, and a `kill -9` in the middle."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.evaluations.models import EvaluationResult, EvaluationTest
from core.identity.schemas import Scope
from core.platform.config import ROOT
from tests.api.evaluation.conftest import DATASET, shared
from tests.factories.evaluations import until
from tests.factories.identity import Person
from tests.factories.keys import api_key

EVALUATIONS = select(EvaluationTest)
BOT = "tests.client.shop_bot:answer"


class Command:
    """`python -m attune_client evaluate` for one key."""

    def __init__(self, address: str, calls: Path) -> None:
        self.calls = calls
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT / 'client'}:{ROOT}",
            "ATTUNE_URL": address,
            "ATTUNE_API_KEY": api_key(Scope.EXECUTE).key,
            "CALLS": str(calls),
        }

    def called(self) -> int:
        return len(self.calls.read_text().split())

    def begin(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "attune_client", "evaluate", *arguments],
            cwd=ROOT,
            env=self._environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Return the exit code, the table, and what else was said."""
        with self.begin(*arguments, **environment) as process:
            out, err = process.communicate(timeout=60)
        return process.returncode, out, err


@pytest.fixture
def command(one: Person, address: str, tmp_path: Path) -> Command:
    return Command(address, tmp_path / "calls")


def table() -> list[tuple[int, int, bool | None, float | None]]:
    """Return the outcome of each run of the only evaluation."""
    with transaction() as session:
        rows = session.scalars(
            select(EvaluationResult).order_by(EvaluationResult.position, EvaluationResult.run)
        )
        return [(row.position, row.run, row.passed, row.score) for row in rows]


@pytest.mark.usefixtures("worker")
def test_the_exit_code_is_0_at_the_gate_and_1_below_it(one: Person, command: Command) -> None:
    shared(one, *["right"] * 9, "wrong")
    code, out, err = command.run(DATASET, BOT, "--app", "shop-bot", "--gate", "0.9")
    assert (code, out.splitlines()[0].split()[:3]) == (0, ["target", "pass", "rate"])
    assert "app: shop-bot  90.0%      59.6% to 98.2%  10  0.90   0       0" in out
    assert "app: shop-bot: passed" in out
    assert "did not pass, the worst first:\n  case 10, app: shop-bot: 0 of 1 passed\n" in out
    assert "10 of 10 scored" in err
    code, out, _ = command.run(DATASET, BOT, "--gate", "0.95")
    assert (code, "the rate is 90.0%, below 95.0%" in out) == (1, True)
    assert command.run(DATASET, BOT)[0] == 0


def test_the_exit_code_is_2_for_errors(one: Person, command: Command) -> None:
    shared(one, "right")
    for wrong, words in (
        (("Nothing", BOT), "sees no dataset named Nothing"),
        ((DATASET, "nowhere:answer"), "No module named 'nowhere'"),
        ((DATASET, "answer"), "Name the function as module:name"),
        ((DATASET, BOT, "--scorers", "{"), "JSONDecodeError"),
        ((DATASET, BOT, "--runs", "many"), "invalid int value"),
    ):
        code, out, err = command.run(*wrong)
        assert (code, out) == (2, "")
        assert words in err
    code, _, err = command.run(DATASET, BOT, ATTUNE_API_KEY="")
    assert (code, "Set ATTUNE_API_KEY" in err) == (2, True)


@pytest.mark.usefixtures("worker")
def test_after_a_kill_the_same_command_goes_on_and_nothing_counts_twice(
    one: Person, command: Command
) -> None:
    shared(one, *[f"slow {'wrong' if number % 3 else 'right'}" for number in range(30)])
    arguments = (DATASET, BOT, "--runs", "2", "--idempotency-key", "build 7", "--threads", "3")

    def stored() -> int:
        with transaction() as session:
            return sum(row.waiting == 0 or row.done > 0 for row in session.scalars(EVALUATIONS))

    with command.begin(*arguments) as killed:
        until(lambda: stored() > 0, 30)
        sent = command.called()
        until(lambda: command.called() > sent)  # into the next answers
        killed.send_signal(signal.SIGKILL)
    with transaction() as session:
        [row] = session.scalars(EVALUATIONS)
        assert 0 < row.waiting < 60
    code, out, _ = command.run(*arguments, "--gate", "0.3")
    assert (code, "33.3%" in out) == (0, True)
    assert [each[:2] for each in table()] == [(case, n) for case in range(1, 31) for n in (1, 2)]
    assert [each[2] for each in table()][::6] == [True] * 10
    assert Counter(each[2] for each in table()) == {True: 20, False: 40}
    with transaction() as session:
        [row] = session.scalars(EVALUATIONS)
        assert (row.done, row.failed, row.waiting, row.status) == (60, 0, 0, "completed")
    calls = command.calls.read_text().split()
    assert len(set(calls)) == 60
    assert len(calls) < 60 + 2 * 60 // 3  # what had been sent was not asked again
