"""Stage rows for ingest: COPY into a temporary table; few rows are passed as a parameter."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, LiteralString, cast

import msgspec
import psycopg
import sqlalchemy
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb
from sqlalchemy import ColumnClause, Select, TableClause, column, select, table, union_all
from sqlalchemy.orm import Session

Connection = psycopg.Connection[Any]
CREATE = SQL("create temporary table if not exists {} ({}) on commit delete rows")
COPY = SQL("copy {} ({}) from stdin (format binary)")
PLANS = """select set_config('enable_seqscan', %(on)s, true),
    set_config('enable_hashjoin', %(on)s, true),
    set_config('enable_mergejoin', %(on)s, true)"""


@dataclass(frozen=True)
class Stage:
    """A temporary table and its column types; it is empty again after each transaction."""

    name: str
    columns: dict[str, LiteralString]

    @property
    def table(self) -> TableClause:
        """The table as an expression."""
        return table(self.name, *map(column, self.columns))

    def make(self, connection: Connection) -> None:
        """Create the table, if this connection has none.

        This is not cached, because a rollback removes it.
        """
        connection.execute(self._create)

    @cached_property
    def _create(self) -> bytes:
        columns = (
            SQL("{} {}").format(Identifier(name), SQL(kind)) for name, kind in self.columns.items()
        )
        return CREATE.format(Identifier(self.name), SQL(", ").join(columns)).as_bytes()

    def copy(self, connection: Connection, rows: Iterable[Sequence[object]]) -> None:
        """Copy rows into the table."""
        self._copy(connection, rows, list(self.columns))

    def copy_columns(self, connection: Connection, columns: Mapping[str, list[Any]]) -> None:
        """Copy rows given by column; columns of nulls are left out."""
        # Comparing each value with None would take as long as all other steps.
        told = {
            name: values
            for name, values in columns.items()
            if values[:1] != [None] or values.count(None) < len(values)
        }
        self._copy(connection, zip(*told.values(), strict=True), list(told))

    def _copy(
        self, connection: Connection, rows: Iterable[Sequence[object]], names: list[str]
    ) -> None:
        self.make(connection)
        columns = SQL(", ").join(map(Identifier, names))
        statement = COPY.format(Identifier(self.name), columns)
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([self.columns[name] for name in names])
            for row in rows:
                copy.write_row(row)


def as_json(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows for `json_to_recordset`: for few, a third of a table's cost."""
    return msgspec.json.encode([dict(zip(names, row, strict=True)) for row in rows]).decode()


def rows_of(stages: Sequence[str], names: Sequence[str]) -> Select[Any]:
    """Return columns of all rows of these tables."""
    columns: list[ColumnClause[Any]] = [column(name) for name in names]
    each = (select(*columns).select_from(table(stage)) for stage in stages)
    return select(union_all(*each).subquery("named"))


@contextmanager
def by_index(connection: Connection) -> Iterator[None]:
    """Make the planner use index lookups: it cannot know that there are few rows."""
    connection.execute(PLANS, {"on": "off"})
    yield  # not in a finally: after an error the rollback resets the settings
    connection.execute(PLANS, {"on": "on"})


def driver(session: Session) -> Connection:
    """Return the psycopg connection of a session's transaction."""
    return driver_of(session.connection())


def by_driver(session: Session, statement: bytes, values: Mapping[str, Any]) -> psycopg.Cursor[Any]:
    """Run a compiled statement by the driver; lists and dictionaries are JSON."""
    given = {
        name: Jsonb(value) if isinstance(value, (dict, list)) else value
        for name, value in values.items()
    }
    return driver(session).execute(statement, given)


def driver_of(connection: sqlalchemy.Connection) -> Connection:
    """Return the driver's connection below one of SQLAlchemy's, in its transaction."""
    return cast("Connection", connection.connection.driver_connection)
