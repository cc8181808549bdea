"""Sessions and transactions of the two databases."""

from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Session  # pages and the API do not import SQLAlchemy
from sqlalchemy.pool import NullPool

from core.database.connections import engines
from core.database.connections.availability import (
    cause_of,
    discard_cut_connections,
    translate_errors,
)
from core.database.staging import driver_of
from core.errors import Failure, Unavailable

TRIES = 8
WAITING, ONLY_READS = "after commit", "only reads"
Result = TypeVar("Result")


class DeletedMeanwhile(Exception):
    """A row that was there when another was inserted is gone when it is locked."""


# Two transactions may insert the same key at once: tried again, the second finds the row
GIVES_WAY = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
    DeletedMeanwhile,
)


class Database(StrEnum):
    """The two databases, which are also the two migration trees."""

    CORE = "core"
    AI = "ai"


@contextmanager
def transaction(database: Database = Database.CORE) -> Iterator[Session]:
    """Open a session that commits at the end, or rolls back on any exception.

    Raises Unavailable when the database does not respond or has no free connection.
    """
    chosen = engines.current().core if database is Database.CORE else engines.current().ai
    # Rows are still read after the commit; expired, each would be selected again
    with (
        translate_errors(),
        discard_cut_connections(chosen),
        Session(chosen, expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


@contextmanager
def refuse_duplicates(failure: type[Failure]) -> Iterator[None]:
    """Raise `failure` when another row has the same key or name; the index decides, as two accounts
    may choose a name at the same time.
    """
    try:
        yield
    except IntegrityError as error:
        # A reference to what was just deleted is no duplicate
        if not isinstance(error.orig, psycopg.errors.UniqueViolation):
            raise
        raise failure from error


def retry_on_conflict(act: Callable[[], Result]) -> Result:
    """Run a transaction, and repeat it after a deadlock or a serialization conflict."""
    # A try may meet another of several writers each time: three tries were too few for six of them
    for _ in range(TRIES - 1):
        try:
            return act()
        except Unavailable as failure:
            if not isinstance(cause_of(failure), GIVES_WAY):
                raise
    return act()


def check_locked(wanted: Set[UUID], locked: Set[UUID]) -> None:
    """Raise Unavailable when retention or an undo deleted a row before it was locked; a retry
    inserts it again.
    """
    if not wanted <= locked:
        raise Unavailable from DeletedMeanwhile()


@contextmanager
def single_statement() -> Iterator[Session]:
    """Open a session on `core` for one statement, which commits itself: a third of the round trips
    of a transaction.
    """
    chosen = engines.current().core
    with (
        translate_errors(),
        discard_cut_connections(chosen),
        Session(_autocommitting(chosen), expire_on_commit=False) as session,
    ):
        yield session


@contextmanager
def read_session(database: Database = Database.CORE) -> Iterator[Session]:
    """Open a session that commits each statement: a third of the round trips for reads."""
    chosen = engines.current().core if database is Database.CORE else engines.current().ai
    with (
        translate_errors(),
        Session(_autocommitting(chosen), expire_on_commit=False) as session,
    ):
        session.info[ONLY_READS] = True
        yield session


@lru_cache(maxsize=64)
def _autocommitting(engine: Engine) -> Engine:
    """Return an engine on the same pool; making one takes as long as a short statement."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def driver_connection() -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Take a connection of the driver to `core` that commits each statement, for one that every
    request runs: it takes a third of a session's time.
    """
    chosen = engines.current().core
    with (
        translate_errors(),
        discard_cut_connections(chosen),
        _autocommitting(chosen).connect() as connection,
    ):
        driver = driver_of(connection)
        try:
            yield driver
        except psycopg.OperationalError:
            if driver.broken:  # else the pool resets it in vain, and logs that as an error
                connection.invalidate()
            raise


def release_connection(session: Session) -> None:
    """Return a read-only session's connection to the pool until its next statement."""
    if session.info.get(ONLY_READS):
        # Each statement is committed already: this gives the connection back, and undoes nothing
        session.rollback()


@contextmanager
def dedicated_session() -> Iterator[Session]:
    """Open a session on a separate connection to `core`, without prepared statements of others.

    For work with temporary tables that shadow others: a prepared statement would continue to use
    the shadowed ones.
    """
    own = _dedicated_engine(engines.current().core.url)
    with translate_errors(), Session(own, expire_on_commit=False) as session, session.begin():
        yield session


@cache  # it holds no connection, but its compiled statements
def _dedicated_engine(url: URL) -> Engine:
    options = {**engines.CONNECTION, "prepare_threshold": None}
    return create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=options)


def after_commit(session: Session, act: Callable[[], object]) -> None:
    """Call `act` after this transaction has been committed, and never if it is not."""
    session.info.setdefault(WAITING, []).append(act)


@event.listens_for(Session, "after_commit")
def _run_waiting(session: Session) -> None:
    if session.in_nested_transaction():
        return  # only a savepoint was released; the transaction may still fail
    waiting: list[Callable[[], object]] = session.info.pop(WAITING, [])
    for act in waiting:
        act()
