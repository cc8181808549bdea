"""Rows from outside: a body is read, each row of it checked by itself, and one bad row never costs the good ones.

A row is a `Row` of msgspec: a whole body is decoded in one step, and only where that fails is each item looked at alone.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Generic, TypeVar, cast
from uuid import UUID

import msgspec
import uuid_utils
from msgspec import Meta

from core import clock, redaction
from core.errors import Invalid

MOST_ROWS = 5000
MOST_STEPS = 200
MOST_USD = 100_000
LONGEST_LINE = 2**20
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE = timedelta(hours=24)
WORKSPACE = uuid_utils.UUID("6ba7b814-9dad-11d1-80b4-00c04fd430c8")  # the one namespace of what is sent, whatever door brought it
PATH = re.compile(r" - at `\$\.?([^`]*)`$")

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Word = Annotated[str, Meta(max_length=500)]
LongText = Annotated[str, Meta(max_length=1_000_000)]
Moment = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Milliseconds = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Parts = Annotated[list[dict[str, Any]], Meta(max_length=MOST_STEPS)]
JsonObject = dict[str, Any]


class BodyRefused(Invalid):
    """Send one object, {"items": [...]} with up to 5,000 of them, or NDJSON with one object a line."""


class RowRefused(Invalid):
    """The row does not fit its kind."""


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
Cleaned = TypeVar("Cleaned", bound=Row | Nested)


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
    """What became of the rows of a body."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Add what became of more of them."""
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.rejected += other.rejected

    def as_json(self) -> dict[str, Any]:
        """Return it as the API answers it."""
        rejected = [each.as_json() for each in self.rejected]
        return {"accepted": self.accepted, "duplicates": self.duplicates, "rejected": rejected}


@dataclass(frozen=True)
class Batch(Generic[Sent]):
    """The good rows of a part of a body, and the bad ones with their place in the whole body."""

    rows: list[Sent]
    numbers: list[int]  # where each of the rows stands in the body
    rejected: list[Rejected]
    size: int


@dataclass(frozen=True)
class Source:
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


def key_of(kind: str, external_id: str) -> UUID:
    """Return the key of what a sender calls `external_id`."""
    return UUID(bytes=staged_key(kind, external_id).bytes)


def staged_key(kind: str, external_id: str) -> uuid_utils.UUID:
    """Return the same key as the staging tables take it, at a quarter of the time."""
    return uuid_utils.uuid5(WORKSPACE, f"{kind}:{external_id}")


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


def read_items(body: bytes, row: type[Sent]) -> Batch[Sent]:
    """Read one object, or an object with `items`; raise BodyRefused for anything else."""
    try:
        rows = _envelope(row).decode(body).items
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return read_each(_split(body), row)
    return _checked(list(enumerate(rows)), [], len(rows), clean=b"\\u0000" in body)


def read_lines(lines: list[bytes], row: type[Sent], *, first: int) -> Batch[Sent]:
    """Read lines of NDJSON, the first of which has the number `first`; empty ones are passed over."""
    return read_each(lines, row, first=first)


def read_each(items: Iterable[bytes], row: type[Sent], *, first: int = 0) -> Batch[Sent]:
    """Read each item by itself."""
    rows: list[tuple[int, Sent]] = []
    rejected: list[Rejected] = []
    clean, number = False, first
    for number, item in enumerate(items, first):
        try:
            rows.append((number, _read_one(item, row)))
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            rejected.append(Rejected(number, _words(error)))
        clean = clean or b"\\u0000" in item
    return _checked(rows, rejected, number + 1 - first if rows or rejected else 0, clean=clean)


def as_row(given: JsonObject, row: type[Sent]) -> Sent:
    """Return an object that has been decoded already as a row; raise RowRefused, the field first."""
    try:
        return msgspec.convert(given, row)
    except (msgspec.MsgspecError, RecursionError):
        pass
    try:
        return _convert(given, row)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RowRefused(_words(error)) from None


def _split(body: bytes) -> list[bytes]:
    """Return the items, each as JSON of its own."""
    try:
        outer = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        items = msgspec.json.decode(outer["items"], type=list[msgspec.Raw]) if "items" in outer else [msgspec.Raw(body)]
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return _split_patiently(body)
    return [bytes(item) for item in items]


def _split_patiently(body: bytes) -> list[bytes]:
    """Split what is JSON but for half a character or a byte that is none, which become question marks."""
    try:
        outer = json.loads(body.decode(errors="replace"))
        items = outer.get("items", [outer])
        return [json.dumps(item, ensure_ascii=False).encode(errors="replace") for item in items]
    except (ValueError, RecursionError, AttributeError, TypeError):
        raise BodyRefused from None


def _read_one(item: bytes, row: type[Sent]) -> Sent:
    try:
        return cast("Sent", _decoder(row).decode(item))
    except msgspec.ValidationError:
        given = msgspec.json.decode(item)
        if not isinstance(given, dict):
            raise
        return _convert(given, row)


def _convert(given: JsonObject, row: type[Sent]) -> Sent:
    """Return an object as a row, with what the row does not name under `extra`."""
    for name, part in row.nested.items():
        if isinstance(inner := given.get(name), list):
            given[name] = [_apart(each, part) if isinstance(each, dict) else each for each in inner]
    return msgspec.convert(_apart(given, row), row)


def _apart(given: JsonObject, kind: type[Row | Nested]) -> JsonObject:
    """Return an object with what its type does not name under `extra`."""
    known = set(kind.__struct_fields__) - {"extra"}
    rest = {name: value for name, value in given.items() if name not in known}
    return {name: value for name, value in given.items() if name in known} | ({"extra": rest} if rest else {})


def _checked(rows: list[tuple[int, Sent]], rejected: list[Rejected], size: int, *, clean: bool) -> Batch[Sent]:
    if size > MOST_ROWS:
        raise BodyRefused(f"A body holds at most {MOST_ROWS:,} items; NDJSON has no such limit.")
    latest, good, numbers = clock.now() + FUTURE, [], []
    for number, row in rows:
        if (wrong := row.wrong(latest)) is None:
            good.append(_cleaned(row) if clean else row)
            numbers.append(number)
        else:
            rejected.append(Rejected(number, wrong))
    return Batch(good, numbers, sorted(rejected, key=lambda each: each.index), size)


def _cleaned(row: Cleaned) -> Cleaned:
    """Return a row, or a part of one, without NUL characters, which Postgres refuses."""
    return msgspec.structs.replace(row, **{name: without_nul(getattr(row, name)) for name in row.__struct_fields__})


def without_nul(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Return JSON without NUL characters."""
    match value:
        case str():
            return value.replace("\0", "")
        case dict():
            return {str(name).replace("\0", ""): without_nul(inner) for name, inner in value.items()}
        case list():
            return [without_nul(inner) for inner in value]
        case Nested():
            return _cleaned(value)
        case _:
            return value


def as_jsonb(value: Any) -> str | None:  # noqa: ANN401  any JSON
    """Return JSON as the staging tables take it."""
    return msgspec.json.encode(value).decode() if value else None


def _words(error: Exception) -> str:
    """Return what is wrong, the field first."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    words = str(error)
    found = PATH.search(words)
    where = (found[1] or "row") if found else "row"
    return f"{where}: {PATH.sub('', words)}"[:300]


@cache
def _decoder(row: type[Sent]) -> msgspec.json.Decoder[Sent]:
    return msgspec.json.Decoder(row)


@cache
def _envelope(row: type[Sent]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct("Envelope", [("items", list[row])]))  # type: ignore[valid-type]  # made for each
