"""OpenTelemetry spans over HTTP: LLM spans of 2.5 kB, in batches of 100, with and without
messages.
"""

import asyncio
import gzip
import json
import random
import secrets
import time
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from benchmarks import load
from benchmarks.ingest import batches
from benchmarks.program import Running
from benchmarks.report import Figure

BATCH, SENT, WARM = 100, 208, 8
SIZE = 2500
LIMITS = {1: 5_000, 4: 5_000}
WORDS = (
    "the",
    "plan",
    "team",
    "invoice",
    "upgrade",
    "please",
    "tell",
    "change",
    "seats",
    "billing",
    "address",
    "month",
    "card",
)
MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-5", "o4-mini")


def measure(program: Running) -> list[Figure]:
    """Return spans per second over one connection and over four."""
    key = batches.sender(program)
    figures = []
    for says, what in ((False, "figures only"), (True, "with conversations")):
        for at_once, limit in LIMITS.items():
            before = program.cpu_s()
            rate = _rate(program.port, key, at_once, says=says)
            note = (
                f"{(program.cpu_s() - before) / (BATCH * SENT) * 1e6:,.0f} µs of the web "
                "process's CPU a span"
            )
            name = f"spans of 2.5 kB, {what}, {at_once} connection{'s' if at_once > 1 else ''}"
            figures.append(Figure(name, rate, "spans/s", limit, at_least=True, note=note))
    return figures


def _rate(port: int, key: str, at_once: int, *, says: bool) -> float:
    requests = [_request(port, key, _batch(says=says)) for _ in range(SENT)]
    asyncio.run(load.each(port, requests[:WARM], at_once=at_once))
    return asyncio.run(load.each(port, requests[WARM:], at_once=at_once)).per_second * BATCH


def _request(port: int, key: str, body: bytes) -> bytes:
    packed = gzip.compress(body, 1)
    head = (
        f"POST /otlp/v1/traces HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer "
        f"{key}\r\n"
        "Content-Type: application/x-protobuf\r\nContent-Encoding: gzip\r\nContent-Length: "
        f"{len(packed)}\r\n\r\n"
    )
    return head.encode() + packed


def _batch(*, says: bool) -> bytes:
    """Return an export of a hundred calls: twenty conversations, each of one user and five turns
    within minutes, each call with the whole history.
    """
    export = ExportTraceServiceRequest()
    group = export.resource_spans.add()
    group.resource.attributes.extend(_pairs({"service.name": "shop", "service.version": "1.4"}))
    spans = group.scope_spans.add().spans
    while len(spans) < BATCH:
        conversation, history = secrets.token_hex(8), list[dict[str, Any]]()
        user = f"u{random.randint(1, 50_000)}"
        began = time.time_ns() - random.randint(300, 3 * 86_400) * 1_000_000_000
        for turn in range(5):
            history.append(_said("user", 150))
            answer = _said("assistant", 250)
            start = began + turn * 30_000_000_000
            span = spans.add(
                trace_id=secrets.token_bytes(16),
                span_id=secrets.token_bytes(8),
                name="chat",
                kind=3,
                start_time_unix_nano=start,
                end_time_unix_nano=start + random.randint(200, 9_000) * 1_000_000,
            )
            span.attributes.extend(_pairs(_attributes(conversation, user)))
            if says:
                told = {
                    "gen_ai.input.messages": json.dumps(history),
                    "gen_ai.output.messages": json.dumps([answer]),
                }
                span.attributes.extend(_pairs(told))
            span.attributes.extend(_pairs({"app.context": "x" * max(1, SIZE - span.ByteSize())}))
            history.append(answer)
    body: bytes = export.SerializeToString()
    return body


def _attributes(conversation: str, user: str) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": (model := random.choice(MODELS)),
        "gen_ai.response.model": model,
        "gen_ai.response.id": f"chatcmpl-{secrets.token_hex(12)}",
        "gen_ai.request.temperature": 0.7,
        "gen_ai.request.max_tokens": 800,
        "gen_ai.usage.input_tokens": random.randint(50, 4_000),
        "gen_ai.usage.output_tokens": random.randint(5, 800),
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.conversation.id": conversation,
        "user.id": user,
        "server.address": "api.openai.com",
        "server.port": 443,
    }


def _said(role: str, length: int) -> dict[str, Any]:
    text = " ".join(random.choices(WORDS, k=length // 6))
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _pairs(attributes: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=name, value=_value(given)) for name, given in attributes.items()]


def _value(given: Any) -> AnyValue:  # noqa: ANN401  any JSON
    match given:
        case list():
            value = AnyValue()
            value.array_value.values.extend(_value(inner) for inner in given)
            return value
        case int():
            return AnyValue(int_value=given)
        case float():
            return AnyValue(double_value=given)
        case _:
            return AnyValue(string_value=given)
