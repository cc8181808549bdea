"""Receive rows from programs. A 202 means that they are committed; one bad row does not reject the others."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api import decompression, examples, limits
from api.bodies import LINES
from api.deps import ActorDep, ConfigDep
from api.group_commit import Gathering
from api.ndjson import lines
from api.threads import INGEST
from core.activity import ingest as activity
from core.activity import users as users_in
from core.activity.schemas import NewEvent, NewUser
from core.ai_metrics import ingest as ai_metrics
from core.ai_metrics.schemas import NewRequest
from core.batches import ingest as batches
from core.batches.schemas import NewBatchRun
from core.conversations import ingest as conversations_in
from core.conversations.schemas import NewConversation
from core.database import partitions
from core.database.db import Database, Session, persistently, transaction
from core.errors import Invalid, Unavailable
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.ingest import bodies
from core.ingest.bodies import Batch
from core.ingest.intake import Rejected, Report, Row, RowSource
from core.knowledge import memories as memories_in
from core.knowledge.documents import ingest as documents_in
from core.knowledge.feedback import ingest as feedback_in
from core.knowledge.schemas import NewDocument, NewFeedback, NewMemory
from core.platform import clock
from core.platform.config import Config
from core.system import workspace

router = APIRouter(prefix="/ingest", tags=["Data in"])

SMALL = 4096  # bytes of a body that is read in less time than a thread takes to begin


class RejectedRow(BaseModel):
    """A row that was not stored."""

    index: int = Field(description="Of the row in the body, from 0.")
    error: str


class IngestReport(BaseModel):
    """What became of the rows of a body, once they are committed."""

    accepted: int
    duplicates: int = Field(description="Rows that were stored before.")
    rejected: list[RejectedRow] = Field(description="The first of those that were not stored.")
    rejected_unnamed: int | None = Field(None, description="How many more were not stored; absent when all are named.")


@dataclass(frozen=True)
class IngestKind:
    """One kind of row: how it is read, and who stores it."""

    row: type[Row]
    store: Callable[[Session, list[Any], RowSource], int]
    store_new: Callable[[Session, list[Any], RowSource], int] | None = None  # where rows of several senders go together
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

KINDS = {
    "events": EVENTS,
    "ai-requests": REQUESTS,
    "conversations": CONVERSATIONS,
    "feedback": FEEDBACK,
    "batch-runs": BATCH_RUNS,
    "documents": DOCUMENTS,
    "memories": MEMORIES,
    "users": USERS,
}

# Of the others, what a row brings depends on the rows before it.
GATHERINGS = {kind: Gathering(lambda *given, kind=kind: _commit(kind, *given)) for kind in (EVENTS, REQUESTS)}


def _described(name: str) -> dict[str, Any]:
    """Return how a route of rows is declared."""
    return {
        "status_code": 202,
        "response_model": IngestReport,
        "response_model_exclude_none": True,
        "openapi_extra": examples.body(name),
    }


@router.post("/events", **_described("events"))
async def events(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Take events of the product."""
    return await take(request, EVENTS, actor, config)


@router.post("/ai-requests", **_described("ai-requests"))
async def ai_requests(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Take requests that the product has made to models."""
    return await take(request, REQUESTS, actor, config)


@router.post("/conversations", **_described("conversations"))
async def conversations(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Take conversations; one that is sent again with more messages grows."""
    return await take(request, CONVERSATIONS, actor, config)


@router.post("/feedback", **_described("feedback"))
async def feedback(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Take what users think of messages and conversations."""
    return await take(request, FEEDBACK, actor, config)


@router.post("/batch-runs", **_described("batch-runs"))
async def batch_runs(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Take the states of batch runs; the newest holds, whatever the order in which they come."""
    return await take(request, BATCH_RUNS, actor, config)


@router.post("/documents", **_described("documents"))
async def documents(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Take documents of the knowledge base."""
    return await take(request, DOCUMENTS, actor, config)


@router.post("/memories", **_described("memories"))
async def memories(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Take what the assistant remembers of its users."""
    return await take(request, MEMORIES, actor, config)


@router.post("/users", **_described("users"))
async def users(request: Request, actor: ActorDep, config: ConfigDep) -> dict[str, Any]:
    """Take users as the product describes them; their traits are merged."""
    return await take(request, USERS, actor, config)


async def take(request: Request, kind: IngestKind, actor: Actor, config: Config) -> dict[str, Any]:
    """Take rows of a kind, and return what became of them."""
    require(actor, Permission.INGEST)
    limits.rows(request, actor, config, 0)
    report = Report()
    if request.headers.get("content-type", "").split(";")[0].strip().lower().encode() in LINES:
        async for found in lines(request):
            limits.rows(request, actor, config, found.cost)
            async with decompression.room(found.held):
                report.add(await _store(kind, await INGEST.run(bodies.read_numbered, found.numbered, kind.row), actor))
        return report.as_json()
    async with decompression.whole(request) as body:
        async for batch in _batches(body, kind):
            limits.rows(request, actor, config, batch.size)
            report.add(await _store(kind, batch, actor))
    return report.as_json()


async def _batches(body: bytes, kind: IngestKind) -> AsyncIterator[Batch[Any]]:
    if len(body) <= SMALL:
        yield bodies.read_items(body, kind.row)
        return
    if len(body) <= bodies.PORTION:
        yield await INGEST.run(bodies.read_items, body, kind.row)
        return
    async for batch in INGEST.iterate(bodies.read_portions(body, kind.row)):
        yield batch


async def _store(kind: IngestKind, batch: Batch[Any], actor: Actor) -> Report:
    """Store the good rows of a batch."""
    report = Report(rejected=list(batch.rejected))
    if not batch.rows:
        return report
    source = _prepared(kind, batch.rows, actor)
    if source is None:
        source = await INGEST.run(_prepare, kind, batch.rows, actor)
    try:
        report.accepted = await _together(kind, batch.rows, source)
    except Invalid:
        await INGEST.run(_store_each, kind, batch, source, report)
        return report
    except Unavailable:
        partitions.forget()  # perhaps one is not there any more
        raise
    report.duplicates = len(batch.rows) - report.accepted
    return report


def _prepared(kind: IngestKind, rows: list[Any], actor: Actor) -> RowSource | None:
    """Return where rows come from, when their days are known to be there and nothing needs the database."""
    zone = workspace.known_zone()
    if zone is None or (kind.table is not None and not partitions.are_made(kind.table, _times(rows))):
        return None
    return RowSource(environment=actor.environment, zone=zone)


def _prepare(kind: IngestKind, rows: list[Any], actor: Actor) -> RowSource:
    """Make the days of the rows, and return where they come from."""
    if kind.table is not None:
        partitions.make_for(kind.table, _times(rows))
    return RowSource(environment=actor.environment, zone=workspace.zone())


def _times(rows: list[Any]) -> Iterator[datetime]:
    return (row.created_at or clock.now() for row in rows)


async def _together(kind: IngestKind, rows: list[Any], source: RowSource) -> int:
    """Store rows, with those of others who send of this kind now."""
    gathering = GATHERINGS.get(kind)
    if gathering is None:
        return await INGEST.run(_commit, kind, rows, source)
    return await gathering.store(rows, source)


def _commit(kind: IngestKind, rows: list[Any], source: RowSource, all_new: bool = False) -> int:
    store = kind.store_new if all_new and kind.store_new else kind.store

    def commit() -> int:
        with transaction(kind.database) as session:
            return store(session, rows, source)

    return persistently(commit)


def _store_each(kind: IngestKind, batch: Batch[Any], source: RowSource, report: Report) -> None:
    """Store row by row, after one that no check has foreseen made the database refuse all."""
    for number, row in zip(batch.numbers, batch.rows, strict=True):
        try:
            added = _commit(kind, [row], source)
        except Invalid as refused:
            report.refuse([Rejected(number, refused.detail)])
        else:
            report.accepted += added
            report.duplicates += 1 - added
