"""Statements that must be text: one named `.sql` file each, in the package that runs it.

Parameters are written `:name`, as in psql: `\\set environment '''production'''`, then
`explain \\i core/….sql`.
"""

from functools import cache
from importlib.resources import files

from sqlalchemy import ClauseElement, TextClause, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

DRIVER = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy has no types here


@cache
def statement(package: str, name: str) -> TextClause:
    """Return a package's file `name`.sql: `statement(__package__, "event_counts")`."""
    file = files(package) / f"{name}.sql"
    return text(file.read_text("utf-8"))


def driver_statement(package: str, name: str) -> bytes:
    """Return the statement for psycopg, with `%(name)s` in place of `:name`."""
    return compiled(statement(package, name))


def compiled(statement: ClauseElement) -> bytes:
    """Return a statement without values of its own in the form of psycopg."""
    return str(statement.compile(dialect=DRIVER)).encode()
