"""Pages of a list: limit, offset, order, cursor and total."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import starmap, takewhile
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    RowMapping,
    Select,
    SmallInteger,
    and_,
    literal,
    or_,
    tuple_,
)
from sqlalchemy.types import TypeEngine

from core.database.tables import storable
from core.errors import Invalid
from core.platform.clock import EPOCH, MICROSECOND

Row = TypeVar("Row")

LARGEST_PAGE = 200


class CursorRefused(Invalid):
    """Invalid cursor. Pass `next_cursor` as it was returned, with the same `sort`."""


class Items(BaseModel, Generic[Row]):
    """The rows of a short list, all of them."""

    model_config = ConfigDict(frozen=True)

    items: list[Row]


class CountedItems(Items[Row], Generic[Row]):
    """The rows of a short list, all of them, and how many there are."""

    total_count: int


class Page(CountedItems[Row], Generic[Row]):
    """One window of the rows that match, and the number of all of them."""

    limit: int
    offset: int


class SortedPage(Page[Row], Generic[Row]):
    """A page of a list in a chosen order; pass `next_cursor` as `cursor` for the rows after it."""

    next_cursor: str | None = None


@dataclass(frozen=True)
class Window:
    """The requested part of a list."""

    limit: int = 50
    offset: int = 0

    def page(self, items: list[Row], total_count: int) -> Page[Row]:
        """Return the rows of this window as a page of `total_count` rows."""
        return Page(items=items, total_count=total_count, limit=self.limit, offset=self.offset)

    def page_of(self, rows: Sequence[Row]) -> Page[Row]:
        """Return this window of a short list that is there whole."""
        return self.page(list(rows[self.offset : self.offset + self.limit]), len(rows))

    def sorted_page(
        self, items: list[Row], total_count: int, next_cursor: str | None
    ) -> SortedPage[Row]:
        """Return the rows of this window as a page with the cursor of the next."""
        page = self.page(items, total_count)
        return SortedPage(**dict(page), next_cursor=next_cursor)

    def total(self, found: int, count: Callable[[], int]) -> int:
        """Return the number of matching rows; they are counted only when the list continues."""
        seen = self.offset + found if found else 0
        is_end = found < self.limit and (found > 0 or not self.offset)
        return seen if is_end else max(seen, count())


@dataclass(frozen=True)
class Cursor:
    """The last row of a page; the next page begins after it."""

    created_at: datetime
    id: UUID

    def __str__(self) -> str:
        """Return the cursor as in an address."""
        return f"{(self.created_at - EPOCH) // MICROSECOND}.{self.id.hex}"

    @classmethod
    def read(cls, given: str) -> "Cursor":
        """Parse a cursor from an address; raise CursorRefused."""
        moment, _, key = given.partition(".")
        try:
            return cls(EPOCH + int(moment) * MICROSECOND, UUID(key))
        except (ValueError, OverflowError):
            raise CursorRefused from None


SortValue: TypeAlias = datetime | Decimal | UUID | int | str
# The last row of a page of a sorted list: the values of its keys
SortCursor: TypeAlias = tuple[SortValue, ...]


@dataclass(frozen=True)
class SortKey:
    """A value that rows are sorted by, never null."""

    column: ColumnElement[Any]
    is_descending: bool = False

    @property
    def ordered(self) -> ColumnElement[Any]:
        """Return the value in its direction, for `order by`."""
        return self.column.desc() if self.is_descending else self.column.asc()


@dataclass(frozen=True)
class Sort:
    """An order of rows by values that are never null; all together are unique.

    Rows after a cursor are found by value, so that the last page is as fast as the first where an
    index has the keys.
    """

    name: str
    keys: tuple[SortKey, ...]

    @classmethod
    def by(cls, name: str, *columns: ColumnElement[Any]) -> "Sort":
        """Return an order by columns, descending with a minus before its name."""
        return cls(name, tuple(SortKey(column, name.startswith("-")) for column in columns))

    def page(self, rows: Select[Any], window: Window, after: SortCursor | None) -> Select[Any]:
        """Return a window of the rows after a cursor, with the values of their keys."""
        values = (key.column.label(_label(place)) for place, key in enumerate(self.keys))
        rows = self.following(rows.add_columns(*values), after)
        return rows.limit(window.limit).offset(window.offset)

    def following(self, rows: Select[Any], after: SortCursor | None) -> Select[Any]:
        """Return the rows after a cursor in this order."""
        if after is not None:
            rows = rows.where(_is_after(list(zip(self.keys, after, strict=True))))
        return rows.order_by(*(key.ordered for key in self.keys))

    def next_cursor(self, rows: Sequence[RowMapping], window: Window) -> str | None:
        """Return the cursor of a full page's last row, and None at the end of the list."""
        if len(rows) < window.limit:
            return None
        return self.written([rows[-1][_label(place)] for place in range(len(self.keys))])

    def written(self, values: Iterable[SortValue]) -> str:
        """Return the cursor of a row, by the values of its keys."""
        parts = [self.name, *map(_written, values)]
        return urlsafe_b64encode(json.dumps(parts, ensure_ascii=False).encode()).decode()

    def read_cursor(self, given: str) -> SortCursor:
        """Parse a cursor of this order; raise CursorRefused."""
        try:
            name, *values = json.loads(urlsafe_b64decode(given.encode()))
            kinds = (key.column.type for key in self.keys)
            cursor = tuple(starmap(_parsed, zip(values, kinds, strict=True)))
        except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
            raise CursorRefused from None
        if name != self.name:
            raise CursorRefused
        return cursor


def _label(place: int) -> str:
    return f"sorted_by_{place}"


def _is_after(keys: Sequence[tuple[SortKey, SortValue]]) -> ColumnElement[bool]:
    """Return the condition that a row follows these values; those of keys in one direction are
    compared as a whole, which an index answers.
    """
    is_descending = keys[0][0].is_descending
    alike = list(takewhile(lambda pair: pair[0].is_descending is is_descending, keys))
    row = tuple_(*(key.column for key, _ in alike))
    last = tuple_(*(literal(value, key.column.type) for key, value in alike))
    is_beyond = row < last if is_descending else row > last
    if len(alike) == len(keys):
        return is_beyond
    is_not_before = row <= last if is_descending else row >= last
    return and_(is_not_before, or_(is_beyond, _is_after(keys[len(alike) :])))


def _written(value: SortValue) -> str:
    if isinstance(value, UUID):
        return value.hex
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _parsed(value: str, kind: TypeEngine[Any]) -> SortValue:
    """Return a value as the type of a column; raise ValueError, TypeError or ArithmeticError."""
    if kind.python_type is str:
        return storable(value)
    if kind.python_type is UUID:
        return UUID(value)
    if kind.python_type is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    number = Decimal(value)
    if not abs(number) < _beyond(kind):
        raise ValueError(value)
    return int(value) if kind.python_type is int else number


def _beyond(kind: TypeEngine[Any]) -> int:
    """Return the least number that Postgres refuses to compare with such a column."""
    if kind.python_type is not int:
        return 10**30
    if isinstance(kind, SmallInteger):
        return 2**15
    return 2**63 if isinstance(kind, BigInteger) else 2**31
