"""What the two trees share: which tables are whose, and on which connection a migration runs."""

import re

from alembic import context
from sqlalchemy import Connection, MetaData

OTHERS = ("procrastinate_",)
# Those of days are made by core/database/partitions.py
PART_OF_A_TABLE = re.compile(r".+_p\d{8}(_\d{8})?$|subjects_of_(environments|releases)$")


def run(metadata: MetaData) -> None:
    """Run the migrations of one tree on the connection that the caller holds (and has locked)."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=_is_ours,
        compare_type=True,
        compare_server_default=True,
        # What earlier migrations have done stays when a later one fails
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """The job queue installs its own tables, and partitions come and go; they are no drift."""
    return not (
        kind == "table"
        and name is not None
        and (name.startswith(OTHERS) or PART_OF_A_TABLE.match(name))
    )
