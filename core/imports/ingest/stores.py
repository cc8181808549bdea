"""The function that stores each kind of row, the same as for `ingest/*`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from core.activity.ingest import events as activity
from core.activity.ingest import users
from core.activity.schemas import NewEvent, NewUser
from core.ai_metrics.ingest import requests as ai_metrics
from core.ai_metrics.schemas import NewRequest
from core.annotations.ingest import imported_annotations as annotations
from core.annotations.ingest.imported_annotations import ImportedAnnotation
from core.batches import ingest as batches
from core.batches.schemas import NewBatchRun
from core.conversations.ingest import conversations
from core.conversations.schemas import NewConversation
from core.database.db import Database, Session
from core.imports.parsed import RowKind
from core.ingest.rows import JsonObject, Row, RowSource
from core.knowledge.documents import ingest as documents
from core.knowledge.feedback import ingest as feedback
from core.knowledge.memories import ingest as memories
from core.knowledge.schemas import NewDocument, NewFeedback, NewMemory
from core.scores import ingest as scores
from core.scores.schemas import NewScore

CHARACTERS_A_ROW = 500  # a text of as many weighs as much as a row
USUAL_BYTES = 2_000  # of a row and its values: what has no more weighs as one
BYTES_A_ROW = 200  # of what is above that: chunks of 8 MB, two of which are in memory
BYTES_A_VALUE = 48  # as an object, more than it has as JSON: an empty list has two there


@dataclass(frozen=True)
class RowStore:
    """One kind of row: what it is read as, and who stores it."""

    row: type[Row]
    store: Callable[[Session, list[Any], RowSource], int]
    key: str  # of its key, what tables and ingest call its kind
    words: tuple[str, str]  # one of them, many of them
    table: str | None = None  # partitioned by day
    database: Database = Database.CORE
    # Returns why rows cannot be stored, by index: what they name is not there
    check: Callable[[list[Any]], dict[int, str]] | None = None


# In the order in which they are stored: what others refer to comes first.
STORES: dict[RowKind, RowStore] = {
    RowKind.USERS: RowStore(NewUser, users.store, "user", ("user", "users")),
    RowKind.EVENTS: RowStore(
        NewEvent, activity.store, "event", ("event", "events"), "user_activity_events"
    ),
    RowKind.CONVERSATIONS: RowStore(
        NewConversation, conversations.store, "conversation", ("conversation", "conversations")
    ),
    RowKind.AI_REQUESTS: RowStore(
        NewRequest,
        ai_metrics.store,
        "ai_request",
        ("AI request", "AI requests"),
        "ai_request_metrics",
    ),
    RowKind.BATCH_RUNS: RowStore(
        NewBatchRun, batches.store, "batch_run", ("batch run", "batch runs")
    ),
    RowKind.FEEDBACK: RowStore(
        NewFeedback, feedback.store, "feedback", ("rating", "ratings"), database=Database.AI
    ),
    RowKind.SCORES: RowStore(NewScore, scores.store, "score", ("score", "scores")),
    RowKind.DOCUMENTS: RowStore(
        NewDocument, documents.store, "document", ("document", "documents"), database=Database.AI
    ),
    RowKind.MEMORIES: RowStore(
        NewMemory, memories.store, "memory", ("memory", "memories"), database=Database.AI
    ),
    RowKind.ANNOTATIONS: RowStore(
        ImportedAnnotation,
        annotations.store,
        "annotation",
        ("annotation", "annotations"),
        database=Database.AI,
        check=annotations.refused,
    ),
}

encoder = msgspec.json.Encoder(enc_hook=str)


def weight(row: Row, size: int) -> int:
    """Return how much a row adds to a chunk: as much as one, more with its messages, its texts and
    its size in the file.
    """
    texts = 0
    match row:
        case NewConversation():
            texts = sum(
                1 + len(message.content or "") // CHARACTERS_A_ROW for message in row.messages
            )
        case NewDocument() | NewMemory():
            texts = len(row.content) // CHARACTERS_A_ROW
    return 1 + max(texts, (size - USUAL_BYTES) // BYTES_A_ROW)


def size_of(told: JsonObject) -> tuple[int, int]:
    """Return the bytes of what a file tells of a row, as JSON, and about how many it takes with its
    values.
    """
    try:
        text = encoder.encode(told)
    except (UnicodeError, TypeError):  # halves of characters
        text = repr(told).encode(errors="replace")
    # One letter beyond Latin makes a text four times as large.
    wide = 1 if text.isascii() else 4
    return len(text), len(text) * wide + BYTES_A_VALUE * (
        text.count(b",") + text.count(b"[") + text.count(b"{")
    )


def times(rows: Iterable[Row]) -> Iterable[datetime]:
    """Yield when what the rows tell has happened."""
    for row in rows:
        match row:
            case NewBatchRun():
                yield row.started_at
            case NewConversation() if row.messages:
                for message in row.messages:
                    yield message.created_at
            case _ if row.created_at is not None:
                yield row.created_at
