"""Shorten long values in lists to their beginning and their length."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, type_coerce
from sqlalchemy.dialects.postgresql import array

LONGEST = 2_000  # characters
LONGEST_PART = 20_000  # of each part of a conversation that is read as a whole


def text(column: ColumnElement[Any], longest: int = LONGEST) -> ColumnElement[Any]:
    """Return a text column shortened to so many characters, followed by a note with its length."""
    shortened_text = func.concat(
        func.left(column, longest), "… (truncated, ", func.length(column), " characters)"
    )
    return case((func.length(column) > longest, shortened_text), else_=column)


def json(column: ColumnElement[Any], longest: int = LONGEST) -> ColumnElement[Any]:
    """Return a JSON column; a long value becomes its first characters and its length."""
    return _json(column, longest, lambda beginning: beginning)


def json_list(column: ColumnElement[Any], longest: int) -> ColumnElement[Any]:
    """Return a column of JSON lists; a long one becomes a list of one object, as `json` has it."""
    return _json(column, longest, lambda beginning: func.jsonb_build_array(beginning))


def _json(
    column: ColumnElement[Any],
    longest: int,
    wrap: Callable[[ColumnElement[Any]], ColumnElement[Any]],
) -> ColumnElement[Any]:
    json_text = cast(column, Text)
    length = func.length(json_text)
    beginning = func.jsonb_build_object(
        "truncated", func.left(json_text, longest), "characters", length
    )
    return case((length > longest, type_coerce(wrap(beginning), column.type)), else_=column)


def in_list(
    columns: Iterable[ColumnElement[Any]], *long: ColumnElement[Any]
) -> Iterator[ColumnElement[Any]]:
    """Yield the columns of a list with the texts in `long` shortened, and `truncated`."""
    cut = {column.key for column in long}
    for column in columns:
        yield text(column).label(column.key) if column.key in cut else column
    yield names(*long)


def names(*columns: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column `truncated` with the names of the shortened columns."""
    truncated = [
        case((func.length(cast(column, Text)) > LONGEST, column.key)) for column in columns
    ]
    return func.array_remove(array([cast(name, Text) for name in truncated]), None).label(
        "truncated"
    )
