"""What ingested rows have in common: field types, source, keys, and the report of the outcome.

core/ingest/bodies.py decodes them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

import msgspec
import psycopg
import uuid_utils
from msgspec import Meta

from core.ingest import redaction

MOST_ROWS = 5000
# Rejected rows listed in a response: all of a body with items, and a limit for NDJSON
MOST_NAMED = MOST_ROWS
MOST_STEPS = 200
MOST_USD = 100_000
# Of a row: with the name of a tool (200 characters), an entry of an index has 2,704 at most
MOST_NAME_BYTES = 1750
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE = timedelta(hours=24)
# In what rows derived for a release have as their environment: release_place() in SQL
BEFORE_RELEASE = "\x1f"
# The namespace of all external ids
WORKSPACE = uuid_utils.UUID("6ba7b814-9dad-11d1-80b4-00c04fd430c8")

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
    """An object within a row, or in a list of it. Unknown fields are kept in `extra`."""

    nested: ClassVar[dict[str, type["Nested"]]] = {}
    texts: ClassVar[tuple[str, ...]] = ("extra",)
    persons: ClassVar[tuple[str, ...]] = ()

    extra: JsonObject | None = None


class Row(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields that every row may have; features add theirs.

    Unknown fields are kept in `extra`.
    """

    nested: ClassVar[dict[str, type[Nested]]] = {}
    texts: ClassVar[tuple[str, ...]] = ("extra",)  # fields that are redacted
    # Ids that may be email addresses
    persons: ClassVar[tuple[str, ...]] = ("user_id", "session_id")
    # Names that indexes and rollups hold together
    names: ClassVar[tuple[str, ...]] = ("environment", "app", "release")

    id: Id | None = None
    environment: Name | None = None
    app: Word | None = None
    release: Word | None = None
    created_at: Moment | None = None
    extra: JsonObject | None = None

    def __post_init__(self) -> None:
        """Refuse names that no index could hold."""
        check_names(names_of(type(self))(self))

    def wrong(self, latest: datetime) -> str | None:
        """Return what is invalid beyond the field types, starting with the field, or None."""
        if self.created_at is None and self.id is not None:
            return "created_at: an id needs the created_at that it was first sent with"
        return self.wrong_environment() or wrong_time("created_at", self.created_at, latest)

    def wrong_times(self, latest: datetime, *names: str) -> str | None:
        """Return why the first invalid one of these fields is no valid time, or None."""
        wrong = (wrong_time(name, getattr(self, name), latest) for name in names)
        return next(filter(None, wrong), None)

    def wrong_environment(self) -> str | None:
        """Return why the environment is invalid, or None: it would be the place of a release."""
        if self.environment is not None and BEFORE_RELEASE in self.environment:
            return "environment: contains the character U+001F"
        return None


Sent = TypeVar("Sent", bound=Row)


@dataclass(frozen=True)
class Rejected:
    """A rejected row: its index in the body, and the reason."""

    index: int
    error: str

    def as_json(self) -> dict[str, Any]:
        """Return the JSON of the API."""
        return {"index": self.index, "error": self.error}


@dataclass
class Report:
    """The outcome of a body's rows. Beyond MOST_NAMED rejected rows, `unnamed` counts the rest."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    unnamed: int = 0

    def add(self, other: "Report") -> None:
        """Add the outcome of further rows."""
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.unnamed += other.unnamed
        self.refuse(other.rejected)

    def refuse(self, rejected: list[Rejected]) -> None:
        """Add rejected rows: listed up to the limit, then counted."""
        room = MOST_NAMED - len(self.rejected)
        self.rejected += rejected[:room]
        self.unnamed += len(rejected[room:])

    def as_json(self) -> dict[str, Any]:
        """Return the JSON of the API."""
        rejected = [row_error.as_json() for row_error in self.rejected]
        counts = {"accepted": self.accepted, "duplicates": self.duplicates, "rejected": rejected}
        return counts | ({"rejected_unnamed": self.unnamed} if self.unnamed else {})


@dataclass(frozen=True)
class RowSource:
    """What applies to all rows of a body: environment, time zone of days, import, and channel."""

    environment: str
    zone: str
    import_id: UUID | None = None
    origin: str = "api"  # the channel: the API, OTLP or an import
    # Of events and AI requests, users with their days and funnels are left to the worker
    defers: bool = False

    @property
    def days(self) -> dict[str, object]:
        """The time zone of user days, and the import that reports them, if any."""
        return {"zone": self.zone, "import_id": self.import_id}

    def cleaned(self, rows: list[Sent]) -> list[Sent]:
        """Return rows with their texts redacted, if the workspace has redaction on."""
        redactor = redaction.current()
        return rows if redactor is None else [redactor.row(row) for row in rows]


class NotAllNew(Exception):
    """Some rows exist already, or twice in this body: nothing was stored."""


@contextmanager
def all_new() -> Iterator[None]:
    """Turn a unique violation into NotAllNew; the transaction is rolled back."""
    try:
        yield
    except psycopg.errors.UniqueViolation:
        raise NotAllNew from None


def key_of(kind: str, external_id: str) -> UUID:
    """Return the UUID of a sender's ID."""
    return UUID(bytes=staged_key(kind, external_id).bytes)


def staged_key(kind: str, external_id: str) -> uuid_utils.UUID:
    """Return the key as a `uuid_utils.UUID`, four times as fast, for staging tables."""
    return uuid_utils.uuid5(WORKSPACE, f"{kind}:{external_id}")


def keys_of(kind: str, external_ids: Iterable[str | None]) -> list[object]:
    """Return the keys of many ids; None for None."""
    return [
        staged_key(kind, external_id) if external_id is not None else None
        for external_id in external_ids
    ]


def message_name(conversation: str | None, message: str) -> str:
    """Return a message's name within all conversations: senders' ids are unique per conversation.

    Ids contain no NUL.
    """
    return f"{conversation or ''}\0{message}"


@cache
def names_of(row: type[Row]) -> Callable[[Row], tuple[str | None, ...]]:
    """Return the function that returns a row's names."""
    return attrgetter(*row.names)


def check_names(names: Iterable[str | None]) -> None:
    """Raise ValueError for names of a row that are too long together for an index."""
    together = "".join(filter(None, names))
    if len(together) > MOST_NAME_BYTES // 4:  # a character has four bytes at most
        size = len(together.encode(errors="replace"))
        if size > MOST_NAME_BYTES:
            raise ValueError(
                f"The names of a row have {MOST_NAME_BYTES:,} bytes together at most, not {size:,}."
            )


def wrong_time(field_name: str, at: datetime | None, latest: datetime) -> str | None:
    """Return why a time is invalid, starting with the field, or None."""
    if at is None or EARLIEST <= at <= latest:
        return None
    return (
        f"{field_name}: "
        f"{'in_future, more than 24 hours ahead' if at > latest else 'before the year 2000'}"
    )


def in_plain_words(error: str) -> str:
    """Return an error of a row for people, without the code word that is for programs."""
    return error.replace(": in_future,", ": in the future,")


def wrong_dollars(field_name: str, cost: Decimal | None) -> str | None:
    """Return why an amount in USD is invalid, starting with the field, or None."""
    if cost is None or (cost.is_finite() and 0 <= cost <= MOST_USD):
        return None
    return f"{field_name}: not a number of dollars from 0 to {MOST_USD:,}"


def as_jsonb(value: Any) -> str | None:  # noqa: ANN401  any JSON
    """Return JSON as text for the staging tables, None for empty values."""
    return msgspec.json.encode(value).decode() if value else None
