"""While many events come in, they are delivered in fewer rounds, each of more of them."""

from threading import Event

import pytest

from core.database.db import transaction
from core.jobs import outbox
from core.processes import worker

pytestmark = pytest.mark.usefixtures("database")


class RecordedWaits(Event):
    """An event that records how long it is waited for, and lets nobody wait."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return False


def wait_after(events: int) -> float:
    """Deliver some events, and return how long the worker then waits for others."""
    with transaction() as session:
        for number in range(events):
            outbox.add(session, "test.happened", {"number": number})
    stopping = RecordedWaits()
    worker._relay_all(stopping)  # noqa: SLF001  its thread ends with the process only
    (waited,) = stopping.seconds
    return waited


def test_events_after_many_others_wait_for_each_other_up_to_a_second() -> None:
    assert wait_after(1) < 0.5 < wait_after(10) <= 1


def test_a_backlog_of_events_is_delivered_without_waiting() -> None:
    assert wait_after(outbox.BATCH) == 0
