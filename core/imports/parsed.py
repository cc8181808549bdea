"""One record of a file, as far as it could be read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# How the problem begins of a file that breaks off
FILE_ENDS = "The file ends here"


class RowKind(StrEnum):
    """What a row is: the kinds that `ingest/*` takes."""

    EVENTS = "events"
    AI_REQUESTS = "ai_requests"
    CONVERSATIONS = "conversations"
    FEEDBACK = "feedback"
    BATCH_RUNS = "batch_runs"
    DOCUMENTS = "documents"
    MEMORIES = "memories"
    USERS = "users"
    SCORES = "scores"
    ANNOTATIONS = "annotations"  # only in files


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One row that a record gives, or what is wrong with the record.

    `position` counts the records of the file from 1; one record may give several rows, which then
    share it. `row` is what `ingest/*` takes of this kind; without one, `error` says why.
    """

    position: int
    line: int | None
    kind: RowKind
    row: dict[str, Any] | None
    error: str | None = None
