"""Releases, prompt versions and arms, stored per import: undoing an import deletes its rows and
recomputes nothing.
"""

from functools import cache
from typing import Any

from sqlalchemy import CTE, FromClause, Select, func, select

from core.database.sql_files import compiled, statement
from core.database.staging import Connection
from core.ingest.prompts import REFERENCES

NAMED = ("environment", "app", "import_id", "created_at")


def noted_releases(stored: FromClause) -> CTE:
    """Return the CTE that keeps when the releases of rows, as they were stored, were seen first."""
    named = _named(stored, "release").cte("named_releases")
    return statement(__package__, "note_releases").columns().add_cte(named).cte("releases_seen")


def noted_values(stored: FromClause) -> CTE:
    """Return the CTE that keeps when the prompt versions and arms of rows were seen first."""
    named = _named(stored, *REFERENCES).cte("named_values")
    return statement(__package__, "note_values").columns().add_cte(named).cte("values_seen")


def note_values(connection: Connection, named: FromClause) -> None:
    """Keep when the prompt versions and arms of the rows of a query were seen first."""
    connection.execute(_of_values(named))


def _named(rows: FromClause, *names: str) -> Select[Any]:
    return select(*(rows.c[name] for name in (*NAMED, *names)))


@cache
def _of_values(named: FromClause) -> bytes:
    return compiled(select(func.now()).add_cte(noted_values(named)))
