"""What a file has: its columns; and what holds until somebody is asked."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from core.platform import clock


class Column(BaseModel):
    """A column, or a path in the records, and a few of its values."""

    model_config = ConfigDict(frozen=True)

    path: str
    samples: list[str]


class Known(BaseModel):
    """What holds until somebody is asked: the zone of times without one, when the file first came, when what is in it began."""

    model_config = ConfigDict(frozen=True)

    zone: str = "UTC"
    came: datetime = Field(default_factory=clock.now)
    start: datetime | None = None
