"""What a file is found to be: format, columns, mapping, and the questions that only a person can
answer.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from core.identity.schemas import View
from core.imports.mapping import Mapping
from core.imports.parsed import RowKind
from core.platform import clock


class QuestionKind(StrEnum):
    """What only a person knows. The first three are fields of the mapping."""

    ZONE = "zone"
    START = "start"
    MODEL = "model"
    COLUMN = "column"  # which column a field is
    UNIT = "unit"  # how a column is written
    VALUES = "values"  # what values mean


class QuestionOption(View):
    value: str
    text: str


class ImportQuestion(View):
    """Something that the file does not say. A default stands in the mapping; without one, an import
    waits for the answer.
    """

    key: QuestionKind
    text: str
    default: str | None = None
    field: str = Field(
        default="", description="Of columns and units: which field of the mapping is asked about."
    )
    options: list[QuestionOption] = Field(default_factory=list)
    values: list[str] = Field(
        default_factory=list, description="Of values: those whose meaning is unknown."
    )


class SampledColumn(View):
    """A column, or a path in the records, and a few of its values."""

    path: str
    samples: list[str]


class Assumptions(View):
    """What holds until a person says otherwise: the zone of times without one, when the file first
    came, when its data began.
    """

    zone: str = "UTC"
    came: datetime = Field(default_factory=clock.now)
    start: datetime | None = None


class Recognition(View):
    """What a file is. With `not_yet` it cannot be imported, and that says why; without a mapping, a
    person makes one.
    """

    format: str
    title: str
    kind: RowKind | None = None
    mapping: Mapping | None = None
    draft: Mapping | None = Field(
        default=None,
        description="Without a mapping: how the file holds its rows, to make one by hand.",
    )
    columns: list[SampledColumn] = Field(default_factory=list)
    questions: list[ImportQuestion] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    readings: list[str] = Field(
        default_factory=list,
        description="Three values of each time, duration, price and state, in words.",
    )
    not_yet: str | None = None

    @property
    def samples(self) -> dict[str, list[Any]]:
        """The first values of each column, as far as they are kept."""
        return {column.path: list(column.samples) for column in self.columns}
