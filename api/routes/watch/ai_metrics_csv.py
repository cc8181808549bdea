"""The columns and rows of the CSV forms of AI metrics."""

import json
from collections.abc import Iterator
from typing import Any

from core.ai_metrics.requests import RequestView
from core.ai_metrics.views import (
    ErrorKind,
    Latency,
    LatencyPoint,
    ModelFigures,
    ToolFigures,
    VolumePoint,
)
from core.insights.prompt_figures import PromptVersionFigures

MODEL_COLUMNS = tuple(ModelFigures.model_fields)
BOUNDS = ("low", "high", "n")
ESTIMATES = (
    "error_rate",
    "p50_latency_ms",
    "p95_latency_ms",
    "cost_per_request",
    "positive_feedback",
    "approved",
)
VERSION_COLUMNS = tuple(
    column
    for name in PromptVersionFigures.model_fields
    for column in (name, *(f"{name}_{part}" for part in BOUNDS if name in ESTIMATES))
)
ERROR_COLUMNS = tuple(name for name in ErrorKind.model_fields if name != "samples")
TOOL_COLUMNS = ("tool", *(name for name in ToolFigures.model_fields if name != "tool"))
TOKEN_COLUMNS = ("at", *(name for name in VolumePoint.model_fields if name != "at"))
PERCENTILES = tuple(name for name in LatencyPoint.model_fields if name != "at")
FIRST_TOKEN = {name: f"first_token_{name}" for name in PERCENTILES}
LATENCY_COLUMNS = ("at", *PERCENTILES, *FIRST_TOKEN.values())
REQUEST_COLUMNS = tuple(name for name in RequestView.model_fields if name != "truncated")


def with_bounds(row: PromptVersionFigures) -> dict[str, object]:
    """Return a prompt version's figures, each estimate with its bounds and cases beside it."""
    found: dict[str, object] = row.model_dump(mode="json")
    for name in ESTIMATES:
        estimate: Any = found[name] or {}
        found |= {f"{name}_{part}": estimate.get(part) for part in BOUNDS}
        found[name] = estimate.get("value")
    found["scores"] = json.dumps(found["scores"] or [])
    return found


def latency_rows(found: Latency) -> Iterator[dict[str, object]]:
    """Yield each interval's percentiles of latency and of the time to first token."""
    for total, first in zip(found.series, found.first_token_series, strict=True):
        first_token = first.model_dump()
        renamed = {FIRST_TOKEN[name]: first_token[name] for name in PERCENTILES}
        yield total.model_dump(mode="json") | renamed
