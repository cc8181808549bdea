"""Routes that receive rows from programs.

A 202 means they are committed; an invalid row does not reject the others.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api import rate_limits
from api.deps import ActorDep, ConfigDep
from api.request_bodies import decompression
from api.request_bodies.ndjson import lines
from api.request_bodies.size_limits import LINES
from api.routes.ingest import examples
from api.routes.ingest.group_commit import GroupCommit
from api.threads import INGEST
from core.activity.ingest import events as activity
from core.activity.ingest import users as users_in
from core.activity.schemas import NewEvent, NewUser
from core.ai_metrics.ingest import requests as ai_metrics
from core.ai_metrics.schemas import NewRequest
from core.batches import ingest as batches
from core.batches.schemas import NewBatchRun
from core.conversations.ingest import conversations as conversations_in
from core.conversations.schemas import NewConversation
from core.database import partitions
from core.database.db import Database, Session, retry_on_conflict, transaction
from core.errors import Invalid, Unavailable
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.ingest import bodies
from core.ingest.bodies import Batch
from core.ingest.rows import Rejected, Report, Row, RowSource
from core.knowledge.documents import ingest as documents_in
from core.knowledge.feedback import ingest as feedback_in
from core.knowledge.memories import ingest as memories_in
from core.knowledge.schemas import NewDocument, NewFeedback, NewMemory
from core.platform import clock
from core.platform.config import Config
from core.scores import ingest as scores_in
from core.scores.schemas import NewScore
from core.system import workspace

router = APIRouter(prefix="/ingest", tags=["Data in"])

SMALL_BODY_BYTES = 4096  # bytes: decoding them takes less time than starting a thread


class RejectedRow(BaseModel):
    """A row that was not stored."""

    index: int = Field(description="The index of the row in the body, from 0.")
    error: str


class IngestReport(BaseModel):
    """The outcome of a body's rows, after they are committed."""

    accepted: int
    duplicates: int = Field(description="Rows that had been stored before.")
    rejected: list[RejectedRow] = Field(description="The first rows that were not stored.")
    rejected_unnamed: int | None = Field(
        None, description="How many more were not stored; absent when all are listed."
    )


@dataclass(frozen=True)
class IngestKind:
    """A kind of row: its schema, and the function that stores it."""

    row: type[Row]
    store: Callable[[Session, list[Any], RowSource], int]
    # Set when senders can share a transaction
    store_new: Callable[[Session, list[Any], RowSource], int] | None = None
    table: str | None = None  # partitioned by day
    database: Database = Database.CORE


EVENTS = IngestKind(NewEvent, activity.store, activity.store_new, "user_activity_events")
REQUESTS = IngestKind(NewRequest, ai_metrics.store, ai_metrics.store_new, "ai_request_metrics")
CONVERSATIONS = IngestKind(NewConversation, conversations_in.store)
USERS = IngestKind(NewUser, users_in.store)
BATCH_RUNS = IngestKind(NewBatchRun, batches.store)
FEEDBACK = IngestKind(NewFeedback, feedback_in.store, database=Database.AI)
DOCUMENTS = IngestKind(NewDocument, documents_in.store, database=Database.AI)
MEMORIES = IngestKind(NewMemory, memories_in.store, database=Database.AI)
SCORES = IngestKind(NewScore, scores_in.store)

KINDS = {
    "events": EVENTS,
    "ai-requests": REQUESTS,
    "conversations": CONVERSATIONS,
    "feedback": FEEDBACK,
    "batch-runs": BATCH_RUNS,
    "documents": DOCUMENTS,
    "memories": MEMORIES,
    "users": USERS,
    "scores": SCORES,
}

# Not the other kinds: there, the effect of a row depends on the rows before it.
GROUP_COMMITS = {
    kind: GroupCommit(lambda *given, kind=kind: _commit(kind, *given))
    for kind in (EVENTS, REQUESTS)
}


def _described(name: str) -> dict[str, Any]:
    """Return the declaration of a route that receives rows."""
    return {
        "status_code": 202,
        "response_model": IngestReport,
        "response_model_exclude_none": True,
        "openapi_extra": examples.body(name, KINDS[name].row),
    }


@router.post("/events", **_described("events"))
async def events(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Ingest events of the product."""
    return await ingest_rows(request, EVENTS, actor, config)


@router.post("/ai-requests", **_described("ai-requests"))
async def ai_requests(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Ingest requests that the product made to models."""
    return await ingest_rows(request, REQUESTS, actor, config)


@router.post("/conversations", **_described("conversations"))
async def conversations(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Ingest conversations; sending one again with more messages adds them."""
    return await ingest_rows(request, CONVERSATIONS, actor, config)


@router.post("/feedback", **_described("feedback"))
async def feedback(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Ingest users' ratings of messages and conversations."""
    return await ingest_rows(request, FEEDBACK, actor, config)


@router.post("/batch-runs", **_described("batch-runs"))
async def batch_runs(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Ingest states of batch runs; the newest applies, in whichever order they arrive."""
    return await ingest_rows(request, BATCH_RUNS, actor, config)


@router.post("/documents", **_described("documents"))
async def documents(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Ingest documents of the knowledge base."""
    return await ingest_rows(request, DOCUMENTS, actor, config)


@router.post("/memories", **_described("memories"))
async def memories(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Ingest the assistant's memories of users."""
    return await ingest_rows(request, MEMORIES, actor, config)


@router.post("/users", **_described("users"))
async def users(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Ingest users with their traits, which are merged."""
    return await ingest_rows(request, USERS, actor, config)


@router.post("/scores", **_described("scores"))
async def scores(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Ingest scores of messages, conversations and AI requests, which may arrive later."""
    return await ingest_rows(request, SCORES, actor, config)


async def ingest_rows(
    request: Request, kind: IngestKind, actor: Actor, config: Config
) -> dict[str, Any]:
    """Store rows of a kind, and return the report."""
    require(actor, Permission.INGEST)
    # Of no rows: a sender beyond its limit is refused before its body is read
    rate_limits.rows(request, actor, config, 0)
    report = Report()
    if request.headers.get("content-type", "").split(";")[0].strip().lower().encode() in LINES:
        async for numbered_lines in lines(request):
            rate_limits.rows(request, actor, config, numbered_lines.cost)
            async with decompression.room(numbered_lines.held):
                report.add(
                    await _store(
                        kind,
                        await INGEST.run(bodies.read_numbered, numbered_lines.numbered, kind.row),
                        actor,
                    )
                )
        return report.as_json()
    async with decompression.whole(request) as body:
        async for batch in _batches(body, kind):
            rate_limits.rows(request, actor, config, batch.size)
            report.add(await _store(kind, batch, actor))
    return report.as_json()


async def _batches(body: bytes, kind: IngestKind) -> AsyncIterator[Batch[Any]]:
    if len(body) <= SMALL_BODY_BYTES:
        yield bodies.read_items(body, kind.row)
        return
    if len(body) <= bodies.PORTION_BYTES:
        yield await INGEST.run(bodies.read_items, body, kind.row)
        return
    async for batch in INGEST.iterate(bodies.read_portions(body, kind.row)):
        yield batch


async def _store(kind: IngestKind, batch: Batch[Any], actor: Actor) -> Report:
    """Store the valid rows of a batch."""
    report = Report(rejected=list(batch.rejected))
    if not batch.rows:
        return report
    source = _known_source(kind, batch.rows, actor)
    if source is None:
        source = await INGEST.run(_prepare_source, kind, batch.rows, actor)
    try:
        report.accepted = await _store_grouped(kind, batch.rows, source)
    except Invalid:
        await INGEST.run(_store_each, kind, batch, source, report)
        return report
    except Unavailable:
        partitions.clear_cache()  # a partition may have been dropped
        raise
    report.duplicates = len(batch.rows) - report.accepted
    return report


def _known_source(kind: IngestKind, rows: list[Any], actor: Actor) -> RowSource | None:
    """Return the source of rows, or None when the database must be read first."""
    zone = workspace.known_zone()
    if zone is None or (
        kind.table is not None and not partitions.exist_for(kind.table, _times(rows))
    ):
        return None
    return RowSource(environment=actor.environment, zone=zone, defers=True)


def _prepare_source(kind: IngestKind, rows: list[Any], actor: Actor) -> RowSource:
    """Create the partitions of the rows, and return their source."""
    if kind.table is not None:
        partitions.create_for(kind.table, _times(rows))
    return RowSource(environment=actor.environment, zone=workspace.zone(), defers=True)


def _times(rows: list[Any]) -> Iterator[datetime]:
    return (row.created_at or clock.now() for row in rows)


async def _store_grouped(kind: IngestKind, rows: list[Any], source: RowSource) -> int:
    """Store rows, where possible together with those of concurrent senders."""
    group_commit = GROUP_COMMITS.get(kind)
    if group_commit is None:
        return await INGEST.run(_commit, kind, rows, source)
    return await group_commit.store(rows, source)


def _commit(kind: IngestKind, rows: list[Any], source: RowSource, all_new: bool = False) -> int:
    store = kind.store_new if all_new and kind.store_new else kind.store

    def commit() -> int:
        with transaction(kind.database) as session:
            return store(session, rows, source)

    return retry_on_conflict(commit)


def _store_each(kind: IngestKind, batch: Batch[Any], source: RowSource, report: Report) -> None:
    """Store rows one by one, after the database has rejected all of them because of one."""
    for number, row in zip(batch.numbers, batch.rows, strict=True):
        try:
            added = _commit(kind, [row], source)
        except Invalid as error:
            report.refuse([Rejected(number, error.detail)])
        else:
            report.accepted += added
            report.duplicates += 1 - added
