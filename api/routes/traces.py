"""Spans of OpenTelemetry. A 200 says that the AI requests among them are committed; one bad span never costs the good ones."""

from dataclasses import dataclass

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api import inflate, limits
from api.deps import actor as actor_of
from api.gathering import Gathering
from api.otlp import Encoding, encoding_of
from core import partitions
from core.ai_metrics import histories, ingest, late, otlp, spans
from core.ai_metrics.otlp import Mapped
from core.ai_metrics.steps import Taken
from core.config import config
from core.conversations import ingest as conversations
from core.conversations.schemas import Origin
from core.db import persistently, transaction
from core.errors import Invalid, Unavailable
from core.identity.permissions import Permission, require
from core.intake import MOST_ROWS, Source
from core.system import workspace

MOST_TOGETHER = 1000  # spans of several exports: with what was said in them, each may be large
DROPPED, WAITING = "Attune-Dropped-Spans", "Attune-Waiting-Spans"
READERS = {Encoding.PROTOBUF: spans.read_protobuf, Encoding.JSON: spans.read_json}


@dataclass(frozen=True)
class Aside:
    """What an export leaves aside: spans that wait for their request, and those that are only counted."""

    export: Mapped


Stored = Taken | Aside


async def traces(request: Request) -> Response:
    """Take an export, and answer in its encoding."""
    actor = await actor_of(request)
    require(actor, Permission.INGEST)
    encoding = encoding_of(request.headers.get("content-type", ""))
    if encoding is None:
        raise HTTPException(415, "Send application/x-protobuf or application/json.")
    limits.rows(request, actor, config(), 0)
    body = await inflate.whole(request)

    def read() -> Mapped:
        found = READERS[encoding](body)
        limits.rows(request, actor, config(), len(found))
        return otlp.mapped(found)

    mapped = await run_in_threadpool(read)
    await take(mapped, actor.environment, EXPORTS)
    return _answer(mapped, encoding)


async def take(mapped: Mapped, environment: str, exports: Gathering) -> None:
    """Store what the spans hold, with those of others who send now; what the database refuses is counted in `mapped`."""
    source = await run_in_threadpool(_prepare, mapped, environment)
    aside = [Aside(mapped)] if mapped.waiting or mapped.dropped else []
    for first in range(0, max(len(mapped.taken), len(aside)), MOST_ROWS):
        rows: list[Stored] = [*mapped.taken[first : first + MOST_ROWS], *(aside if first == 0 else [])]
        try:
            await exports.store(rows, source)
        except Invalid:
            await run_in_threadpool(_store_each, mapped, rows, source)
        except Unavailable:
            partitions.forget()  # perhaps one is not there any more
            raise


def _prepare(mapped: Mapped, environment: str) -> Source:
    """Make the days of the requests, and return where they come from."""
    times = (each.request.created_at for each in mapped.taken)
    partitions.make_for("ai_request_metrics", (at for at in times if at is not None))
    return Source(environment=environment, zone=workspace.zone(), origin=Origin.OTLP)


def _store_each(mapped: Mapped, rows: list[Stored], source: Source) -> None:
    """Store span by span what the database refuses as a whole, and count those that it refuses alone."""
    for row in rows:
        try:
            _commit([row], source)
        except Invalid as refused:
            mapped.refused[refused.detail] += 1


def _commit(rows: list[Stored], source: Source, _all_new: bool = False) -> int:
    """Store requests, with what was said in them, and what exports leave aside, in one transaction."""
    taken = [row for row in rows if isinstance(row, Taken)]
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


def _answer(mapped: Mapped, encoding: Encoding) -> Response:
    """Return an ExportTraceServiceResponse; headers say of how many spans nothing is kept, and how many wait for their request.

    Not its message: collectors write a line to their log for each answer that has one.
    """
    refused, headers = mapped.refused, {DROPPED: str(mapped.dropped.total()), WAITING: str(len(mapped.waiting))}
    words = " ".join(f"{times} refused: {reason}" for reason, times in refused.most_common(3))
    if encoding is Encoding.PROTOBUF:
        body = ExportTraceServiceResponse()
        if refused:
            body.partial_success.rejected_spans = refused.total()
            body.partial_success.error_message = words
        return Response(body.SerializeToString(), headers=headers, media_type=encoding)
    told = {"partialSuccess": {"rejectedSpans": str(refused.total()), "errorMessage": words}} if refused else {}
    return Response(msgspec.json.encode(told), headers=headers, media_type=encoding)
