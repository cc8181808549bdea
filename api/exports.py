"""Stream lists as CSV (RFC 4180): every row that matches, in bounded memory."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import chain, count
from typing import Protocol, TypeVar
from uuid import UUID

from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.threads import EXPORTS
from core.database.db import Session, transaction
from core.database.paging import Cursor, Window
from core.database.query_slots import slots
from core.presentation import csv_lines

AT_ONCE = 1000
PIECE = 64 * 1024  # characters that are sent at once
LONGEST_WAIT_S = 300.0


class Dated(Protocol):
    """A row of a list that is paged by cursor."""

    @property
    def created_at(self) -> datetime:
        """When it was."""

    @property
    def id(self) -> UUID:
        """Ours."""


Row = TypeVar("Row")
Key = TypeVar("Key")
DatedRow = TypeVar("DatedRow", bound=Dated)


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingResponse:
    """Return rows as a file to download."""
    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(_pieces(_lines(header, rows)), media_type="text/csv; charset=utf-8", headers=disposition)


def cells(row: BaseModel, columns: Iterable[str]) -> list[object]:
    """Return what a row has in these columns."""
    plain = row.model_dump(mode="json")
    return [plain[column] for column in columns]


def rows_by_window(read: Callable[[Session, Window], list[Row]]) -> Iterator[Row]:
    """Yield the rows of a list: a page a transaction, none of which is open while the other side takes its time.

    For orders that hold still meanwhile: a row that moves in its list is else missed, or comes twice.
    """
    for offset in count(0, AT_ONCE):
        with _turn(), transaction() as session:
            rows = read(session, Window(AT_ONCE, offset))
        yield from rows
        if len(rows) < AT_ONCE:
            return


def rows_by_cursor(
    read: Callable[[Session, int, Cursor | None], list[DatedRow]],
    whole: Callable[[Session, int, Cursor | None], list[DatedRow]] | None = None,
) -> Iterator[DatedRow]:
    """Yield the rows of a big list in the same manner; `read` is told how many, and after which one.

    With `whole`, those that `read` has shortened are read once more, one at a time: a page of them would fill the memory.
    """
    return rows_after(read, lambda row: Cursor(row.created_at, row.id), whole)


def rows_after(
    read: Callable[[Session, int, Key | None], list[Row]],
    key: Callable[[Row], Key],
    whole: Callable[[Session, int, Key | None], list[Row]] | None = None,
) -> Iterator[Row]:
    """Yield the rows of a big list that goes by something else than the time of its rows' making: by what `key` says."""
    after: Key | None = None
    while True:
        with _turn(), transaction() as session:
            rows = read(session, AT_ONCE, after)
        for row in rows:
            yield _whole(whole, row, key, after) if whole is not None and getattr(row, "truncated", None) else row
            after = key(row)
        if len(rows) < AT_ONCE:
            return


def _whole(
    read: Callable[[Session, int, Key | None], list[Row]], short: Row, key: Callable[[Row], Key], after: Key | None
) -> Row:
    with transaction() as session:
        found = read(session, 1, after)
    return found[0] if found and key(found[0]) == key(short) else short  # another came in between, or it has gone


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    return (csv_lines.line(row) for row in chain([header], rows))


async def _pieces(lines: Iterator[str]) -> AsyncIterator[str]:
    while piece := await EXPORTS.run(_piece, lines):
        yield piece


def _piece(lines: Iterator[str]) -> str:
    taken, size = [], 0
    for line in lines:
        taken.append(line)
        size += len(line)
        if size >= PIECE:
            break
    return "".join(taken)


def _turn() -> AbstractContextManager[None]:
    """Wait until one page of a list may be read; files are patient, and all of them are one account."""
    return slots.taken("exports", LONGEST_WAIT_S)
