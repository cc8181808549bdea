"""Imports as the API and the console show them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from core.identity.schemas import ENVIRONMENT_PATTERN, View
from core.imports.mapping import Container, RecordShape, ValueUnit
from core.imports.parsed import FILE_ENDS, RowKind
from core.playground.schemas import PlaygroundSessionView

LONGEST_NAME = 300


class ImportStatus(StrEnum):
    """Where an import is."""

    READY = "ready"  # the file is here, and nothing of it has been stored
    CHECKING = "checking"  # the dry run
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"  # what it brought until then stays, until it is undone
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


BUSY = (ImportStatus.CHECKING, ImportStatus.QUEUED, ImportStatus.RUNNING, ImportStatus.UNDOING)
STARTABLE = (ImportStatus.READY, ImportStatus.CANCELLED, ImportStatus.FAILED, ImportStatus.UNDONE)


class TouchedRows(View):
    """What an import has brought or its undo has taken: rows of which kinds, and of when."""

    since: datetime
    until: datetime
    kinds: list[str]
    environment: str


class RowProblem(View):
    """A record that was not taken, and why."""

    position: int
    line: int | None = None
    kind: RowKind | None = None
    error: str

    @property
    def is_file_end(self) -> bool:
        """Whether the file breaks off here: rows that would follow are missing."""
        return self.error.startswith(FILE_ENDS)


def first_problems(given: Sequence[RowProblem], most: int) -> list[RowProblem]:
    """Return the first problems, and always that the file breaks off, which is its last."""
    return [each for at, each in enumerate(given) if at < most or each.is_file_end]


class RowCounts(View):
    """What became of the rows of a kind."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


class ExpiredRows(View):
    """What retention will do with rows of a kind that are older than it keeps them."""

    kind: RowKind
    rows: int
    keeps_days: int
    words: str


class SampleRow(View):
    """A row as it would be stored."""

    position: int
    line: int | None = None
    kind: RowKind
    row: dict[str, Any]


class DryRun(View):
    """What an import would bring; nothing has been stored.

    `readings` says how times, durations, prices and states are understood. `duplicates` counts rows
    with an id that is known already or comes twice, among the first `compared` rows.
    """

    records: int
    counts: dict[RowKind, int]
    rejected: int
    problems: list[RowProblem]
    first_at: datetime | None = None
    last_at: datetime | None = None
    retention: list[ExpiredRows] = Field(default_factory=list)
    duplicates: dict[RowKind, int] = Field(default_factory=dict)
    compared: int = 0
    samples: list[SampleRow] = Field(default_factory=list)
    readings: list[str] = Field(default_factory=list)
    unknown: dict[str, dict[str, int]] = Field(
        default_factory=dict, description="Rows by unknown states and roles."
    )


class ImportProgress(View):
    """How far an import, or its dry run, is: `fraction` is known once the records were counted."""

    records_done: int
    records_total: int | None
    fraction: float | None


class SameFile(View):
    """Another import of the same bytes whose rows are there: they are known by their ids, whatever
    the environment.
    """

    id: UUID
    environment: str
    created_at: datetime


class ImportView(View):
    """An import: the file, what was recognized, and what became of it."""

    id: UUID
    name: str
    size_bytes: int
    sha256: str
    status: ImportStatus
    error: str | None
    environment: str
    recognition: dict[str, Any]
    mapping: dict[str, Any] | None
    dry_run: DryRun | None
    progress: ImportProgress
    counts: dict[RowKind, RowCounts]
    problems: list[RowProblem]
    first_at: datetime | None
    last_at: datetime | None
    created_by: UUID | None
    created_by_name: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    has_file: bool
    same_file: list[SameFile] = Field(default_factory=list)


class ImportAnswers(BaseModel):
    """What only a person knows, as the questions of a recognition ask for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: str | None = Field(default=None, max_length=100)
    start: AwareDatetime | None = None
    model: str | None = Field(default=None, min_length=1, max_length=200)
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="The column of each field that a question asks about; empty for none of them.",
    )
    units: dict[str, ValueUnit] = Field(
        default_factory=dict,
        description="Of dates that read both ways: `day_first` or `month_first`.",
    )
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="What values mean, by field: states, roles, types of events.",
    )


class ImportStart(BaseModel):
    """Settings of an import; those left out keep the recognized or last chosen value."""

    # All are optional: with one name wrong, the file would be imported in another zone or place
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "example": {"environment": "production", "answers": {"zone": "Europe/Berlin"}}
        },
    )

    mapping: dict[str, Any] | None = None
    mapping_id: UUID | None = None
    answers: ImportAnswers | None = None
    environment: str | None = Field(default=None, pattern=ENVIRONMENT_PATTERN)
    separate: bool | None = Field(
        default=None,
        description=(
            "Whether rows that another environment holds are stored once more, under ids of their "
            "own."
        ),
    )
    accept_refused: bool = Field(
        default=False, description="Begin although most rows would be refused."
    )


class ReadAs(BaseModel):
    """How to read a file that was recognized wrongly; settings left out are recognized again."""

    # All are optional: with one name wrong, the file would be read as before without a word
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"example": {"container": "csv", "delimiter": ";", "format": "table"}},
    )

    container: Container | None = None
    format: RecordShape | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    header: bool | None = None


class NewMapping(BaseModel):
    """A mapping to keep; one of the same name is replaced."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "name": "Nightly export",
                "import_id": "0190a6e0-0000-7000-8000-000000000000",
            }
        },
    )

    name: str = Field(min_length=1, max_length=200)
    mapping: dict[str, Any] | None = None
    import_id: UUID | None = Field(
        default=None, description="Keep the mapping of this import; and offer it for its columns."
    )


class MappingView(View):
    """A saved mapping."""

    id: UUID
    name: str
    mapping: dict[str, Any]
    columns: list[str]
    created_at: datetime


class ImportedSessions(PlaygroundSessionView):
    """The first of the playground sessions that a file gave, and all of them."""

    sessions: list[PlaygroundSessionView]
    left_out_count: int = Field(
        description="Messages of tools, and further system prompts: sessions hold none."
    )
