"""Stopping tells the followers of every running answer how it ended, also of those that end the moment they are cut off."""

import threading

import pytest

from core.executions import runner as runners
from core.executions.buffers import AnswerBuffer
from core.executions.runner import Runner
from core.network.cancellation import Cutter
from core.platform.ids import new_id
from tests.factories.executions import begun, speaking
from tests.factories.identity import person


@pytest.fixture
def _cut_off_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a thread that is cut off be gone before anything else happens."""
    gone: dict[Cutter, threading.Event] = {}
    cut, forget = Cutter.cut, Runner.__dict__["_forget_later"]

    def cut_and_wait(self: Cutter) -> None:
        cut(self)
        assert gone.setdefault(self, threading.Event()).wait(10)

    def forget_and_tell(self: Runner, buffer: AnswerBuffer) -> None:
        forget(self, buffer)
        gone.setdefault(buffer.cutter, threading.Event()).set()

    monkeypatch.setattr(Cutter, "cut", cut_and_wait)
    monkeypatch.setattr(Runner, "_forget_later", forget_and_tell)


@pytest.mark.usefixtures("_cut_off_at_once")
def test_every_follower_of_a_running_answer_is_told_that_it_was_interrupted(runner: Runner) -> None:
    one = person()
    calls = Runner(new_id())
    runners.use(calls)
    calls.start()
    buffers = [speaking(begun(one.actor, model="fake:steady")) for _ in range(3)]
    calls.stop(patience_s=0.0)
    runners.use(runner)
    assert [buffer.outcome and buffer.outcome.error and buffer.outcome.error.reason for buffer in buffers] == ["interrupted"] * 3
