"""Detect a Postgres that hangs, and end the statements that wait for it: `statement_timeout` has no
effect then. Statements of a reader that is gone end, too.

A hanging server, or one whose disk stalls, keeps its connections open without responding. The
monitor's thread sends a query on its own connection every two seconds, and when a statement has
waited for half a second a commit, which needs the disk. While there is no response, every statement
of this process fails with an OperationalError.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, event

HANGS = "the database does not answer"
CONNECT_TIMEOUT_S = 3
# Slightly more than statement_timeout, because a single connection can hang, too
LONGEST_STATEMENT_S = 35.0
SUSPICIOUS_AFTER_S, ANSWERS_WITHIN_S = 0.5, 2.5
EVERY_S, AT_MOST_EVERY_S = 2.0, 0.5
# Flushed to the disk, without any effect
COMMIT = b"select pg_logical_emit_message(true, 'attune', '')"

Result = TypeVar("Result")
_given_up: ContextVar[threading.Event | None] = ContextVar("given up", default=None)


@contextmanager
def cancelled_by(given_up: threading.Event) -> Iterator[None]:
    """Cancel the statements of this context that still run when the event is set."""
    token = _given_up.set(given_up)
    try:
        yield
    finally:
        _given_up.reset(token)


def is_given_up() -> bool:
    """Return whether the event of `cancelled_by` is set in this context."""
    given_up = _given_up.get()
    return given_up is not None and given_up.is_set()


class MonitoredConnection(psycopg.Connection[Any]):
    """A connection whose waits end when its monitor detects that the server hangs."""

    monitor: "DatabaseMonitor | None" = None

    def wait(
        self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None
    ) -> Result:
        """Wait as psycopg does.

        Raises OperationalError when the server hangs, and closes the connection, because the
        statement may still run; and QueryCanceled when its reader has given up.
        """
        return super().wait(
            gen if self.monitor is None else self._monitored(gen, self.monitor), interval, timeout
        )

    def _monitored(self, gen: PQGen[Result], monitor: "DatabaseMonitor") -> PQGen[Result]:
        try:
            wanted, began_at, given_up = next(gen), time.monotonic(), _given_up.get()
            while True:
                # psycopg resumes a wait after each interval, with nothing ready
                ready = yield wanted
                if not ready and monitor.is_hopeless(time.monotonic() - began_at):
                    self.close()
                    raise psycopg.OperationalError(HANGS)
                if not ready and given_up is not None and given_up.is_set():
                    self.cancel_safe(timeout=ANSWERS_WITHIN_S)
                wanted = gen.send(ready)
        except StopIteration as done:
            result: Result = done.value
            return result


class _Probe(psycopg.Connection[Any]):
    """The monitor's connection, whose waits are short."""

    def wait(
        self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None
    ) -> Result:
        """Wait; raise OperationalError without a response in time."""
        return super().wait(gen, interval, ANSWERS_WITHIN_S if timeout is None else timeout)


class DatabaseMonitor:
    """Monitors whether one Postgres responds."""

    def __init__(self, address: str) -> None:
        """Take the address in psycopg's form. Until `start`, the server counts as responding."""
        self._address = address
        self._probe: _Probe | None = None
        self._suspicion, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="database monitor", daemon=True)
        # A server that is down does not answer either, but its errors come at once
        self.answers, self.hangs = True, False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._suspicion.set()
        if self._thread.ident is not None:
            self._thread.join(CONNECT_TIMEOUT_S + ANSWERS_WITHIN_S)
        self._close()

    def watch(self, engine: Engine) -> None:
        """End the waits of an engine's connections when the server hangs."""
        event.listen(engine, "do_connect", self._connect)

    def is_hopeless(self, waited_s: float) -> bool:
        """Return whether the server hangs; a long wait triggers a check."""
        if waited_s > SUSPICIOUS_AFTER_S:
            self._suspicion.set()
        return self.hangs or waited_s > LONGEST_STATEMENT_S

    def _connect(
        self,
        _dialect: object,
        _record: object,
        arguments: Any,  # noqa: ANN401
        options: Any,  # noqa: ANN401
    ) -> MonitoredConnection:
        if self.hangs:
            raise psycopg.OperationalError(HANGS)
        connection = MonitoredConnection.connect(*arguments, **options)
        connection.monitor = self
        return connection

    def _run(self) -> None:
        while not self._stopping.is_set():
            needs_disk = self._suspicion.is_set() or not self.answers
            self._suspicion.clear()
            self._look(COMMIT if needs_disk else b"")
            if not self._stopping.wait(AT_MOST_EVERY_S) and self.answers:
                self._suspicion.wait(EVERY_S)

    def _look(self, question: bytes) -> None:
        began_at = time.monotonic()
        try:
            self._ask(question)
        except psycopg.Error as failure:
            # An error with a code is a response, for example a full disk.
            self.answers = failure.sqlstate is not None and not failure.sqlstate.startswith("57P")
            self.hangs = not self.answers and time.monotonic() - began_at >= ANSWERS_WITHIN_S
            self._close()
        else:
            self.answers, self.hangs = True, False

    def _ask(self, question: bytes) -> None:
        if self._probe is None:
            self._probe = _Probe.connect(
                self._address,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                application_name="attune monitor",
            )
        self._probe.execute(question)

    def _close(self) -> None:
        if self._probe is not None:
            self._probe.close()
        self._probe = None
