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
# Each transaction that uses a temporary table empties all those of its connection. With a TOAST
# table, for values that don't fit into a page, emptying one takes ten times as long: 0.2 ms.
IS_PLAIN = b"select reltoastrelid = 0 from pg_class where oid = to_regclass(%s)"
PLAIN_SINCE = 160_000  # as the driver counts: a column's storage can be given since Postgres 16
FIXED_SIZE = ("uuid", "timestamptz", "int4", "int8", "float8", "bool", "boolean")
MOST_BYTES = 7_500  # of the texts of a row, for it to fit into a page of 8 KiB with the rest
BYTES_PER_CHARACTER = 4  # at most
ITEM_BYTES = 8  # of a list, beside its text: its length, and filling up to the next one
COPY = SQL("copy {} ({}) from stdin (format binary)")
PLANS = """select set_config('enable_seqscan', %(on)s, true),
    set_config('enable_hashjoin', %(on)s, true),
    set_config('enable_mergejoin', %(on)s, true)"""


@dataclass(frozen=True)
class Stage:
    """A temporary table and its column types; it is empty again after each transaction."""

    name: str
    columns: dict[str, LiteralString]
    # Whether none exceeds a page, however it is filled; of copied ones each batch is looked at
    has_short_rows: bool = False

    @property
    def table(self) -> TableClause:
        """The table as an expression."""
        return table(self.name, *map(column, self.columns))

    def make(self, connection: Connection) -> None:
        """Create the table, if this connection has none.

        This is not cached, because a rollback removes it.
        """
        self._make(connection, is_short=self.has_short_rows)

    def copy(self, connection: Connection, rows: Iterable[Sequence[object]]) -> None:
        """Copy rows into the table."""
        rows = list(rows)
        columns = zip(*rows, strict=True) if rows else [()] * len(self.columns)
        self._copy(connection, rows, dict(zip(self.columns, columns, strict=True)))

    def copy_columns(self, connection: Connection, columns: Mapping[str, list[Any]]) -> None:
        """Copy rows given by column; columns of nulls are left out."""
        # Comparing each value with None would take as long as all other steps.
        told = {
            name: values
            for name, values in columns.items()
            if values[:1] != [None] or values.count(None) < len(values)
        }
        self._copy(connection, zip(*told.values(), strict=True), told)

    def _copy(
        self,
        connection: Connection,
        rows: Iterable[Sequence[object]],
        columns: Mapping[str, Sequence[Any]],
    ) -> None:
        self._make(connection, is_short=self._is_short(columns))
        names = SQL(", ").join(map(Identifier, columns))
        statement = COPY.format(Identifier(self.name), names)
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            # A binary copy casts nothing: without its column's type, a number would be sent as the
            # smallest one that holds it
            copy.set_types([self.columns[name] for name in columns])
            for row in rows:
                copy.write_row(row)

    def _is_short(self, columns: Mapping[str, Sequence[Any]]) -> bool:
        """Return whether each row fits into a page; numbers and lists count as their text."""
        if any(self.columns[name] == "jsonb" for name in columns):
            return False  # the driver encodes it later, and its numbers take more than their text
        texts = [
            values if self.columns[name] == "text" else list(map(_as_text, values))
            for name, values in columns.items()
            if self.columns[name] not in FIXED_SIZE
        ]
        most_characters = sum(max(map(len, filter(None, values)), default=0) for values in texts)
        return most_characters * BYTES_PER_CHARACTER <= MOST_BYTES or all(
            sum(map(_bytes, filter(None, row))) <= MOST_BYTES for row in zip(*texts, strict=True)
        )

    def _make(self, connection: Connection, *, is_short: bool) -> None:
        if connection.info.server_version < PLAIN_SINCE:
            connection.execute(self._create)
            return
        connection.execute(self._create_plain)
        if not is_short and connection.execute(IS_PLAIN, [self.name]).fetchone() == (True,):
            connection.execute(self._allow_long_rows)

    @cached_property
    def _create(self) -> bytes:
        return self._creating("{} {}")

    @cached_property
    def _create_plain(self) -> bytes:
        return self._creating("{} {} storage plain")

    def _creating(self, long_column: LiteralString) -> bytes:
        columns = (
            SQL("{} {}" if kind in FIXED_SIZE else long_column).format(Identifier(name), SQL(kind))
            for name, kind in self.columns.items()
        )
        return CREATE.format(Identifier(self.name), SQL(", ").join(columns)).as_bytes()

    @cached_property
    def _allow_long_rows(self) -> bytes:
        changes = (
            SQL("alter {} set storage extended").format(Identifier(name))
            for name, kind in self.columns.items()
            if kind not in FIXED_SIZE
        )
        changed = SQL("alter table {} {}").format(Identifier(self.name), SQL(", ").join(changes))
        return changed.as_bytes()


def _as_text(value: Any) -> str:  # noqa: ANN401  a number or a list, or None
    if isinstance(value, list):
        return f"{value}{' ' * ITEM_BYTES * len(value)}"
    return "" if value is None else str(value)


def _bytes(given: str) -> int:
    return len(given) if given.isascii() else len(given.encode(errors="surrogatepass"))


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
