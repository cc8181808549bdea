"""Rows on their way into the database: copied in binary into a table of this connection, from where statements take them on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from sqlalchemy.orm import Session

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Stage:
    """A temporary table and the types of its columns; it is empty again after each transaction."""

    name: str
    columns: dict[str, str]

    def make(self, connection: Connection) -> None:
        """Make the table, if this connection has none yet. Nobody remembers that: a rollback would have taken it away again."""
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        connection.execute(f"create temporary table if not exists {self.name} ({columns}) on commit delete rows".encode())

    def copy(self, connection: Connection, rows: Iterable[Sequence[object]]) -> None:
        """Copy rows in."""
        self.make(connection)
        with connection.cursor() as cursor, cursor.copy(f"copy {self.name} from stdin (format binary)".encode()) as copy:
            copy.set_types(list(self.columns.values()))
            for row in rows:
                copy.write_row(row)


def driver(session: Session) -> Connection:
    """Return the driver's connection below a session's transaction."""
    return cast("Connection", session.connection().connection.driver_connection)
