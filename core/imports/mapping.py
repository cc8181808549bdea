"""What is to be read where in a file, and as what: all of a mapping can be written as JSON, kept,
and used for the next file.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from core.identity.schemas import View
from core.imports.fields import FIELDS
from core.imports.parsed import RowKind

Path = Annotated[str, Field(max_length=1000)]


class Container(StrEnum):
    """How the records of a file are written down. CSV may have any separator, a tab too."""

    CSV = "csv"
    JSONL = "jsonl"
    JSON = "json"
    PARQUET = "parquet"


class RecordShape(StrEnum):
    """What the records are."""

    TABLE = "table"  # a record is a row
    DIALOGUES = "dialogues"  # a record is a conversation, with a list of turns in it
    TURNS = "turns"  # a record is one message, and says to which conversation it belongs
    EXCHANGES = "exchanges"  # a record is a question and its answer
    ARTICLES = "articles"  # each key of one object is a document
    WORKFLOW_RUNS = "workflow_runs"
    BENCHMARK = "benchmark"  # one object with a list for each figure, as vLLM's benchmark writes it
    OTLP = "otlp"
    PHOENIX = "phoenix"
    LANGFUSE_OBSERVATIONS = "langfuse_observations"
    LANGFUSE_TRACES = "langfuse_traces"
    LANGFUSE_SCORES = "langfuse_scores"
    LABEL_STUDIO = "label_studio"
    OPENAI_BATCH = "openai_batch"  # a record is a request with its response
    PREFERENCES = "preferences"  # a record is a question with chosen and rejected answers
    ANNOTATORS = "annotators"  # a record has a column for each annotator


class ValueType(StrEnum):
    """As what a value is read."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    MONEY = "money"
    TIME = "time"
    DURATION = "duration"
    STATUS = "status"
    RATING = "rating"
    LIST = "list"
    OBJECT = "object"
    OBJECTS = "objects"
    TEXT_OR_OBJECT = "text_or_object"


class ValueUnit(StrEnum):
    """In what a time, a duration, a price or a rating is written."""

    ISO = "iso"
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"
    MINUTES = "min"
    HOURS = "h"
    SECONDS_SINCE_START = "since_s"
    MILLISECONDS_SINCE_START = "since_ms"
    SPREADSHEET_DATE = "spreadsheet"
    DOLLARS = "usd"
    CENTS = "cents"
    THUMBS = "thumbs"
    FIVE = "five"
    TEN = "ten"


SINCE_START = (ValueUnit.SECONDS_SINCE_START, ValueUnit.MILLISECONDS_SINCE_START)
# Many other numbers look like these: only a column's name can say that they are times
TIMES_BY_NAME = (*SINCE_START, ValueUnit.SPREADSHEET_DATE)


class FieldRule(BaseModel):
    """Where a field comes from: a path in the record (a column, or keys with dots between), or the
    same value for all.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    path: Path = ""
    as_: ValueType = Field(default=ValueType.TEXT, alias="as")
    unit: ValueUnit | None = None
    values: dict[str, str] = Field(
        default_factory=dict, description="What a value means: status words, roles."
    )
    constant: str | int | float | None = None
    decimal_comma: bool = Field(
        default=False, description="Whether numbers are written as 1.234,5."
    )


class TurnPaths(View):
    """Where the messages of a conversation are. The paths are within a turn; of a turn that is a
    pair, `0` and `1`.
    """

    path: Path = Field(
        default="",
        description="The list of turns, or a text with one turn a line; not in files of turns.",
    )
    role: Path | None = None
    text: Path = ""
    id: Path | None = None
    at: FieldRule | None = None
    roles: dict[str, str] = Field(
        default_factory=dict, description="Who is who, where the words do not say it."
    )
    asked: Path = Field(default="", description="In files of exchanges: the question.")
    answered: Path = ""


class Mapping(View):
    """How a file is read. What the questions of a recognition ask is answered by `zone`, `start`
    and `model`.
    """

    format: RecordShape = RecordShape.TABLE
    container: Container = Container.CSV
    records: Path = Field(
        default="",
        description="Where the records of a JSON file are: `item`, `runs.item`, `*`, `*.item`.",
    )
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    header: bool = True
    kind: RowKind
    fields: dict[str, FieldRule] = Field(default_factory=dict)
    turns: TurnPaths | None = None
    ignored: list[Path] = Field(
        default_factory=list,
        description="What is left out; all else that has no field is kept with the row.",
    )
    zone: str | None = None
    start: AwareDatetime | None = None
    zero: float = Field(
        default=0, description="What stands for the start in times since the start."
    )
    model: str | None = Field(default=None, max_length=200)
    open: list[str] = Field(
        default_factory=list,
        description="Fields that a question is open about: an import waits for it.",
    )
    id_prefix: str = Field(
        default="",
        max_length=80,
        description="Stands before the IDs, so that rows of another environment are stored anew.",
    )

    def dated(self, at: datetime) -> "Mapping":
        """Return it with this start, where it has none and only records without a time need one."""
        rules = [*self.fields.values(), *([self.turns.at] if self.turns and self.turns.at else [])]
        # The start of relative times cannot be guessed: these rows are rejected until a person
        # answers.
        counts = any(rule.unit in SINCE_START for rule in rules)
        return self if self.start or counts else self.model_copy(update={"start": at})

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, given: str | None) -> str | None:
        try:
            return given if given is None else ZoneInfo(given).key
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"Unknown time zone {given!r}.") from None

    @model_validator(mode="after")
    def _has_known_fields(self) -> "Mapping":
        known = FIELDS[self.kind]
        if unknown := [name for name in self.fields if name not in known]:
            raise ValueError(
                f"{self.kind} have no field {unknown[0]!r}; known fields: {', '.join(known)}."
            )
        return self
