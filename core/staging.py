"""Rows on their way into the database: copied in binary into a table of this connection, from where statements take them on."""

from collections.abc import Iterable, Mapping, Sequence
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
        self._copy(connection, rows, list(self.columns))

    def copy_columns(self, connection: Connection, columns: Mapping[str, list[Any]]) -> None:
        """Copy rows in that are given column by column. What is null in all of them is not sent: most rows tell little."""
        # Comparing each value with None would cost as much as all the rest.
        told = {name: values for name, values in columns.items() if values[:1] != [None] or values.count(None) < len(values)}
        self._copy(connection, zip(*told.values(), strict=True), list(told))

    def _copy(self, connection: Connection, rows: Iterable[Sequence[object]], names: list[str]) -> None:
        self.make(connection)
        statement = f"copy {self.name} ({', '.join(names)}) from stdin (format binary)"
        with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.set_types([self.columns[name] for name in names])
            for row in rows:
                copy.write_row(row)


def driver(session: Session) -> Connection:
    """Return the driver's connection below a session's transaction."""
    return cast("Connection", session.connection().connection.driver_connection)
