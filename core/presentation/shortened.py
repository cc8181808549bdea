"""Shorten long values in lists to their beginning and their length."""

from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func
from sqlalchemy.dialects.postgresql import array

LONGEST = 2_000  # characters


def text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a text column shortened to LONGEST characters, followed by a note with its length."""
    shortened_text = func.concat(
        func.left(column, LONGEST), "… (truncated, ", func.length(column), " characters)"
    )
    return case((func.length(column) > LONGEST, shortened_text), else_=column)


def json(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a JSON column; a long value becomes its first characters and its length."""
    json_text = cast(column, Text)
    beginning = func.jsonb_build_object(
        "truncated",
        func.left(json_text, LONGEST),
        "characters",
        func.length(json_text),
        type_=column.type,
    )
    return case((func.length(json_text) > LONGEST, beginning), else_=column)


def names(*columns: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column `truncated` with the names of the shortened columns."""
    truncated = [
        case((func.length(cast(column, Text)) > LONGEST, column.key)) for column in columns
    ]
    return func.array_remove(array([cast(name, Text) for name in truncated]), None).label(
        "truncated"
    )
