"""The route that receives OpenTelemetry spans.

A 200 means that their AI requests are committed; an invalid span does not reject others.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api import rate_limits
from api.deps import actor as actor_of
from api.request_bodies import decompression
from api.routes.ingest.group_commit import GroupCommit
from api.routes.ingest.otlp_errors import Encoding, encoding_of
from api.threads import INGEST
from core.ai_metrics.ingest import late_spans as late
from core.ai_metrics.ingest import requests as ingest
from core.ai_metrics.otlp import exports, histories
from core.ai_metrics.otlp import mapping as otlp
from core.ai_metrics.otlp.exports import Export
from core.ai_metrics.otlp.mapping import Mapped, Place
from core.ai_metrics.otlp.steps import MappedSpan
from core.ai_metrics.schemas import NewRequest
from core.conversations.ingest import conversations
from core.conversations.schemas import ConversationOrigin
from core.database import partitions
from core.database.db import Session, retry_on_conflict, transaction
from core.errors import Invalid, Unavailable
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.ingest.rows import MOST_ROWS, NotAllNew, RowSource
from core.platform.config import config
from core.scores import ingest as score_ingest
from core.scores.otlp import scores_of
from core.system import workspace

MOST_MESSAGES = 200_000  # each is compared with stored messages
# Per export, plus 8 per byte sent: a small gzip body can contain any number
VALUES, VALUES_A_BYTE = 500_000, 8
MOST_TOGETHER = 1000  # spans of several exports; with their messages, each may be large
TOO_MANY_MESSAGES = (
    f"An export of this size may have at most {MOST_MESSAGES:,} messages, {{:,}} of them "
    "different. Split it."
)
DROPPED, WAITING = "Attune-Dropped-Spans", "Attune-Waiting-Spans"
READERS = {Encoding.PROTOBUF: exports.read_protobuf, Encoding.JSON: exports.read_json}


@dataclass
class SpanOutcome:
    """Counts of the spans of an export by outcome."""

    refused: Counter[str] = field(default_factory=Counter)  # by reason
    dropped: int = 0
    waiting: int = 0
    messages: int = 0
    _names: set[tuple[str | None, str]] = field(default_factory=set)
    _unread: list[tuple[str | None, list[str]]] = field(default_factory=list)

    @property
    def different(self) -> int:
        """The number of distinct messages: repeated ones take little time."""
        for conversation, names in self._unread:
            self._names.update((conversation, name) for name in names)
        self._unread.clear()
        return len(self._names)

    def has_too_many(self, most_different: int) -> bool:
        """Return whether the export has more messages than it may have."""
        # Most exports have fewer messages than different ones are allowed: none need be compared
        return self.messages > MOST_MESSAGES or (
            self.messages > most_different and self.different > most_different
        )

    def add(self, mapped: Mapped) -> None:
        """Add the counts of a part."""
        self.refused.update(mapped.refused)
        self.dropped += mapped.dropped.total()
        self.waiting += len(mapped.waiting)
        for span in mapped.taken:
            if span.exchange is not None:
                for names in span.exchange.names:
                    self.messages += len(names)
                    self._unread.append((span.request.conversation_id, names))


@dataclass(frozen=True)
class SpansWithoutRequest:
    """Spans of an export without a request: those that wait, and those only counted."""

    export: Mapped


Stored = MappedSpan | SpansWithoutRequest


async def traces(request: Request) -> Response:
    """Store an export, and return the response in its encoding."""
    actor = await actor_of(request)
    require(actor, Permission.INGEST)
    encoding = encoding_of(request.headers.get("content-type", ""))
    if encoding is None:
        raise HTTPException(415, "Send application/x-protobuf or application/json.")
    rate_limits.rows(request, actor, config(), 0)
    async with decompression.whole(request) as body:
        sent = len(await request.body())
        export = await INGEST.run(
            _read, request, actor, encoding, body, VALUES + VALUES_A_BYTE * sent
        )
        return _response(
            await _store_parts(export, actor.environment, decompression.max_rows(sent)), encoding
        )


def _read(
    request: Request, actor: Actor, encoding: Encoding, body: bytes, most_values: int
) -> Export:
    export = READERS[encoding](body, most_values)
    rate_limits.rows(request, actor, config(), export.count)
    return export


async def _store_parts(
    export: Export, environment: str, most_different: int = MOST_MESSAGES
) -> SpanOutcome:
    outcome, remaining, dropped = SpanOutcome(), export.count, Counter[Place]()
    async for part in INGEST.iterate(export.parts):
        mapped = await INGEST.run(otlp.mapped, part)
        remaining -= len(part)
        dropped += mapped.dropped
        mapped.dropped = Counter()
        if remaining == export.refused.total():
            # With the last part: when one before it fails, the sender sends the whole export again
            mapped.dropped, dropped = dropped, Counter()
        await store_mapped(mapped, environment, EXPORTS)
        outcome.add(mapped)
        if outcome.has_too_many(most_different):
            outcome.refused[TOO_MANY_MESSAGES.format(most_different)] += remaining
            break
    if dropped:  # too many messages came before the last part
        rest = Mapped(dropped=dropped)
        await store_mapped(rest, environment, EXPORTS)
        outcome.add(rest)
    outcome.refused.update(export.refused)
    return outcome


async def store_mapped(mapped: Mapped, environment: str, exports: GroupCommit) -> None:
    """Store mapped spans with those of concurrent senders; `mapped` counts the rejected ones."""
    source = await INGEST.run(_prepare, mapped, environment)
    without_request = [SpansWithoutRequest(mapped)] if mapped.waiting or mapped.dropped else []
    # At least once: spans without a request are stored, too
    for start in range(0, max(len(mapped.taken), len(without_request)), MOST_ROWS):
        end = start + MOST_ROWS
        # With the last: an export is sent again when a part fails, and dropped spans have no key
        rows: list[Stored] = [
            *mapped.taken[start:end],
            *(without_request if end >= len(mapped.taken) else []),
        ]
        try:
            await exports.store(rows, source)
        except Invalid:
            await INGEST.run(_store_each, mapped, rows, source)
        except Unavailable:
            partitions.clear_cache()  # a partition may have been dropped
            raise


def _prepare(mapped: Mapped, environment: str) -> RowSource:
    """Create the partitions of the requests, and return their source."""
    times = (span.request.created_at for span in mapped.taken)
    partitions.create_for("ai_request_metrics", (time for time in times if time is not None))
    zone = workspace.zone()
    return RowSource(
        environment=environment, zone=zone, origin=ConversationOrigin.OTLP, defers=True
    )


def _store_each(mapped: Mapped, rows: list[Stored], source: RowSource) -> None:
    """Store spans one by one after they were rejected together; count the rejected ones."""
    for row in rows:
        try:
            _commit([row], source)
        except Invalid as error:
            mapped.refused[error.detail] += 1


def _commit(rows: list[Stored], source: RowSource, _all_new: bool = False) -> int:
    """Store requests with their messages and scores, and spans without request, in one
    transaction.

    Nearly always all requests are new, and spared a look at each; else they are stored again.
    """
    spans = [row for row in rows if isinstance(row, MappedSpan)]
    conversations_of_spans, sent = histories.conversations_of(spans)
    scores = list(scores_of(spans))

    def commit(store: Callable[[Session, list[NewRequest], RowSource], int]) -> None:
        with transaction() as session:
            if spans:
                store(session, [span.request for span in spans], source)
            if conversations_of_spans:  # afterwards: from here on, other writers of users wait
                conversations.store(session, conversations_of_spans, source, histories=sent)
            if scores:
                score_ingest.store(session, scores, source)
            for row in rows:
                if isinstance(row, SpansWithoutRequest):
                    late.set_aside(session, row.export.waiting, row.export.dropped, source)

    try:
        retry_on_conflict(partial(commit, ingest.store_new))
    except NotAllNew:
        retry_on_conflict(partial(commit, ingest.store))
    return len(rows)


def new_group_commit() -> GroupCommit:
    """Return the group commit of exports for one event loop."""
    return GroupCommit(_commit, most_rows=MOST_TOGETHER)


EXPORTS = new_group_commit()


def _response(outcome: SpanOutcome, encoding: Encoding) -> Response:
    """Return an ExportTraceServiceResponse; headers have the number of dropped spans and of those
    waiting for their request.

    Not in its message: collectors log a line for each response with a message.
    """
    refused, headers = (
        outcome.refused,
        {DROPPED: str(outcome.dropped), WAITING: str(outcome.waiting)},
    )
    message = " ".join(f"{count} refused: {reason}" for reason, count in refused.most_common(3))
    if encoding is Encoding.PROTOBUF:
        body = ExportTraceServiceResponse()
        if refused:
            body.partial_success.rejected_spans = refused.total()
            body.partial_success.error_message = message
        return Response(body.SerializeToString(), headers=headers, media_type=encoding)
    response = (
        {"partialSuccess": {"rejectedSpans": str(refused.total()), "errorMessage": message}}
        if refused
        else {}
    )
    return Response(msgspec.json.encode(response), headers=headers, media_type=encoding)
