"""Shorten long values in lists to their beginning and length."""

from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func
from sqlalchemy.dialects.postgresql import array

LONGEST = 2_000  # characters
# The same for statements that are texts: {value} is a column of JSON, which is an object here as everywhere.
JSON = f"""case when length({{value}}::text) > {LONGEST} then jsonb_build_object(
    'truncated', left({{value}}::text, {LONGEST}), 'characters', length({{value}}::text)) else {{value}} end as {{name}},
    case when length({{value}}::text) > {LONGEST} then array['{{name}}'] else '{{{{}}}}' end as truncated"""


def text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column of texts as lists show it, which says where it was cut."""
    words = func.concat(func.left(column, LONGEST), "… (truncated, ", func.length(column), " characters)")
    return case((func.length(column) > LONGEST, words), else_=column)


def json(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column of JSON as lists show it: of a long value, an object with its beginning and its length."""
    words = cast(column, Text)
    beginning = func.jsonb_build_object(
        "truncated", func.left(words, LONGEST), "characters", func.length(words), type_=column.type
    )
    return case((func.length(words) > LONGEST, beginning), else_=column)


def names(*columns: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the names of those that are cut, as a column `truncated`."""
    cut = [case((func.length(cast(column, Text)) > LONGEST, column.key)) for column in columns]
    return func.array_remove(array([cast(each, Text) for each in cut]), None).label("truncated")
