"""Reads in threads of their own: a page run that waits for one says how long it has been waiting,
offers to cancel it, and makes way for the next run meanwhile.

Page runs with the same question share a read. One that no run waits for any more is cancelled.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from core.database.connections.monitor import cancelled_by
from core.errors import Failure
from pages._ui import state

QUIET_S, EVERY_S = 2.0, 0.5
CANCELLED_AFTER_S = 2.0  # a run that follows has asked the same question again by then
CANCELLED = "console.cancelled"
# More than run at once: most wait for a query slot, and none may wait for a thread
_threads = ThreadPoolExecutor(128, thread_name_prefix="page read")


class ReadCancelled(Failure):
    """You cancelled reading. Choose a shorter period or fewer filters, or try again."""


@dataclass(eq=False)
class SharedRead:
    """A read, and how many page runs wait for it."""

    answer: "Future[Any]"
    given_up: threading.Event
    waiting: int = 0


class SharedReads:
    """The reads that are running, by their question."""

    def __init__(self) -> None:
        self._running: dict[str, SharedRead] = {}
        self._lock = threading.Lock()

    def get(self, question: str, read: Callable[[], Any], *, reader: str) -> Any:  # noqa: ANN401  what `read` returns
        """Return what `read` returns, or the read of the same question that is running."""
        with self.joined(question, read) as answer:
            if not wait([answer], QUIET_S).done:
                _wait_aloud(answer, reader)
            return answer.result()

    @contextmanager
    def joined(self, question: str, read: Callable[[], Any]) -> "Iterator[Future[Any]]":
        """Wait for a read, which others may have begun."""
        with self._lock:
            shared = self._running.get(question) or self._begin(question, read)
            shared.waiting += 1
        try:
            yield shared.answer
        finally:
            self._leave(question, shared)

    def forget(self) -> None:
        """Start every read anew: results of the running ones are out of date."""
        with self._lock:
            self._running.clear()

    def _begin(self, question: str, read: Callable[[], Any]) -> SharedRead:
        given_up = threading.Event()

        def cancellable() -> Any:  # noqa: ANN401  what `read` returns
            with cancelled_by(given_up):
                return read()

        shared = SharedRead(_threads.submit(copy_context().run, cancellable), given_up)
        self._running[question] = shared
        return shared

    def _leave(self, question: str, shared: SharedRead) -> None:
        with self._lock:
            shared.waiting -= 1
            if shared.answer.done():
                self._end(question, shared)
            elif not shared.waiting:
                timer = threading.Timer(CANCELLED_AFTER_S, self._give_up, (question, shared))
                timer.daemon = True
                timer.start()

    def _give_up(self, question: str, shared: SharedRead) -> None:
        with self._lock:
            if not shared.waiting:
                shared.given_up.set()
                self._end(question, shared)

    def _end(self, question: str, shared: SharedRead) -> None:
        if self._running.get(question) is shared:
            del self._running[question]


def was_cancelled(reader: str) -> bool:
    """Return whether this page run follows a click on *Cancel* while this reader was waited for."""
    return state.get(CANCELLED, "") == reader and bool(state.take(CANCELLED))


def _wait_aloud(answer: "Future[Any]", reader: str) -> None:
    """Wait, and say how long: each time, a run that the next one follows ends here."""
    began_at, place = time.monotonic() - QUIET_S, st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        said = st.empty()
        # In a form, or outside of a fragment that reads, no button is allowed.
        with suppress(StreamlitAPIException):
            st.button(
                "Cancel",
                key=f"cancel.{id(answer)}",
                type="tertiary",
                on_click=state.put,
                args=(CANCELLED, reader),
            )
    while not wait([answer], EVERY_S).done:
        said.caption(f"Reading for {time.monotonic() - began_at:.0f} s", width="content")
    place.empty()
