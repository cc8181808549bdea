"""Open both databases, embedded or external, and check them once at the start."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace

import psycopg
from sqlalchemy import URL, Engine, func, select
from sqlalchemy.exc import OperationalError

from core.database import db, migrate, partitions, settings
from core.database.db import Database, Lane
from core.database.monitor import DatabaseMonitor
from core.embedded.postgres import Postgres
from core.errors import StartRefused
from core.platform import crypto, data_folder
from core.platform.config import Config


@contextmanager
def opened(chosen: Config) -> Iterator[None]:
    """Open the databases, whether Attune runs or not."""
    with ExitStack() as house:
        try:
            held = house.enter_context(data_folder.held(chosen.data))
        except StartRefused:
            held = None  # it runs: its Postgres answers
        if held is None and chosen.embedded_postgres:
            use_key(chosen)
            _open(addresses(chosen), house)
        else:
            open_up(chosen, house)
        yield


def open_up(chosen: Config, house: ExitStack, waiting: Callable[[], AbstractContextManager[None]] = nullcontext) -> db.Addresses:
    """Start Postgres if it is ours, bring both databases up to date, and check that the key is theirs."""
    keyring = use_key(chosen)
    if chosen.embedded_postgres:
        postgres = Postgres(chosen.data)
        house.callback(postgres.stop)
        with waiting():
            postgres.start()
    at = _open(addresses(chosen), house)
    ours, theirs = "Its log, logs/postgres.log in the data folder, says more.", "Check DATABASE_URL and AI_DATABASE_URL."
    with _reachable(ours if chosen.embedded_postgres else theirs):
        with waiting():
            _check_apart(db.engines())
        migrate.upgrade(db.engines().core, Database.CORE)
        migrate.upgrade(db.engines().ai, Database.AI)
        partitions.make_ahead()
    with db.transaction() as session:
        settings.check_key(session, keyring)
    return at


def _open(at: db.Addresses, house: ExitStack) -> db.Addresses:
    db.use(db.Engines(*_pools(at, core=(4, 16), ai=(2, 8))))
    house.callback(db.engines().dispose)
    return at


@contextmanager
def serving_engines(at: db.Addresses) -> Iterator[None]:
    """Give this process the engines of a web process: pools for each lane, all of them monitored."""
    engines = db.Engines(
        *_pools(at, core=(8, 20), ai=(3, 13)),
        lanes={
            Lane.SIGN_IN: db.Engines(*_pools(at, core=(4, 4), ai=(1, 1))),
            Lane.INGEST: db.Engines(*_pools(at, core=(4, 6), ai=(1, 5))),
        },
    )
    monitors: dict[URL, DatabaseMonitor] = {}
    for engine in engines.all():
        server = engine.url.set(database="")  # one server most often holds both
        monitors.setdefault(server, DatabaseMonitor(db.plain(engine.url))).watch(engine)
    before = db.engines()
    before.dispose()
    db.use(replace(engines, monitors=tuple(monitors.values())))
    for monitor in monitors.values():
        monitor.start()
    yield
    for monitor in monitors.values():
        monitor.stop()
    engines.dispose()
    db.use(before)


def _pools(at: db.Addresses, *, core: tuple[int, int], ai: tuple[int, int]) -> tuple[Engine, Engine]:
    """Return two engines, each with so many connections that stay and so many more that may come."""
    (size, more), (ai_size, ai_more) = core, ai
    return db.engine(at.core, pool_size=size, overflow=more), db.engine(at.ai, pool_size=ai_size, overflow=ai_more)


def addresses(chosen: Config) -> db.Addresses:
    """Return where both databases are."""
    if chosen.database_url is None or chosen.ai_database_url is None:
        return Postgres(chosen.data).addresses()
    return db.Addresses(db.parse(chosen.database_url.get_secret_value()), db.parse(chosen.ai_database_url.get_secret_value()))


def use_key(chosen: Config) -> crypto.Keyring:
    """Make the key of the installation that of this process, and return it."""
    given = chosen.attune_secret_key.get_secret_value() if chosen.attune_secret_key else None
    keyring = crypto.load(given, chosen.data)
    crypto.use(keyring)
    return keyring


@contextmanager
def _reachable(advice: str) -> Iterator[None]:
    """At start: turn what a wrong address or password raises into one line, with advice."""
    try:
        yield
    except (OperationalError, psycopg.OperationalError) as error:  # a migration may speak to the driver itself
        if db.is_disk_full(error):
            raise StartRefused(db.DISK_FULL) from error
        said = str(error.orig if isinstance(error, OperationalError) else error).strip() or "it gave no reason"
        raise StartRefused(f"The database cannot be used: {said.splitlines()[0]}. {advice}") from error


def _check_apart(opened: db.Engines) -> None:
    """Raise StartRefused when both addresses lead to the same database, however different they look."""
    key = secrets.randbits(62)
    with opened.core.connect() as core, opened.ai.connect() as ai:
        locked = [connection.scalar(select(func.pg_try_advisory_xact_lock(key))) for connection in (core, ai)]
    if not all(locked):
        raise StartRefused("DATABASE_URL and AI_DATABASE_URL name the same database. One server may hold both, under two names.")
