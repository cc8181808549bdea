"""Open both databases, embedded or external, and check them at startup."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace

import psycopg
from sqlalchemy import URL, Engine, func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from core.database import db, migrate, partitions, settings
from core.database.connections import availability, engines
from core.database.connections.engines import Lane
from core.database.connections.monitor import DatabaseMonitor
from core.database.db import Database
from core.embedded.postgres import Postgres
from core.errors import StartRefused
from core.platform import crypto, data_folder
from core.platform.config import Config


@contextmanager
def opened_databases(config: Config) -> Iterator[None]:
    """Open the databases for a command, whether Attune runs or not."""
    with ExitStack() as resources:
        try:
            folder = resources.enter_context(data_folder.locked(config.data))
        except StartRefused:
            folder = None  # Attune is running, and so is its Postgres
        if folder is None and config.embedded_postgres:
            use_key(config)
            _open(addresses(config), resources)
        else:
            open_databases(config, resources)
        yield


def open_databases(
    config: Config,
    resources: ExitStack,
    waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> engines.Addresses:
    """Start the embedded Postgres, migrate both databases, and check that the key matches them;
    return their addresses.

    Raises StartRefused.
    """
    had_key = crypto.has_key(config.data)
    keyring = use_key(config)
    postgres = Postgres(config.data) if config.embedded_postgres else None
    if postgres is not None:
        resources.callback(postgres.stop)
        with waiting():
            postgres.start()
    databases = _open(addresses(config), resources)
    with _startup_errors(postgres):
        with waiting():
            _check_different(engines.current())
        migrate.upgrade(engines.current().core, Database.CORE)
        migrate.upgrade(engines.current().ai, Database.AI)
        partitions.create_ahead()
    try:
        with db.transaction() as session:
            settings.check_key(session, keyring)
    except StartRefused:
        if not had_key:
            # It would pass for the right one, and be backed up over it
            crypto.remove_key(config.data, keyring)
        raise
    return databases


def _open(databases: engines.Addresses, resources: ExitStack) -> engines.Addresses:
    engines.use(engines.Engines(*_pools(databases, core=(4, 16), ai=(2, 8))))
    resources.callback(engines.current().dispose)
    return databases


@contextmanager
def serving_engines(databases: engines.Addresses) -> Iterator[None]:
    """Set the engines of a web process: monitored pools for each lane."""
    serving = engines.Engines(
        *_pools(databases, core=(8, 20), ai=(3, 13)),
        lanes={
            # Own connections: slow pages and reports delay neither sign-in nor senders.
            Lane.SIGN_IN: engines.Engines(*_pools(databases, core=(4, 4), ai=(1, 1))),
            Lane.INGEST: engines.Engines(*_pools(databases, core=(4, 6), ai=(1, 5))),
        },
    )
    monitors: dict[URL, DatabaseMonitor] = {}
    for engine in serving.all():
        server = engine.url.set(database="")  # usually one server has both databases
        monitors.setdefault(server, DatabaseMonitor(engines.driver_address(engine.url))).watch(
            engine
        )
    startup_engines = engines.current()
    startup_engines.dispose()
    engines.use(replace(serving, monitors=tuple(monitors.values())))
    for monitor in monitors.values():
        monitor.start()
    yield
    for monitor in monitors.values():
        monitor.stop()
    serving.dispose()
    engines.use(startup_engines)


def _pools(
    databases: engines.Addresses, *, core: tuple[int, int], ai: tuple[int, int]
) -> tuple[Engine, Engine]:
    """Return two engines; each pair counts permanent and additional connections."""
    (size, extra), (ai_size, ai_extra) = core, ai
    return engines.create(databases.core, pool_size=size, overflow=extra), engines.create(
        databases.ai, pool_size=ai_size, overflow=ai_extra
    )


def addresses(config: Config) -> engines.Addresses:
    """Return the addresses of both databases."""
    if config.database_url is None or config.ai_database_url is None:
        return Postgres(config.data).addresses()
    return engines.Addresses(
        engines.parse_address(config.database_url.get_secret_value()),
        engines.parse_address(config.ai_database_url.get_secret_value()),
    )


def use_key(config: Config) -> crypto.Keyring:
    """Load the installation's key for this process, and return it."""
    secret = config.attune_secret_key.get_secret_value() if config.attune_secret_key else None
    keyring = crypto.load(secret, config.data)
    crypto.use(keyring)
    return keyring


@contextmanager
def _startup_errors(embedded: Postgres | None) -> Iterator[None]:
    """Turn connection errors at startup into StartRefused with advice."""
    try:
        yield
    except (
        OperationalError,
        psycopg.OperationalError,
    ) as error:  # migrations may use the driver directly
        if availability.is_disk_full(error) or (embedded and embedded.is_disk_full()):
            raise StartRefused(availability.DISK_FULL) from error
        advice = (
            "Its log is logs/postgres.log in the data folder."
            if embedded
            else "Check DATABASE_URL and AI_DATABASE_URL."
        )
        raise _unusable(error, advice) from error
    except DBAPIError as error:
        match error.orig:
            case psycopg.errors.InsufficientPrivilege():
                advice = "Attune's role must own both databases."
            case psycopg.errors.ReadOnlySqlTransaction():
                advice = "Attune writes to both databases: give the address of the primary server."
            case _:
                raise
        raise _unusable(error, advice) from error


def _unusable(error: DBAPIError | psycopg.Error, advice: str) -> StartRefused:
    cause = error if isinstance(error, psycopg.Error) else error.orig
    message = str(cause).strip() or "no reason given"
    return StartRefused(f"The database cannot be used: {message.splitlines()[0]}. {advice}")


def _check_different(opened_engines: engines.Engines) -> None:
    """Raise StartRefused when both addresses lead to the same database."""
    # An advisory lock belongs to one database: both connections get it only if there are two. The
    # key is random, so that two starts at once do not take each other for the second address.
    key = secrets.randbits(62)
    with opened_engines.core.connect() as core, opened_engines.ai.connect() as ai:
        locked = [
            connection.scalar(select(func.pg_try_advisory_xact_lock(key)))
            for connection in (core, ai)
        ]
    if not all(locked):
        raise StartRefused(
            "DATABASE_URL and AI_DATABASE_URL name the same database. One server may hold "
            "both, under two names."
        )
