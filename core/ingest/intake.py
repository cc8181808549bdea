"""What rows from outside have in common: fields, source, keys, and the report of what became of them.

core/ingest/bodies.py reads them.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

import msgspec
import psycopg
import uuid_utils
from msgspec import Meta

from core.ingest import redaction

MOST_ROWS = 5000
MOST_NAMED = MOST_ROWS  # refused rows that an answer names: all of a body of items, and a bound for lines without end
MOST_STEPS = 200
MOST_USD = 100_000
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE = timedelta(hours=24)
WORKSPACE = uuid_utils.UUID("6ba7b814-9dad-11d1-80b4-00c04fd430c8")  # the one namespace of what is sent, whatever door brought it

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Word = Annotated[str, Meta(max_length=500)]
LongText = Annotated[str, Meta(max_length=1_000_000)]
Moment = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Milliseconds = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Parts = Annotated[list[dict[str, Any]], Meta(max_length=MOST_STEPS)]
JsonObject = dict[str, Any]


class Nested(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A part of a row, of which it holds a list. What is not named goes to `extra`, never lost."""

    texts: ClassVar[tuple[str, ...]] = ("extra",)
    persons: ClassVar[tuple[str, ...]] = ()

    extra: JsonObject | None = None


class Row(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a sender may send; a feature's rows add their fields. What is not named goes to `extra`, never lost."""

    nested: ClassVar[dict[str, type[Nested]]] = {}
    texts: ClassVar[tuple[str, ...]] = ("extra",)  # what redaction looks at
    persons: ClassVar[tuple[str, ...]] = ("user_id", "session_id")  # ids that may be somebody's address

    id: Id | None = None
    environment: Name | None = None
    app: Word | None = None
    release: Word | None = None
    created_at: Moment | None = None
    extra: JsonObject | None = None

    def wrong(self, latest: datetime) -> str | None:
        """Return what no type forbids and is wrong all the same, the field first."""
        if self.created_at is None and self.id is not None:
            return "created_at: an id needs the created_at that it was first sent with"
        return wrong_time("created_at", self.created_at, latest)


Sent = TypeVar("Sent", bound=Row)


@dataclass(frozen=True)
class Rejected:
    """Why a row was not taken."""

    index: int
    error: str

    def as_json(self) -> dict[str, Any]:
        """Return it as the API answers it."""
        return {"index": self.index, "error": self.error}


@dataclass
class Report:
    """What became of the rows of a body. Of very many refused rows the first are named, and `unnamed` counts the others."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    unnamed: int = 0

    def add(self, other: "Report") -> None:
        """Add what became of more of them."""
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.unnamed += other.unnamed
        self.refuse(other.rejected)

    def refuse(self, refused: list[Rejected]) -> None:
        """Add refused rows: by name while there is room, then as a number."""
        room = MOST_NAMED - len(self.rejected)
        self.rejected += refused[:room]
        self.unnamed += len(refused[room:])

    def as_json(self) -> dict[str, Any]:
        """Return it as the API answers it."""
        rejected = [each.as_json() for each in self.rejected]
        told = {"accepted": self.accepted, "duplicates": self.duplicates, "rejected": rejected}
        return told | ({"rejected_unnamed": self.unnamed} if self.unnamed else {})


@dataclass(frozen=True)
class RowSource:
    """What holds for all rows of a body: where they come from, and what is done with their texts."""

    environment: str
    zone: str
    import_id: UUID | None = None
    origin: str = "api"  # through which door

    @property
    def days(self) -> dict[str, object]:
        """What is said of the days on which users were there: in which zone they are, and whether an import says so."""
        return {"zone": self.zone, "import_id": self.import_id}

    def cleaned(self, rows: list[Sent]) -> list[Sent]:
        """Return rows as they may be stored: redacted, where the workspace wants that."""
        redactor = redaction.current()
        return rows if redactor is None else [redactor.row(row) for row in rows]


class NotAllNew(Exception):
    """Some of the rows were there before, or twice among these: nothing is stored."""


@contextmanager
def all_new() -> Iterator[None]:
    """Raise NotAllNew where the database finds that a row is there; its transaction is lost."""
    try:
        yield
    except psycopg.errors.UniqueViolation:
        raise NotAllNew from None


def key_of(kind: str, external_id: str) -> UUID:
    """Return the key of what a sender calls `external_id`."""
    return UUID(bytes=staged_key(kind, external_id).bytes)


def staged_key(kind: str, external_id: str) -> uuid_utils.UUID:
    """Return the same key as the staging tables take it, at a quarter of the time."""
    return uuid_utils.uuid5(WORKSPACE, f"{kind}:{external_id}")


def keys_of(kind: str, external_ids: Iterable[str | None]) -> list[object]:
    """Return such keys of many; None for None."""
    return [staged_key(kind, each) if each is not None else None for each in external_ids]


def message_name(conversation: str | None, message: str) -> str:
    """Return what names a message everywhere: its id is its sender's within the conversation. No id holds a NUL."""
    return f"{conversation or ''}\0{message}"


def wrong_time(field_name: str, at: datetime | None, latest: datetime) -> str | None:
    """Return what is wrong with a time, if anything is."""
    if at is None or EARLIEST <= at <= latest:
        return None
    return f"{field_name}: {'in_future, more than 24 hours ahead' if at > latest else 'before the year 2000'}"


def wrong_dollars(field_name: str, cost: Decimal | None) -> str | None:
    """Return what is wrong with a price, if anything is."""
    if cost is None or (cost.is_finite() and 0 <= cost <= MOST_USD):
        return None
    return f"{field_name}: not a number of dollars from 0 to {MOST_USD:,}"


def as_jsonb(value: Any) -> str | None:  # noqa: ANN401  any JSON
    """Return JSON as the staging tables take it."""
    return msgspec.json.encode(value).decode() if value else None
