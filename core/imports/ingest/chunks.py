"""Chunks of checked rows, each with an id that is the same whenever the file is read again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import msgspec

from core.imports import row_makers
from core.imports.containers.files import TOO_LONG
from core.imports.containers.json_files import whole_characters
from core.imports.ingest.stores import STORES, size_of, weight
from core.imports.parsed import ParsedRow, RowKind
from core.imports.schemas import RowProblem
from core.ingest import bodies
from core.ingest.rows import FUTURE, JsonObject, Row
from core.platform import clock

# A user of many rows is counted up once a chunk: larger ones are faster, and hold others up longer.
# Two of them are in memory.
HEAVIEST = 16_000
PREFIXED = ("id", "batch_run_id", "conversation_id", "ai_request_id")
# Within a conversation, whose ID has the prefix, messages keep their IDs
OF_MESSAGES = ("message_id", "source_message_id")
DIGITS = 32  # of the file's hash

Made = TypeVar("Made")


@dataclass(frozen=True)
class Identity:
    """What names the rows of a file that bring no id of their own, and dates those that bring no
    time.
    """

    sha256: str
    at: datetime
    prefix: str = ""  # of all ids, where the same file is in another environment already

    def complete(self, parsed: ParsedRow, number: int) -> JsonObject:
        """Return a row with an id and a time; `number` counts the rows of its kind within the
        record.
        """
        given = dict(parsed.row or {})
        if parsed.kind is RowKind.USERS:  # an ID made up here would name no user
            return given
        name = "batch_run_id" if parsed.kind is RowKind.BATCH_RUNS else "id"
        if given.get(name) is None:
            given[name] = f"{self.sha256[:DIGITS]}-{parsed.position}" + (
                f"-{number}" if number else ""
            )
        if self.prefix:
            is_within = given.get("conversation_id") is not None
            given |= {
                name: f"{self.prefix}{given[name]}"
                for name in (PREFIXED if is_within else (*PREFIXED, *OF_MESSAGES))
                if given.get(name) is not None
            }
        if given.get("created_at") is None and parsed.kind is not RowKind.BATCH_RUNS:
            given["created_at"] = self.at
        if parsed.kind is RowKind.CONVERSATIONS and isinstance(given.get("messages"), list):
            messages = row_makers.with_ids(given["messages"])
            given["messages"] = [_dated(each, given["created_at"]) for each in messages]
        return given


def _dated(message: object, at: object) -> object:
    if not isinstance(message, dict) or message.get("created_at") is not None:
        return message
    return {**message, "created_at": at}


@dataclass(frozen=True)
class CheckedRow:
    """A row that may be stored, and the record that it comes from."""

    parsed: ParsedRow
    row: Row


@dataclass
class Chunk:
    """The rows of some records: of those after `after`, up to `until`."""

    after: int
    until: int = 0
    rows: dict[RowKind, list[CheckedRow]] = field(default_factory=lambda: defaultdict(list))
    problems: list[RowProblem] = field(default_factory=list)
    weight: int = 0

    def add(self, parsed: ParsedRow, row: Row | None, error: str | None) -> None:
        self.until = parsed.position
        told, size = size_of(parsed.row or {})
        if told > bodies.MAX_ROW_BYTES:
            row, error = None, TOO_LONG
        if row is None:
            wrong = error or "not readable"
            self.problems.append(
                RowProblem(
                    position=parsed.position, line=parsed.line, kind=parsed.kind, error=wrong[:500]
                )
            )
            self.weight += 1
        else:
            self.rows[parsed.kind].append(CheckedRow(parsed, row))
            self.weight += weight(row, size)

    def check(self) -> None:
        """Refuse rows that name what is not stored."""
        for kind, rows in self.rows.items():
            if rows and (check := STORES[kind].check) is not None:
                refused = check([good.row for good in rows])
                self.problems += [
                    RowProblem(
                        position=rows[index].parsed.position,
                        line=rows[index].parsed.line,
                        kind=kind,
                        error=error,
                    )
                    for index, error in refused.items()
                ]
                self.rows[kind] = [row for n, row in enumerate(rows) if n not in refused]

    @property
    def records(self) -> int:
        return self.until - self.after

    def halves(self) -> "tuple[Chunk, Chunk]":
        """Return it as two, cut between records."""
        middle = self.after + self.records // 2
        first, second = Chunk(self.after, middle), Chunk(middle, self.until)
        for kind, rows in self.rows.items():
            first.rows[kind] = [good for good in rows if good.parsed.position <= middle]
            second.rows[kind] = [good for good in rows if good.parsed.position > middle]
        first.problems = [each for each in self.problems if each.position <= middle]
        second.problems = [each for each in self.problems if each.position > middle]
        return first, second


def cut(
    rows: Iterable[ParsedRow], identity: Identity, *, after: int, heaviest: int = HEAVIEST
) -> Iterator[Chunk]:
    """Yield the rows as chunks; all that one record gives is in one of them."""
    chunk, numbers = Chunk(after), dict[RowKind, int]()
    latest = clock.now() + FUTURE
    for parsed in rows:
        if parsed.position != chunk.until:
            if chunk.weight >= heaviest:
                yield chunk
                # Looked up for each chunk: an import may take hours.
                chunk, latest = Chunk(chunk.until), clock.now() + FUTURE
            numbers = {}
        number = numbers.get(parsed.kind, 0)
        chunk.add(parsed, *_checked(parsed, identity, number, latest))
        numbers[parsed.kind] = number + 1
    if chunk.weight:
        yield chunk


def prefetch(made: Iterator[Made]) -> Iterator[Made]:
    """Yield items of an iterator, each made in another thread while the one before is used."""
    # Of one thread: two may not ask a generator at once.
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as maker:
        following = maker.submit(next, made, None)
        while (this := following.result()) is not None:
            following = maker.submit(next, made, None)
            yield this


def without_invalid_characters(row: Row) -> Row:
    """Return a row without NUL characters and halves of characters, which Postgres refuses."""
    mended = whole_characters(bodies.without_nul(msgspec.to_builtins(row)))
    return msgspec.convert(mended, type(row), strict=False)


def _checked(
    parsed: ParsedRow, identity: Identity, number: int, latest: datetime
) -> tuple[Row | None, str | None]:
    if parsed.row is None:
        return None, parsed.error
    try:
        row = bodies.as_row(identity.complete(parsed, number), STORES[parsed.kind].row)
    except bodies.RowRefused as refused:
        return None, refused.detail
    wrong = row.wrong(latest)
    return (row, None) if wrong is None else (None, wrong)
