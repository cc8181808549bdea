"""Stream lists as CSV (RFC 4180): all matching rows, in bounded memory."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import count
from typing import Literal, Protocol, TypeVar
from uuid import UUID

from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.threads import EXPORTS
from core.database.connections.query_slots import slots
from core.database.db import Session, transaction
from core.database.paging import Cursor, SortedPage, Window
from core.presentation import csv_lines

PAGE_SIZE = 1000
CHUNK_CHARS = 64 * 1024  # characters per chunk
MAX_WAIT_S = 300.0
Format = Literal["json", "csv"]  # of a list


class Dated(Protocol):
    """A row of a list that is paged by cursor."""

    @property
    def created_at(self) -> datetime: ...
    @property
    def id(self) -> UUID: ...


Row = TypeVar("Row")
Key = TypeVar("Key")
DatedRow = TypeVar("DatedRow", bound=Dated)


def csv_response(
    name: str, columns: Sequence[str], rows: Iterable[BaseModel | dict[str, object]]
) -> StreamingResponse:
    """Return these columns of rows as a CSV download; dictionaries have JSON values."""
    return download(f"{name}.csv", "text/csv; charset=utf-8", _lines(columns, rows))


def download(name: str, media_type: str, lines: Iterator[str]) -> StreamingResponse:
    """Return lines as a download, each created in the threads of exports."""
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_chunks(lines), media_type=media_type, headers=disposition)


def rows_by_window(read: Callable[[Session, Window], list[Row]]) -> Iterator[Row]:
    """Yield the rows of a list, each page in a transaction of its own, so that none stays open
    during a slow download.

    For stable orders only: a row that moves during the export is missed or repeated.
    """
    for offset in count(0, PAGE_SIZE):
        with _query_slot(), transaction() as session:
            rows = read(session, Window(PAGE_SIZE, offset))
        yield from rows
        if len(rows) < PAGE_SIZE:
            return


def rows_by_page(
    read: Callable[[Session, Window, str | None], SortedPage[Row]],
) -> Iterator[Row]:
    """Yield the rows of a list, each page by the cursor of the one before."""
    cursor, is_read = None, False
    while cursor is not None or not is_read:
        with _query_slot(), transaction() as session:
            page = read(session, Window(PAGE_SIZE), cursor)
        yield from page.items
        cursor, is_read = page.next_cursor, True


def rows_by_cursor(
    read: Callable[[Session, int, Cursor | None], list[DatedRow]],
    whole: Callable[[Session, int, Cursor | None], list[DatedRow]] | None = None,
) -> Iterator[DatedRow]:
    """Yield the rows of a large list by cursor; `read` takes the page size and the cursor to start
    after.

    With `whole`, rows that `read` has shortened are read again one by one: a page of them would
    fill the memory.
    """
    return rows_after(read, lambda row: Cursor(row.created_at, row.id), whole)


def rows_after(
    read: Callable[[Session, int, Key | None], list[Row]],
    key: Callable[[Row], Key],
    whole: Callable[[Session, int, Key | None], list[Row]] | None = None,
) -> Iterator[Row]:
    """Yield the rows of a large list whose cursor is `key`, rather than the creation time."""
    after: Key | None = None
    while True:
        with _query_slot(), transaction() as session:
            rows = read(session, PAGE_SIZE, after)
        for row in rows:
            yield (
                _full_row(whole, row, key, after)
                if whole is not None and getattr(row, "truncated", None)
                else row
            )
            after = key(row)
        if len(rows) < PAGE_SIZE:
            return


def rows_by_position(
    read: Callable[[Session, int], tuple[list[Row], int | None]],
) -> Iterator[Row]:
    """Yield rows from position 0 on; `read` returns those after a position, and the last position
    of them, None at the end.
    """
    position: int | None = 0
    while position is not None:
        with _query_slot(), transaction() as session:
            rows, position = read(session, position)
        yield from rows


def _full_row(
    read: Callable[[Session, int, Key | None], list[Row]],
    shortened: Row,
    key: Callable[[Row], Key],
    after: Key | None,
) -> Row:
    with transaction() as session:
        rows = read(session, 1, after)
    # It may have been deleted
    return rows[0] if rows and key(rows[0]) == key(shortened) else shortened


def _lines(columns: Sequence[str], rows: Iterable[BaseModel | dict[str, object]]) -> Iterator[str]:
    yield csv_lines.line(columns)
    for row in rows:
        values = row.model_dump(mode="json") if isinstance(row, BaseModel) else row
        yield csv_lines.line([values[column] for column in columns])


async def _chunks(lines: Iterator[str]) -> AsyncIterator[str]:
    while piece := await EXPORTS.run(_chunk, lines):
        yield piece


def _chunk(lines: Iterator[str]) -> str:
    collected, size = [], 0
    for line in lines:
        collected.append(line)
        size += len(line)
        if size >= CHUNK_CHARS:
            break
    return "".join(collected)


def _query_slot() -> AbstractContextManager[None]:
    """Wait for a query slot for one page; exports wait long, and share the slots of one account."""
    return slots.taken("exports", MAX_WAIT_S)
