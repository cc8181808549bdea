"""What a file is found to be: its format, columns, mapping, and what to ask; and what holds until somebody is asked."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from core.imports.mapping import Mapping
from core.imports.parsed import RowKind
from core.imports.recognition.questions import ImportQuestion
from core.platform import clock


class Column(BaseModel):
    """A column, or a path in the records, and a few of its values."""

    model_config = ConfigDict(frozen=True)

    path: str
    samples: list[str]


class Assumptions(BaseModel):
    """What holds until somebody is asked: the zone of times without one, when the file first came, when what is in it began."""

    model_config = ConfigDict(frozen=True)

    zone: str = "UTC"
    came: datetime = Field(default_factory=clock.now)
    start: datetime | None = None


class Recognition(BaseModel):
    """What a file is. With `not_yet` it can not be imported, and that says why; without a mapping, one is to be made by hand."""

    model_config = ConfigDict(frozen=True)

    format: str
    title: str
    kind: RowKind | None = None
    mapping: Mapping | None = None
    draft: Mapping | None = Field(
        default=None, description="Without a mapping: how the file holds its rows, to make one by hand."
    )
    columns: list[Column] = Field(default_factory=list)
    questions: list[ImportQuestion] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    readings: list[str] = Field(
        default_factory=list, description="Three values of each time, duration, price and state, in words."
    )
    not_yet: str | None = None
