"""Example rows for the API reference."""

import json
from typing import Any

import msgspec

from api.reference import OWN_SCHEMAS, REFERENCE_TO

AT = "2026-11-20T09:30:00Z"
EXAMPLES: dict[str, dict[str, Any]] = {
    "events": {
        "id": "e-1",
        "user_id": "ada",
        "session_id": "s-1",
        "event_type": "onboarding.register_start",
        "created_at": AT,
    },
    "ai-requests": {
        "id": "r-1",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "conversation_id": "c-1",
        "user_id": "ada",
        "input_tokens": 120,
        "output_tokens": 48,
        "total_latency_ms": 930,
        "prompt": {"name": "support", "version": "7"},
        "experiment": {"key": "tone", "arm": "friendly"},
        "created_at": AT,
    },
    "conversations": {
        "id": "c-1",
        "user_id": "ada",
        "session_type": "customer_support",
        "messages": [
            {"id": "m-1", "role": "user", "content": "Where is my order?", "created_at": AT},
            {
                "id": "m-2",
                "role": "assistant",
                "content": "On its way.",
                "model": "gpt-4o-mini",
                "prompt": {"name": "support", "version": "7"},
                "created_at": "2026-11-20T09:30:02Z",
            },
        ],
    },
    "feedback": {
        "id": "f-1",
        "conversation_id": "c-1",
        "message_id": "m-2",
        "rating": 1,
        "comment": "Fast.",
        "created_at": AT,
    },
    "batch-runs": {
        "batch_run_id": "nightly-2026-11-20",
        "batch_job": "nightly",
        "triggered_by": "scheduler",
        "started_at": AT,
        "status": "running",
        "total_jobs": 12,
        "completed_jobs": 4,
        "phase_durations": {"load": 5200},
    },
    "documents": {
        "id": "d-1",
        "scope": "shop",
        "title": "Returns",
        "content": "Within 30 days.",
        "tags": ["orders"],
    },
    "memories": {
        "id": "k-1",
        "user_id": "ada",
        "kind": "preference",
        "content": "Prefers short answers.",
        "confidence": 0.9,
    },
    "users": {
        "id": "ada",
        "email": "ada@example.com",
        "display_name": "Ada",
        "traits": {"plan": "pro"},
    },
    "scores": {
        "id": "s-1",
        "name": "helpfulness",
        "value": 0.8,
        "label": "helpful",
        "source": "judge",
        "conversation_id": "c-1",
        "message_id": "m-2",
        "comment": "Answers the question.",
        "evaluator": "helpfulness-judge",
        "evaluator_version": "3",
        "cost_usd": 0.0004,
        "created_at": AT,
    },
}


def body(path: str, row: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the OpenAPI description of an ingest route's body, which the route decodes itself."""
    (one,), found = msgspec.json.schema_components([row], ref_template=REFERENCE_TO)
    # They forbid unknown fields only to have them decoded apart, into `extra`
    schemas = {name: each | {"additionalProperties": True} for name, each in found.items()}
    many = {"type": "array", "maxItems": 5000, "items": one}
    schema = {
        "anyOf": [one, {"type": "object", "required": ["items"], "properties": {"items": many}}],
        "description": 'A row, or {"items": [...]} with up to 5,000 of them',
        "example": EXAMPLES[path],
    }
    line = f"{json.dumps(EXAMPLES[path])}\n"
    lines = {"type": "string", "description": "NDJSON: a row a line", "example": line}
    return {
        OWN_SCHEMAS: schemas,
        "requestBody": {
            "content": {
                "application/json": {"schema": schema},
                "application/x-ndjson": {"schema": lines},
            }
        },
    }
