"""Tell an unavailable database from an error of a statement."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.database.connections import disk_room, engines
from core.errors import Failure, Invalid, Unavailable

log = logging.getLogger("attune.database")

DISK_FULL = (
    "The disk that holds the database is full: nothing can be stored before somebody frees some "
    "space."
)
COLLIDED = "Somebody else changed the same at the same moment. Try again."
DELETED_MEANWHILE = "Something that this needs was just deleted. Reload, and try again."


def cause_of(failure: Unavailable) -> BaseException | None:
    """Return the error of the driver or the pool behind Unavailable."""
    cause = failure.__cause__
    return getattr(cause, "orig", cause)


def is_outage(failure: Unavailable) -> bool:
    """Return whether the server was unreachable or hung, rather than busy."""
    return _is_cut(cause_of(failure)) or not engines.answers()


def _is_cut(cause: BaseException | None) -> bool:
    if not isinstance(cause, psycopg.OperationalError):
        return False
    # Class 08 is a broken connection, 57P a server that stops or starts; without a code there was
    # no answer at all
    return cause.sqlstate is None or cause.sqlstate.startswith(("08", "57P"))


@contextmanager
def discard_cut_connections(engine: Engine) -> Iterator[None]:
    """Discard all pooled connections after the driver found its connection broken."""
    try:
        yield
    except psycopg.OperationalError as cut:
        if _is_cut(cut):
            # The others of the pool broke with it: each would fail one more request
            engine.dispose()
        raise


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn errors of an unavailable or overloaded database, and references to what was deleted
    meanwhile, into Unavailable, and rejected values into Invalid.

    Staged rows bypass SQLAlchemy: the driver's own errors mean the same.
    """
    try:
        yield
    except (
        OperationalError,
        InterfaceError,
        PoolTimeout,
        psycopg.OperationalError,
        psycopg.InterfaceError,
    ) as error:
        raise _failure_of(error) from error
    except psycopg.errors.CheckViolation as error:
        # It was just dropped, and is created again when the rows are sent again
        if "no partition" in str(error):
            raise Unavailable from error
        raise
    except (IntegrityError, psycopg.errors.ForeignKeyViolation) as error:
        cause = getattr(error, "orig", error)
        if not isinstance(cause, psycopg.errors.ForeignKeyViolation):
            raise
        # Services read what they refer to without a lock: tried again, they say what is missing
        log.warning("what %s refers to is gone", cause.diag.constraint_name)
        raise Unavailable(DELETED_MEANWHILE) from error
    except (DataError, psycopg.DataError) as error:
        raise Invalid(
            "Invalid value: text with a NUL character, or a number out of range."
        ) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable from error
        raise


def _failure_of(error: Exception) -> Failure:
    """Return what an operational error of the driver, or one of the pool, means to the caller."""
    cause = getattr(error, "orig", error)
    # The driver counts it among operational errors, though the value is at fault and not the server
    if isinstance(cause, psycopg.errors.ProgramLimitExceeded):
        return Invalid("Invalid value: a text is too long for an index.")
    if isinstance(cause, psycopg.errors.DeadlockDetected):
        return Unavailable(COLLIDED)
    is_full = is_disk_full(error) or (_is_cut(cause) and disk_room.is_full())
    return Unavailable(DISK_FULL if is_full else None)


def is_disk_full(error: Exception) -> bool:
    """Return whether the server reported a full disk."""
    # One that refuses a connection sends no code; an error with one may be in another language, or
    # tell of a write that was cut short
    cause = getattr(error, "orig", error)
    return isinstance(cause, psycopg.errors.DiskFull) or "No space left on device" in str(error)
