"""Pages of a list: limit, offset, order, cursor and total."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, RowMapping, Select, Uuid, literal, tuple_

from core.database.tables import storable
from core.errors import Invalid

Row = TypeVar("Row")

LARGEST_PAGE = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


SORTED_BY = "sorted_by"  # the column that tells the value of a row
LARGEST_INTEGER, LARGEST_DECIMAL = 2**31, 10**30  # that Postgres compares with such a column


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


@dataclass(frozen=True)
class SortCursor:
    """The last row of a page of a sorted list: the value that it is sorted by, and its ID."""

    value: datetime | Decimal | int | str
    id: UUID


@dataclass(frozen=True)
class Sort:
    """An order of rows by a value that is never null, then by ID; descending with a minus.

    Rows after a cursor are found by value, so that the last page is as fast as the first where an
    index has `value` and `id`.
    """

    name: str
    value: ColumnElement[Any]
    id: ColumnElement[UUID]

    def page(self, rows: Select[Any], window: Window, after: SortCursor | None) -> Select[Any]:
        """Return a window of the rows after a cursor, with their values as `sorted_by`."""
        is_descending, key = self.name.startswith("-"), tuple_(self.value, self.id)
        if after is not None:
            last = tuple_(literal(after.value, self.value.type), literal(after.id, Uuid()))
            rows = rows.where(key < last if is_descending else key > last)
        ends = (each.desc() if is_descending else each.asc() for each in (self.value, self.id))
        rows = rows.add_columns(self.value.label(SORTED_BY)).order_by(*ends)
        return rows.limit(window.limit).offset(window.offset)

    def next_cursor(self, rows: Sequence[RowMapping], window: Window) -> str | None:
        """Return the cursor of a full page's last row, and None at the end of the list."""
        if len(rows) < window.limit:
            return None
        value, id_ = rows[-1][SORTED_BY], rows[-1]["id"]
        said = value.isoformat() if isinstance(value, datetime) else str(value)
        return urlsafe_b64encode(json.dumps([self.name, said, id_.hex]).encode()).decode()

    def read_cursor(self, given: str) -> SortCursor:
        """Parse a cursor of this order; raise CursorRefused."""
        try:
            name, value, key = json.loads(urlsafe_b64decode(given.encode()))
            cursor = SortCursor(self._parsed(value), UUID(key))
        except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
            raise CursorRefused from None
        if name != self.name:
            raise CursorRefused
        return cursor

    def _parsed(self, value: str) -> datetime | Decimal | int | str:
        """Return a value as the column's type; raise ValueError or ArithmeticError."""
        kind = self.value.type.python_type
        if kind is str:
            return storable(value)
        if kind is datetime:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise ValueError(value)
            return moment
        number = Decimal(value)
        if not abs(number) < (LARGEST_INTEGER if kind is int else LARGEST_DECIMAL):
            raise ValueError(value)
        return int(value) if kind is int else number
