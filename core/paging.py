"""Pages of a list: how many, from where, and how many there are in all."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")

LARGEST_PAGE = 200


@dataclass(frozen=True)
class Window:
    """The part of a list that is asked for."""

    limit: int = 50
    offset: int = 0


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One window of rows and the number of all rows that match."""

    items: list[Row]
    total_count: int
