"""Receive OpenTelemetry spans. A 200 means that the AI requests among them are committed; one bad span rejects no other."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api import decompression, limits
from api.deps import actor as actor_of
from api.group_commit import Gathering
from api.otlp_errors import Encoding, encoding_of
from api.threads import INGEST
from core.ai_metrics import ingest
from core.ai_metrics.otlp import exports, histories, late
from core.ai_metrics.otlp import mapping as otlp
from core.ai_metrics.otlp.exports import Export
from core.ai_metrics.otlp.mapping import Mapped
from core.ai_metrics.otlp.steps import MappedSpan
from core.conversations import ingest as conversations
from core.conversations.schemas import Origin
from core.database import partitions
from core.database.db import persistently, transaction
from core.errors import Invalid, Unavailable
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.ingest.intake import MOST_ROWS, RowSource
from core.platform.config import config
from core.system import workspace

MOST_MESSAGES = 200_000  # each is looked for among those that are there
VALUES, VALUES_A_BYTE = 500_000, 8  # of an export, and more for each byte that was sent: gzip makes any number of them
MOST_TOGETHER = 1000  # spans of several exports: with what was said in them, each may be large
TOO_MANY_MESSAGES = (
    f"An export of this size has at most {MOST_MESSAGES:,} messages, {{:,}} of them different: send it as several."
)
DROPPED, WAITING = "Attune-Dropped-Spans", "Attune-Waiting-Spans"
READERS = {Encoding.PROTOBUF: exports.read_protobuf, Encoding.JSON: exports.read_json}


@dataclass
class SpanOutcome:
    """What became of the spans of an export, in numbers."""

    refused: Counter[str] = field(default_factory=Counter)  # for which reason
    dropped: int = 0
    waiting: int = 0
    messages: int = 0
    different: set[tuple[str | None, str]] = field(default_factory=set)  # messages: what is said again costs little

    def add(self, mapped: Mapped) -> None:
        """Add those of a part."""
        self.refused.update(mapped.refused)
        self.dropped += mapped.dropped.total()
        self.waiting += len(mapped.waiting)
        for each in mapped.taken:
            if each.exchange is not None:
                asked, answered = each.exchange.names
                self.messages += len(asked) + len(answered)
                self.different.update((each.request.conversation_id, name) for name in chain(asked, answered))


@dataclass(frozen=True)
class Aside:
    """What an export leaves aside: spans that wait for their request, and those that are only counted."""

    export: Mapped


Stored = MappedSpan | Aside


async def traces(request: Request) -> Response:
    """Take an export, and answer in its encoding."""
    actor = await actor_of(request)
    require(actor, Permission.INGEST)
    encoding = encoding_of(request.headers.get("content-type", ""))
    if encoding is None:
        raise HTTPException(415, "Send application/x-protobuf or application/json.")
    limits.rows(request, actor, config(), 0)
    async with decompression.whole(request) as body:
        sent = len(await request.body())
        export = await INGEST.run(_read, request, actor, encoding, body, VALUES + VALUES_A_BYTE * sent)
        return _answer(await _take_parts(export, actor.environment, decompression.most_rows(sent)), encoding)


def _read(request: Request, actor: Actor, encoding: Encoding, body: bytes, most_values: int) -> Export:
    export = READERS[encoding](body, most_values)
    limits.rows(request, actor, config(), export.count)
    return export


async def _take_parts(export: Export, environment: str, most_different: int = MOST_MESSAGES) -> SpanOutcome:
    outcome, left = SpanOutcome(), export.count
    async for part in INGEST.iterate(export.parts):
        mapped = await INGEST.run(otlp.mapped, part)
        await take(mapped, environment, EXPORTS)
        outcome.add(mapped)
        left -= len(part)
        if outcome.messages > MOST_MESSAGES or len(outcome.different) > most_different:
            outcome.refused[TOO_MANY_MESSAGES.format(most_different)] += left
            break
    outcome.refused.update(export.refused)
    return outcome


async def take(mapped: Mapped, environment: str, exports: Gathering) -> None:
    """Store what the spans hold, with those of others who send now; what the database refuses is counted in `mapped`."""
    source = await INGEST.run(_prepare, mapped, environment)
    aside = [Aside(mapped)] if mapped.waiting or mapped.dropped else []
    for first in range(0, max(len(mapped.taken), len(aside)), MOST_ROWS):
        rows: list[Stored] = [*mapped.taken[first : first + MOST_ROWS], *(aside if first == 0 else [])]
        try:
            await exports.store(rows, source)
        except Invalid:
            await INGEST.run(_store_each, mapped, rows, source)
        except Unavailable:
            partitions.forget()  # perhaps one is not there any more
            raise


def _prepare(mapped: Mapped, environment: str) -> RowSource:
    """Make the days of the requests, and return where they come from."""
    times = (each.request.created_at for each in mapped.taken)
    partitions.make_for("ai_request_metrics", (at for at in times if at is not None))
    return RowSource(environment=environment, zone=workspace.zone(), origin=Origin.OTLP)


def _store_each(mapped: Mapped, rows: list[Stored], source: RowSource) -> None:
    """Store span by span what the database refuses as a whole, and count those that it refuses alone."""
    for row in rows:
        try:
            _commit([row], source)
        except Invalid as refused:
            mapped.refused[refused.detail] += 1


def _commit(rows: list[Stored], source: RowSource, _all_new: bool = False) -> int:
    """Store requests, with what was said in them, and what exports leave aside, in one transaction."""
    taken = [row for row in rows if isinstance(row, MappedSpan)]
    said = histories.conversations_of(taken)

    def commit() -> None:
        with transaction() as session:
            if said:  # conversations before users, the order in which every writer locks them
                conversations.store(session, said, source, notes_users=False, repeats=True)
            if taken:
                requests = [each.request for each in taken]
                ingest.store(session, requests, source, others=conversations.SPEAKERS if said else None)
            for row in rows:
                if isinstance(row, Aside):
                    late.set_aside(session, row.export.waiting, row.export.dropped, source)

    persistently(commit)
    return len(rows)


def gathering() -> Gathering:
    """Return what stores the exports of one event loop."""
    return Gathering(_commit, most_rows=MOST_TOGETHER)


EXPORTS = gathering()


def _answer(outcome: SpanOutcome, encoding: Encoding) -> Response:
    """Return an ExportTraceServiceResponse; headers say of how many spans nothing is kept, and how many wait for their request.

    Not its message: collectors write a line to their log for each answer that has one.
    """
    refused, headers = outcome.refused, {DROPPED: str(outcome.dropped), WAITING: str(outcome.waiting)}
    words = " ".join(f"{times} refused: {reason}" for reason, times in refused.most_common(3))
    if encoding is Encoding.PROTOBUF:
        body = ExportTraceServiceResponse()
        if refused:
            body.partial_success.rejected_spans = refused.total()
            body.partial_success.error_message = words
        return Response(body.SerializeToString(), headers=headers, media_type=encoding)
    told = {"partialSuccess": {"rejectedSpans": str(refused.total()), "errorMessage": words}} if refused else {}
    return Response(msgspec.json.encode(told), headers=headers, media_type=encoding)
