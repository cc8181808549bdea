"""For developers: `python -m migrations revision core "add a table"`, and `python -m migrations
check`.

Runs on a throwaway embedded Postgres, so that neither touches anybody's data.
"""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from alembic import command
from alembic.config import Config

from core.database import migrate
from core.database.connections import engines
from core.database.db import Database
from core.embedded.postgres import Postgres


def main(arguments: list[str]) -> int:
    """Write a revision, or check that models and migrations agree."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        (data / "logs").mkdir()
        postgres = Postgres(data)
        postgres.start()
        try:
            return _run(arguments, postgres)
        finally:
            postgres.stop()


def _run(arguments: list[str], postgres: Postgres) -> int:
    addresses = postgres.addresses()
    urls = {Database.CORE: addresses.core, Database.AI: addresses.ai}
    act: Callable[[Config], object]
    match arguments:
        case ["revision", name, message]:
            wanted = [Database(name)]
            act = partial(command.revision, message=message, autogenerate=True, rev_id=_next(name))
        case ["check"]:
            wanted, act = list(Database), command.check
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    for database in wanted:
        engine = engines.create(urls[database], pool_size=1, overflow=1)
        migrate.upgrade(engine, database)
        with engine.connect() as connection:
            config = migrate.script(database)
            config.attributes["connection"] = connection
            act(config)
            connection.rollback()
        engine.dispose()
    return 0


def _next(name: str) -> str:
    versions = Path(__file__).parent / name / "versions"
    return f"{max(int(path.name[:4]) for path in versions.glob('[0-9]*.py')) + 1:04d}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
