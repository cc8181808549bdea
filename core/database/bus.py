"""Short notifications between processes over LISTEN/NOTIFY: ids, never texts. They arrive after the
sender's commit.

A message can be lost while a connection is broken, so it is only a hint to read the database. After
a reconnect, every subscriber of a topic is called with `None`, which means: read again.
"""

import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeAlias

import psycopg
from psycopg import sql
from sqlalchemy import URL, Text, bindparam, func, select
from sqlalchemy.orm import Session

from core.database.connections.engines import driver_address
from core.platform import clock

log = logging.getLogger("attune.bus")

CHANNEL = "attune"
NOTIFY = func.pg_notify(bindparam("channel", type_=Text), bindparam("message", type_=Text))
PAUSE_AFTER_CUT_S = 0.5  # do not flood a server that is restarting
LOOKS_UP_EVERY_S = 0.25  # a stop is noticed within this time
CLOCK_INTERVAL_S = 60.0
Hint: TypeAlias = dict[str, Any] | None
Listener: TypeAlias = Callable[[Hint], None]

_listeners: dict[str, set[Listener]] = defaultdict(set)
_lock = threading.Lock()


def publish(session: Session, topic: str, **hint: object) -> None:
    """Send a hint to every process, including this one, when the transaction commits.

    Equal hints of one transaction arrive once; a hint has at most 7,900 bytes as JSON.
    """
    session.execute(select(NOTIFY), parameters(topic, **hint))


def parameters(topic: str, **hint: object) -> dict[str, str]:
    """Return the parameters of NOTIFY for a hint."""
    message = json.dumps({"topic": topic, **hint}, default=str, separators=(",", ":"))
    return {"channel": CHANNEL, "message": message}


def subscribe(topic: str, listener: Listener) -> Callable[[], None]:
    """Call `listener`, which must be quick, with each hint; return how to unsubscribe."""
    with _lock:
        _listeners[topic].add(listener)

    def unsubscribe() -> None:
        with _lock:
            _listeners[topic].discard(listener)
            if not _listeners[topic]:
                del _listeners[topic]

    return unsubscribe


def _deliver(topic: str, hint: Hint) -> None:
    with _lock:
        called = list(_listeners.get(topic, ()))
    for listener in called:
        try:
            listener(hint)
        except Exception:
            log.exception("a listener of %s failed", topic)


def _deliver_notice(payload: str) -> None:
    try:
        message = json.loads(payload)
        topic = str(message.pop("topic"))
    except (ValueError, AttributeError, KeyError, TypeError):
        # Every client of the database can send one
        log.warning("a notice on the channel was none of ours")
        return
    _deliver(topic, message)


def notify_locally(topic: str, **hint: object) -> None:
    """Call this process's listeners now, outside any transaction."""
    _deliver(topic, {name: str(value) for name, value in hint.items()})


def _deliver_look_again() -> None:
    with _lock:
        topics = [topic for topic, listeners in _listeners.items() if listeners]
    for topic in topics:
        _deliver(topic, None)


def _follow_clock(connection: psycopg.Connection[Any]) -> float:
    """Go by the database's clock; return the monotonic time."""
    clock.follow(lambda: connection.execute("select clock_timestamp()").fetchall()[0][0])
    return time.monotonic()


class Bus:
    """The listening side: one connection and one thread per process."""

    def __init__(self, database: URL) -> None:
        self._address = driver_address(database)
        self.listens = threading.Event()
        self._stopping = threading.Event()
        self._is_cut = False
        self._thread = threading.Thread(target=self._run, name="bus", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except psycopg.Error as cut:
                if not self._is_cut:  # once: an outage takes thousands of attempts
                    log.warning("the bus lost its connection: %s", type(cut).__name__)
                self._is_cut = True
                self._stopping.wait(PAUSE_AFTER_CUT_S)

    def _listen(self) -> None:
        with psycopg.connect(
            self._address, autocommit=True, connect_timeout=5, application_name="attune bus"
        ) as connection:
            connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
            followed_at = _follow_clock(connection)
            self.listens.set()
            if self._is_cut:
                log.info("the bus is connected again")
            self._is_cut = False
            _deliver_look_again()
            while not self._stopping.is_set():
                if time.monotonic() - followed_at >= CLOCK_INTERVAL_S:
                    followed_at = _follow_clock(connection)
                for notice in connection.notifies(timeout=LOOKS_UP_EVERY_S):
                    _deliver_notice(notice.payload)
