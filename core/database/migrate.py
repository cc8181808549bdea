"""Migrate a database to the version of the code, under a lock."""

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from core.database.db import Database
from core.database.locks import Lock
from core.errors import StartRefused
from core.platform.config import ROOT

OLDEST_SERVER = 150000  # as the driver counts: Postgres 15


def script(database: Database) -> AlembicConfig:
    """Return Alembic's configuration for one of the two databases."""
    return AlembicConfig(str(ROOT / "migrations" / "alembic.ini"), ini_section=database.value)


def upgrade(engine: Engine, database: Database) -> None:
    """Run the missing migrations.

    Raises StartRefused when the server is too old, the database has another encoding than UTF-8,
    or is newer than this code.
    """
    with engine.connect() as connection:
        _check_server(connection, database)
        # A migration may take longer than any statement of the program may
        connection.execute(text("set lock_timeout = 0; set statement_timeout = 0"))
        connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": Lock.MIGRATIONS})
        connection.commit()
        try:
            _upgrade_locked(connection, database)
        finally:
            connection.rollback()  # in a failed transaction, no unlocking would be executed
            connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": Lock.MIGRATIONS})
            connection.commit()
            # The connection must not return to the pool with these settings.
            connection.invalidate()


def _upgrade_locked(connection: Connection, database: Database) -> None:
    config = script(database)
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present < min(known):
        raise StartRefused(
            f"The database {database} is at revision {present}, and this version of Attune begins "
            f"at {min(known)}. Start the version whose newest migration is {min(known)} on it "
            "once, and then this one."
        )
    if present is not None and present not in known:
        raise StartRefused(
            f"The database {database} is at revision {present}, which this version of Attune does "
            "not know. Start the newer version again, or restore a backup made with this one."
        )
    connection.rollback()
    if present == ScriptDirectory.from_config(config).get_current_head():
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()


def _check_server(connection: Connection, database: Database) -> None:
    info = connection.connection.driver_connection
    version = info.info.server_version if info is not None else 0
    if version < OLDEST_SERVER:
        raise StartRefused(f"Postgres {version // 10000} is too old: Attune needs 15 or newer.")
    encoding = connection.scalar(text("show server_encoding"))
    if encoding != "UTF8":
        raise StartRefused(
            f"The database {database} has the encoding {encoding}. Create it again by "
            "`createdb --encoding=UTF8 --template=template0`."
        )
