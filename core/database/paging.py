"""Pages of a list: how many, from where, and how many there are in all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from core.errors import Invalid

Row = TypeVar("Row")

LARGEST_PAGE = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class CursorRefused(Invalid):
    """The cursor is none of ours: take `next_cursor` as it was answered."""


@dataclass(frozen=True)
class Window:
    """The part of a list that is asked for."""

    limit: int = 50
    offset: int = 0

    def of(self, rows: Sequence[Row]) -> list[Row]:
        """Return this part of a short list that is there whole."""
        return list(rows[self.offset : self.offset + self.limit])

    def total(self, found: int, count: Callable[[], int]) -> int:
        """Return how many rows match in all, `found` of them here: counted only where the list does not end here."""
        seen = self.offset + found if found else 0
        is_end = found < self.limit and (found > 0 or not self.offset)
        return seen if is_end else max(seen, count())


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One window of rows and the number of all rows that match."""

    items: list[Row]
    total_count: int


@dataclass(frozen=True)
class Cursor:
    """The last row of a page of a big list: the next one begins after it."""

    created_at: datetime
    id: UUID

    def __str__(self) -> str:
        """Return it as an address carries it."""
        return f"{(self.created_at - EPOCH) // MICROSECOND}.{self.id.hex}"

    @classmethod
    def read(cls, given: str) -> "Cursor":
        """Return what an address carries; raise CursorRefused."""
        moment, _, key = given.partition(".")
        try:
            return cls(EPOCH + int(moment) * MICROSECOND, UUID(key))
        except (ValueError, OverflowError):
            raise CursorRefused from None
