"""Spans of OpenTelemetry. A 200 says that the AI requests among them are committed; one bad span never costs the good ones."""

from collections import Counter
from dataclasses import dataclass, field

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api import inflate, limits
from api.deps import actor as actor_of
from api.otlp import Encoding, encoding_of
from api.threads import INGEST
from core import partitions
from core.ai_metrics import exports, histories, ingest, late, otlp
from core.ai_metrics.otlp import Mapped
from core.ai_metrics.spans import Span
from core.ai_metrics.steps import Taken
from core.config import config
from core.conversations import ingest as conversations
from core.conversations.schemas import Origin
from core.db import persistently, transaction
from core.errors import Invalid, Unavailable
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.intake import MOST_ROWS, Source
from core.system import workspace

MOST_MESSAGES = 200_000  # each is looked for among those that are there
DROPPED, WAITING = "Attune-Dropped-Spans", "Attune-Waiting-Spans"
READERS = {Encoding.PROTOBUF: exports.read_protobuf, Encoding.JSON: exports.read_json}


@dataclass
class Outcome:
    """What became of the spans of an export, in numbers."""

    refused: Counter[str] = field(default_factory=Counter)  # for which reason
    dropped: int = 0
    waiting: int = 0
    messages: int = 0

    def add(self, mapped: Mapped) -> None:
        """Add those of a part."""
        self.refused.update(mapped.refused)
        self.dropped += mapped.dropped.total()
        self.waiting += len(mapped.waiting)
        said = [each.exchange for each in mapped.taken if each.exchange is not None]
        self.messages += sum(len(exchange.asked) + len(exchange.answered) for exchange in said)


async def traces(request: Request) -> Response:
    """Take an export, and answer in its encoding."""
    actor = await actor_of(request)
    require(actor, Permission.INGEST)
    encoding = encoding_of(request.headers.get("content-type", ""))
    if encoding is None:
        raise HTTPException(415, "Send application/x-protobuf or application/json.")
    limits.rows(request, actor, config(), 0)
    async with inflate.whole(request) as body:
        return _answer(await INGEST.run(_read_and_take, request, actor, encoding, body), encoding)


def _read_and_take(request: Request, actor: Actor, encoding: Encoding, body: bytes) -> Outcome:
    export, outcome = READERS[encoding](body), Outcome()
    limits.rows(request, actor, config(), export.count)
    left = export.count
    for part in export.parts:
        outcome.add(take(part, actor.environment))
        left -= len(part)
        if outcome.messages > MOST_MESSAGES:
            outcome.refused[f"An export has at most {MOST_MESSAGES:,} messages: send it as several."] += left
            break
    outcome.refused.update(export.refused)
    return outcome


def take(found: list[Span], environment: str) -> Mapped:
    """Store what the spans hold; return what became of them."""
    source = Source(environment=environment, zone=workspace.zone(), origin=Origin.OTLP)
    mapped = otlp.mapped(found)
    for first in range(0, max(len(mapped.taken), 1), MOST_ROWS):
        _store(mapped, mapped.taken[first : first + MOST_ROWS], source, aside=first == 0)
    return mapped


def _store(mapped: Mapped, taken: list[Taken], source: Source, *, aside: bool = False) -> None:
    """Store some of an export, and `aside` what waits or was dropped; what the database refuses, span by span."""
    if not taken and not (aside and (mapped.waiting or mapped.dropped)):
        return
    partitions.make_for("ai_request_metrics", (each.request.created_at for each in taken if each.request.created_at is not None))
    try:
        persistently(lambda: _commit(mapped, taken, source, aside=aside))
    except Invalid as refused:
        if aside:
            _store(mapped, taken, source)
            _commit(mapped, [], source, aside=True)
        elif len(taken) == 1:
            mapped.refused[refused.detail] += 1
        else:
            for each in taken:
                _store(mapped, [each], source)
    except Unavailable:
        partitions.forget()  # perhaps one is not there any more
        raise


def _commit(mapped: Mapped, taken: list[Taken], source: Source, *, aside: bool) -> None:
    said = histories.conversations_of(taken)
    with transaction() as session:
        if said:  # conversations before users, the order in which every writer locks them
            conversations.store(session, said, source, notes_users=False, repeats=True)
        if taken:
            requests = [each.request for each in taken]
            ingest.store(session, requests, source, others=conversations.SPEAKERS if said else None)
        if aside:
            late.set_aside(session, mapped.waiting, mapped.dropped, source)


def _answer(outcome: Outcome, encoding: Encoding) -> Response:
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
