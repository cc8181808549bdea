"""Stage rows for ingest: binary COPY into a temporary table, from where statements take them on.

A few go along with their statement instead.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import psycopg
from sqlalchemy.orm import Session

Connection = psycopg.Connection[Any]
PLANS = """select set_config('enable_seqscan', %(on)s, true), set_config('enable_hashjoin', %(on)s, true),
    set_config('enable_mergejoin', %(on)s, true)"""


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


@dataclass(frozen=True)
class Few:
    """Rows that go along with their statement, as JSON: of a few, a third of what it costs to fill a table, and to empty it."""

    name: str
    columns: dict[str, str]

    @property
    def rows(self) -> str:
        """What stands for them in a statement; its parameter `few` is what `sent` returns."""
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        return f"json_to_recordset(%(few)s::json) as {self.name} ({columns})"

    def sent(self, rows: Iterable[Sequence[object]]) -> str:
        """Return the rows as a parameter."""
        return msgspec.json.encode([dict(zip(self.columns, row, strict=True)) for row in rows]).decode()


@contextmanager
def by_index(connection: Connection) -> Iterator[None]:
    """Look up each row by itself: the planner cannot know how few they are, and would read everything for them."""
    connection.execute(PLANS, {"on": "off"})
    yield  # not in a finally: after a failure the transaction takes the settings with it
    connection.execute(PLANS, {"on": "on"})


def with_indexes(connection: Connection, statement: str, given: dict[str, object]) -> None:
    """Execute one statement so."""
    with by_index(connection):
        connection.execute(statement.encode(), given)


def driver(session: Session) -> Connection:
    """Return the driver's connection below a session's transaction."""
    return cast("Connection", session.connection().connection.driver_connection)
