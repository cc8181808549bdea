"""Stopping the runner notifies the subscribers of every running answer, also when its thread ends
at once.
"""

import threading

import pytest

from core.executions import runner as runners
from core.executions.answer_buffers import AnswerBuffer
from core.executions.runner import Runner
from core.network.cancellation import CancelToken
from core.platform.ids import new_id
from tests.factories.executions import begun, speaking
from tests.factories.identity import person


@pytest.fixture
def _threads_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `cancel` return only after the cancelled thread has ended."""
    ended: dict[CancelToken, threading.Event] = {}
    cancel, keep_for_readers = CancelToken.cancel, Runner.__dict__["_keep_for_readers"]

    def cancel_and_wait(self: CancelToken) -> None:
        cancel(self)
        assert ended.setdefault(self, threading.Event()).wait(10)

    def keep_and_signal(self: Runner, buffer: AnswerBuffer) -> None:
        keep_for_readers(self, buffer)
        ended.setdefault(buffer.cancel_token, threading.Event()).set()

    monkeypatch.setattr(CancelToken, "cancel", cancel_and_wait)
    monkeypatch.setattr(Runner, "_keep_for_readers", keep_and_signal)


@pytest.mark.usefixtures("_threads_end_at_once")
def test_every_subscriber_of_a_running_answer_is_notified_of_its_interruption(
    runner: Runner,
) -> None:
    one = person()
    calls = Runner(new_id())
    runners.use(calls)
    calls.start()
    buffers = [speaking(begun(one.actor, model="fake:steady")) for _ in range(3)]
    calls.stop(grace_s=0.0)
    runners.use(runner)
    assert [
        buffer.outcome and buffer.outcome.error and buffer.outcome.error.reason
        for buffer in buffers
    ] == ["interrupted"] * 3
