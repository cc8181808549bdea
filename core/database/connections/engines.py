"""The engines of the two databases: addresses, pools, and lanes with pools of their own."""

import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from core.database.connections.monitor import CONNECT_TIMEOUT_S, DatabaseMonitor
from core.database.connections.time_limits import ALIVE, OPTIONS
from core.errors import StartRefused

POOL_TIMEOUT_S = 4.0  # callers get an error within five seconds
# Else Postgres may reuse a plan that was made without the values. For an unknown period that plan
# expects one row, and its nested loops over 300,000 took 30 s in place of 1 s.
CUSTOM_PLANS = "-c plan_cache_mode=force_custom_plan"
# The environment, a role or a database may name others: an encoding that lacks most characters, or
# a style of dates and intervals that psycopg does not read
ENCODING = {"client_encoding": "UTF8"}
STYLE = "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres"
CONNECTION = {
    "options": f"{STYLE} {OPTIONS} {CUSTOM_PLANS}",
    "connect_timeout": CONNECT_TIMEOUT_S,
    "application_name": "attune",
    **ENCODING,
    **ALIVE,
}
RESTED_SINCE, RESTED_LONG_S = "rested since", 3.0


@dataclass(frozen=True)
class Addresses:
    """The addresses of the two databases."""

    core: URL
    ai: URL


class Lane(StrEnum):
    """Kinds of work with connections of their own, so that none waits for another."""

    GENERAL = "general"
    SIGN_IN = "sign in"  # also health checks and authentication
    INGEST = "ingest"


@dataclass(frozen=True)
class Engines:
    """One engine per database, each with its pool."""

    core: Engine
    ai: Engine
    lanes: Mapping[Lane, "Engines"] = field(default_factory=dict)
    monitors: tuple[DatabaseMonitor, ...] = ()

    def all(self) -> Iterator[Engine]:
        """Yield each engine, including those of the lanes."""
        yield self.core
        yield self.ai
        for lane in self.lanes.values():
            yield from lane.all()

    def dispose(self) -> None:
        for engine in self.all():
            engine.dispose()


lane: ContextVar[Lane] = ContextVar("lane", default=Lane.GENERAL)
_engines: Engines | None = None


def parse_address(address: str) -> URL:
    """Return the URL of `address` for the driver that Attune uses.

    Raises StartRefused when it is not the address of a Postgres database.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise StartRefused(
            "DATABASE_URL and AI_DATABASE_URL must look like postgresql://user@host/name."
        ) from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise StartRefused(f"Attune stores in Postgres only, not in {url.get_backend_name()}.")
    return url.set(drivername="postgresql+psycopg")


def driver_address(url: URL) -> str:
    """Return the address in psycopg's form, including the password: never log it."""
    # Not as a URL: SQLAlchemy does not escape a space in a password, and libpq rejects it.
    _, parts = url.get_dialect()().create_connect_args(url)
    parts["options"] = f"{parts.get('options', '')} {STYLE}"
    return make_conninfo(**parts, **ENCODING, **ALIVE)


def create(url: URL, *, pool_size: int, overflow: int) -> Engine:
    """Return an engine whose pool waits at most four seconds and checks idle connections."""
    made = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=overflow,
        pool_timeout=POOL_TIMEOUT_S,
        pool_use_lifo=True,  # the one used last has prepared statements and warm caches
        hide_parameters=True,  # failed statements are logged, but not their values
        connect_args=CONNECTION,
    )
    event.listen(made, "checkin", _rest)
    event.listen(made, "checkout", _wake)
    return made


def _rest(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[RESTED_SINCE] = time.monotonic()


def _wake(connection: psycopg.Connection[Any], record: ConnectionPoolEntry, _proxy: object) -> None:
    # Not before each use, which takes a fifth of a small transaction's time, but only after the
    # connection was idle.
    if time.monotonic() - record.info.get(RESTED_SINCE, 0.0) < RESTED_LONG_S:
        return
    try:
        # Without a transaction, which would take two more round trips
        connection.autocommit = True
        connection.execute("")
        connection.autocommit = False
    except psycopg.Error as gone:
        raise DisconnectionError from gone


def use(engines: Engines) -> None:
    """Set the engines of this process."""
    global _engines
    _engines = engines


def current() -> Engines:
    """Return the engines of this context's lane, or those of the process, which startup has set."""
    if _engines is None:
        raise StartRefused("The databases were not opened before their first use.")
    return _engines.lanes.get(lane.get(), _engines)


def answers() -> bool:
    """Return whether every database responded to the last check, at most a few seconds ago."""
    return _engines is not None and all(monitor.answers for monitor in _engines.monitors)
