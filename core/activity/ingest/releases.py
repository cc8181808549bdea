"""Releases, prompt versions and arms, stored per import: undoing an import deletes its rows and
recomputes nothing.
"""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, column, select, table

from core.database.sql_files import compiled, statement
from core.database.staging import Connection, Stage

NO_IMPORT = UUID(int=0)
NAMED = ("environment", "app", "release", "import_id", "created_at")


def note_releases(connection: Connection, named: Stage) -> None:
    """Keep when the releases that `named` names were seen first."""
    connection.execute(_statement(named.name), {"none": NO_IMPORT})


def note_values(connection: Connection, named: Select[Any]) -> None:
    """Keep when the prompt versions and arms of the rows of a query were seen first."""
    connection.execute(_of_values(named), {"none": NO_IMPORT})


@cache
def _of_values(named: Select[Any]) -> bytes:
    values = statement(__package__, "note_values").columns()
    return compiled(values.add_cte(named.cte("named")))


@cache
def _statement(stage: str) -> bytes:
    rows = select(*map(column, NAMED)).select_from(table(stage)).cte("named")
    return compiled(statement(__package__, "note_releases").columns().add_cte(rows))
