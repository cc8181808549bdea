"""Exports of spans: `export(span(model="gpt-4o"))` as JSON, `packed(...)` as protobuf."""

import asyncio
import json
import math
import secrets
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from api.routes.ingest import traces
from core.ai_metrics.otlp import exports
from core.ai_metrics.otlp import mapping as otlp
from core.ai_metrics.otlp.mapping import Mapped
from core.ai_metrics.otlp.spans import Span
from core.platform import clock

Json = dict[str, Any]
RESOURCE = {
    "service.name": "shop",
    "service.version": "1.4",
    "deployment.environment.name": "production",
}
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.response.model": "gpt-4o",
}


def value(given: Any) -> Json:  # noqa: ANN401  any JSON
    """Return a value in OTLP's JSON."""
    match given:
        case bool():
            return {"boolValue": given}
        case int():
            return {"intValue": str(given)}
        case float():
            return {"doubleValue": given if math.isfinite(given) else "NaN"}
        case list():
            return {"arrayValue": {"values": [value(inner) for inner in given]}}
        case dict():
            return {"kvlistValue": {"values": pairs(given)}}
        case _:
            return {"stringValue": given}


def pairs(attributes: Json) -> list[Json]:
    """Return attributes in OTLP's JSON."""
    return [{"key": name, "value": value(given)} for name, given in attributes.items()]


def span(
    attributes: Json | None = None,
    *,
    trace: str | None = None,
    id_: str | None = None,
    parent: str = "",
    ago_s: float = 60.0,
    took_ms: int = 800,
    events: list[Json] | None = None,
    **more: Any,  # noqa: ANN401  members of the span
) -> Json:
    """Return a span, by default of a chat."""
    start = int((clock.now().timestamp() - ago_s) * 1000) * 1_000_000
    return {
        "traceId": trace or secrets.token_hex(16),
        "spanId": id_ or secrets.token_hex(8),
        "parentSpanId": parent,
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + took_ms * 1_000_000),
        "attributes": pairs(CHAT if attributes is None else attributes),
        "events": events or [],
        **more,
    }


def export(*spans: Json, resource: Json | None = None) -> Json:
    """Return an export in JSON."""
    scope = {"scope": {"name": "tests"}, "spans": list(spans)}
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": pairs(RESOURCE if resource is None else resource)},
                "scopeSpans": [scope],
            }
        ]
    }


def as_json(*spans: Json, resource: Json | None = None) -> bytes:
    """Return an export as JSON bytes."""
    return json.dumps(export(*spans, resource=resource)).encode()


def packed(*spans: Json, resource: Json | None = None) -> bytes:
    """Return an export in protobuf."""
    message = ExportTraceServiceRequest()
    json_format.ParseDict(_with_bytes(export(*spans, resource=resource)), message)
    body: bytes = message.SerializeToString()
    return body


def unpacked(body: bytes) -> list[Span]:
    """Return the spans of an export in protobuf."""
    return list(chain.from_iterable(exports.read_protobuf(body).parts))


def from_json(body: bytes) -> list[Span]:
    """Return the spans of an export in JSON."""
    return list(chain.from_iterable(exports.read_json(body).parts))


def _with_bytes(given: Any) -> Any:  # noqa: ANN401  any JSON
    """Return the export with ids in base64: OTLP's JSON has hex, protobuf's own JSON base64."""
    if isinstance(given, list):
        return [_with_bytes(inner) for inner in given]
    if not isinstance(given, dict):
        return given
    return {
        name: _base64(inner)
        if name in ("traceId", "spanId", "parentSpanId")
        else _with_bytes(inner)
        for name, inner in given.items()
    }


def _base64(digits: str) -> str:
    return b64encode(bytes.fromhex(digits)).decode()


def take_in(export: bytes) -> Mapped:
    """Store an export and return its outcome, in an event loop of its own."""
    mapped = otlp.mapped(unpacked(export))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(
            asyncio.run, traces.store_mapped(mapped, "production", traces.new_group_commit())
        ).result()
    return mapped
