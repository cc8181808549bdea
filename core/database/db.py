"""The two databases: engines, transactions, and what to do when they do not answer."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from core.database.monitor import CONNECT_TIMEOUT_S, DatabaseMonitor
from core.errors import Invalid, StartRefused, Unavailable

OPTIONS = "-c timezone=UTC -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s -c lock_timeout=10s"
POOL_TIMEOUT_S = 4.0  # whoever waits for a database has heard of it within five seconds
# Of a server that is gone without a word, its machine or the network, TCP finds out; a local socket needs none of this.
ALIVE: dict[str, Any] = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
CONNECTION = {"options": OPTIONS, "connect_timeout": CONNECT_TIMEOUT_S, "application_name": "attune", **ALIVE}
TRIES = 3
GIVES_WAY = (psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation)
WAITING = "after commit"
RESTED_SINCE, RESTED_LONG_S = "rested since", 3.0
DISK_FULL = "The disk that holds the database is full: nothing can be stored before somebody frees some space."


__all__ = [
    "Addresses",
    "Database",
    "Engines",
    "Lane",
    "Session",
    "after_commit",
    "answering",
    "answers",
    "apart",
    "cause_of",
    "engine",
    "engines",
    "is_disk_full",
    "is_outage",
    "lane",
    "parse",
    "persistently",
    "plain",
    "reading",
    "transaction",
    "use",
]


Result = TypeVar("Result")


class Database(StrEnum):
    """The two databases, which are also the two migration trees."""

    CORE = "core"
    AI = "ai"


@dataclass(frozen=True)
class Addresses:
    """Where the two databases are."""

    core: URL
    ai: URL


class Lane(StrEnum):
    """Work that has connections of its own, so that it never waits for those of other work."""

    GENERAL = "general"
    SIGN_IN = "sign in"  # and health, and who it is that sends a request
    INGEST = "ingest"


@dataclass(frozen=True)
class Engines:
    """One engine a database, each with its pool."""

    core: Engine
    ai: Engine
    lanes: Mapping[Lane, "Engines"] = field(default_factory=dict)
    monitors: tuple[DatabaseMonitor, ...] = ()

    def all(self) -> Iterator[Engine]:
        """Yield each engine, those of the lanes too."""
        yield self.core
        yield self.ai
        for lane in self.lanes.values():
            yield from lane.all()

    def dispose(self) -> None:
        """Close every pooled connection."""
        for engine in self.all():
            engine.dispose()


lane: ContextVar[Lane] = ContextVar("lane", default=Lane.GENERAL)
_engines: Engines | None = None


def parse(address: str) -> URL:
    """Return the URL of `address`, in the driver that Attune uses.

    Raises StartRefused when it is not the address of a Postgres database.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise StartRefused("DATABASE_URL and AI_DATABASE_URL must look like postgresql://user@host/name.") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise StartRefused(f"Attune stores in Postgres only, not in {url.get_backend_name()}.")
    return url.set(drivername="postgresql+psycopg")


def plain(url: URL) -> str:
    """Return the address as psycopg itself takes it, password included: never log it."""
    # Not as a URL: SQLAlchemy writes a space in a password as it is, and libpq refuses it.
    _, parts = url.get_dialect()().create_connect_args(url)
    return make_conninfo(**parts, **ALIVE)


def engine(url: URL, *, pool_size: int, overflow: int) -> Engine:
    """Return an engine whose pool waits four seconds at most, and looks after a rest whether a connection still lives."""
    made = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=overflow,
        pool_timeout=POOL_TIMEOUT_S,
        pool_use_lifo=True,  # the one used last knows most statements already, and what it needs is at hand
        hide_parameters=True,  # a failed statement is logged; what it was to store is nobody's business
        connect_args=CONNECTION,
    )
    event.listen(made, "checkin", _rest)
    event.listen(made, "checkout", _wake)
    return made


def _rest(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[RESTED_SINCE] = time.monotonic()


def _wake(connection: psycopg.Connection[Any], record: ConnectionPoolEntry, _proxy: object) -> None:
    # Not before each use (a fifth of a small transaction's time): a connection that worked a moment ago is believed.
    if time.monotonic() - record.info.get(RESTED_SINCE, 0.0) < RESTED_LONG_S:
        return
    try:
        connection.autocommit = True
        connection.execute("")
        connection.autocommit = False
    except psycopg.Error as gone:
        raise DisconnectionError from gone


def use(engines: Engines) -> None:
    """Make `engines` those of this process."""
    global _engines
    _engines = engines


def engines() -> Engines:
    """Return the engines of this process, which start-up has set: those of this context's lane, if it has its own."""
    if _engines is None:
        raise StartRefused("The databases were not opened before their first use.")
    return _engines.lanes.get(lane.get(), _engines)


def answers() -> bool:
    """Return whether every database answered when it was last asked, a few seconds ago at most."""
    return _engines is not None and all(monitor.answers for monitor in _engines.monitors)


@contextmanager
def transaction(database: Database = Database.CORE) -> Iterator[Session]:
    """Open a session that commits at the end, or rolls back on any exception.

    Raises Unavailable when the database does not answer or has no connection free.
    """
    chosen = engines().core if database is Database.CORE else engines().ai
    with answering(), _fresh_after_a_cut(chosen), Session(chosen, expire_on_commit=False) as session, session.begin():
        yield session


def persistently(act: Callable[[], Result]) -> Result:
    """Do what is one transaction, and do it again when it had to give way to another: in a deadlock, or as the second of two."""
    for _ in range(TRIES - 1):
        try:
            return act()
        except Unavailable as failure:
            if not isinstance(cause_of(failure), GIVES_WAY):
                raise
    return act()


def cause_of(failure: Unavailable) -> BaseException | None:
    """Return what the driver, or the pool, said."""
    cause = failure.__cause__
    return getattr(cause, "orig", cause)


def is_outage(failure: Unavailable) -> bool:
    """Return whether the server was gone or hung, rather than busy for too long with what was asked."""
    return _is_cut(cause_of(failure)) or not answers()


def _is_cut(cause: BaseException | None) -> bool:
    if not isinstance(cause, psycopg.OperationalError):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(("08", "57P"))


@contextmanager
def _fresh_after_a_cut(engine: Engine) -> Iterator[None]:
    """Let go of every pooled connection when the driver itself finds its own cut; what SQLAlchemy finds, it does so for."""
    try:
        yield
    except psycopg.OperationalError as cut:
        if _is_cut(cut):
            engine.dispose()
        raise


@contextmanager
def reading(database: Database = Database.CORE) -> Iterator[Session]:
    """Open a session whose every statement is a transaction of its own: for one question, at a third of the round trips."""
    chosen = engines().core if database is Database.CORE else engines().ai
    with answering(), Session(chosen.execution_options(isolation_level="AUTOCOMMIT"), expire_on_commit=False) as session:
        yield session


@contextmanager
def apart() -> Iterator[Session]:
    """Open a session on a connection to `core` of its own, whose statements nothing has prepared before and nothing will after.

    For work with tables that stand before others of the same name: a prepared statement would go on using those others.
    """
    options = {**CONNECTION, "prepare_threshold": None}
    own = create_engine(engines().core.url, poolclass=NullPool, hide_parameters=True, connect_args=options)
    with answering(), Session(own, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def answering() -> Iterator[None]:
    """Turn what a dead or crowded database raises into Unavailable, and what it refuses to store into Invalid.

    Staged rows go past SQLAlchemy, straight through the driver: its errors mean the same.
    """
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise Unavailable(DISK_FULL if is_disk_full(error) else None) from error
    except psycopg.errors.CheckViolation as error:
        if "no partition" in str(error):  # one was dropped a moment ago: it is made again when the rows are sent again
            raise Unavailable from error
        raise
    except (DataError, psycopg.DataError) as error:
        raise Invalid("Invalid value: text with a NUL character, or a number out of range.") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable from error
        raise


def is_disk_full(error: Exception) -> bool:
    """Return whether the server has said that its disk is full."""
    return "No space left on device" in str(error)


def after_commit(session: Session, act: Callable[[], object]) -> None:
    """Call `act` once this transaction has been committed, and never if it is not."""
    session.info.setdefault(WAITING, []).append(act)


@event.listens_for(Session, "after_commit")
def _run_waiting(session: Session) -> None:
    if session.in_nested_transaction():
        return  # only a savepoint was released: the transaction itself may still fail
    waiting: list[Callable[[], object]] = session.info.pop(WAITING, [])
    for act in waiting:
        act()
