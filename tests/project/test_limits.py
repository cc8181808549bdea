"""docs/limits.md states the limits of the code."""

import re

import pytest

from api.access import forged_callbacks
from api.http import protocols, websocket
from api.request_bodies import decompression, ndjson, size_limits
from api.routes.ingest import traces
from api.routes.openai import bodies as completions
from core.activity import schemas as saved_funnels
from core.activity.models import funnels
from core.activity.queries.funnels import funnel
from core.ai_metrics.ingest import late_spans
from core.ai_metrics.otlp import exports
from core.attachments import images, pdf_child
from core.attachments import schemas as attachments
from core.bots.service import bots, scenarios
from core.comparisons import schemas as comparisons
from core.database import paging
from core.datasets import schemas as datasets
from core.evaluations import schemas as evaluations
from core.evaluations.cases import case_schemas
from core.executions import runner
from core.executions import schemas as executions
from core.executions.service import provider_turns
from core.executions.tools import tool_rounds
from core.identity.service import sign_in_limits
from core.imports import uploads
from core.imports.containers import files
from core.ingest import json_limits, redaction, rows
from core.knowledge.documents.schemas import MOST_FILES
from core.platform.config import ROOT
from core.playground import schemas as playground
from core.prompts import schemas as prompts
from core.prompts.queries import rendering
from core.prompts.service import prompts as prompt_service
from core.providers import gateway
from core.saved_views import service as saved_views
from core.scoring import json_schemas
from core.scoring import schemas as scoring

# Each paragraph on one line, as the rows of tables are
TEXT = re.sub(r"(?<=[^|\n])\n(?=[^|\n])", " ", (ROOT / "docs" / "limits.md").read_text())
MIB, KIB = 2**20, 2**10
STATED = {
    "address and headers of a request": (protocols.MAX_HEAD_BYTES // KIB, protocols.MOST_HEADERS),
    "a request's headers arrive within": (int(protocols.HEAD_S),),
    "any other body brings": (protocols.MIN_BODY_PROGRESS // KIB, int(protocols.BODY_S)),
    "a client reads of a response within": (int(protocols.UNREAD_S),),
    "fragments of a websocket's message": (websocket.MOST_FRAGMENTS,),
    "a body": (size_limits.MAX_BODY_BYTES // MIB,),
    "a body without sign-in": (size_limits.MAX_ANONYMOUS_BODY // KIB,),
    "a body of `POST callback/ai`": (size_limits.MAX_CALLBACK_BYTES // MIB,),
    "a body below `/api/v1`": (size_limits.MAX_OBJECT_BYTES // MIB,),
    "JSON that is read as a whole": (json_limits.MOST_VALUES,),
    "bodies of all requests": (size_limits.MAX_TOTAL_BYTES // MIB,),
    "rows of a list of the API": (paging.LARGEST_PAGE,),
    "badly signed callbacks": (forged_callbacks.MAX_FORGED,),
    "wrong passwords for an email": (sign_in_limits.MAX_FAILURES,),
    "wrong passwords from an address": (sign_in_limits.MAX_NETWORK_FAILURES_PER_HOUR,),
    "calls of models in progress": (runner.MAX_CONCURRENT_CALLS,),
    "calls that wait for a provider": (provider_turns.MAX_WAITING,),
    "its names": (rows.MOST_NAME_BYTES,),
    "`steps`, `tool_calls`": (rows.MOST_STEPS,),
    "`cost_usd`": (rows.MOST_USD,),
    "rows of a body with `items`": (rows.MOST_ROWS,),
    "a compressed body, unpacked": (ndjson.MAX_DECOMPRESSION_RATIO,),
    "rows of an NDJSON body": (decompression.FREE_ROWS, decompression.BYTES_PER_ROW),
    "NDJSON without a row": (ndjson.MAX_GAP_BYTES // MIB,),
    "a message of the playground": (playground.MAX_MESSAGE_CHARS, playground.MAX_PROMPT_CHARS),
    "files of a message": (
        attachments.MAX_FILES,
        attachments.MAX_FILE_MIB,
        attachments.MAX_MESSAGE_BYTES // MIB,
        attachments.MAX_TEXT_CHARS,
    ),
    "an image": (images.MAX_PIXELS // 10**6, images.PIXELS_PER_BYTE, images.MAX_SCANS),
    "a PDF file": (pdf_child.MAX_PAGES, pdf_child.CPU_S, pdf_child.BYTES_PER_BYTE),
    "texts of a call of a model": (executions.MAX_TEXT_CHARS, executions.MAX_MESSAGES),
    "images of a call": (completions.MAX_IMAGES,),
    "an answer": (gateway.MAX_ANSWER_CHARS, int(gateway.SILENCE_TIMEOUT_S)),
    "tools of an answer": (tool_rounds.MAX_ROUNDS, int(tool_rounds.MAX_TOOL_TIME_S)),
    "prompts of an account": (prompt_service.MOST_PROMPTS,),
    "a text of a prompt": (prompts.MAX_PROMPT_CHARS,),
    "prompts that include each other": (rendering.DEEPEST,),
    "datasets of an account": (datasets.MOST_CASES, datasets.MOST_BYTES // MIB),
    "an evaluation": (
        evaluations.MOST_TARGETS,
        evaluations.MOST_RUNS,
        case_schemas.MOST_INLINE_CASES,
        evaluations.MOST_RESULTS,
    ),
    "scorers of a list": (
        scoring.MAX_SCORERS,
        json_schemas.MAX_PARTS,
        json_schemas.MAX_PATTERN_CHARS,
    ),
    "bots; scenarios": (bots.MOST_BOTS, scenarios.MOST_SCENARIOS),
    "a comparison": (comparisons.MOST_COLUMNS,),
    "saved views": (saved_views.MOST_VIEWS, saved_views.MOST_PINNED),
    "a folder of documents": (MOST_FILES,),
    "steps of a saved funnel": (saved_funnels.MOST_SAVED_STEPS, funnel.MOST_STEPS),
    "event types that are steps": (funnels.MOST_CODES,),
    "patterns of redaction": (redaction.MOST_PATTERNS,),
    "**Spans.**": (
        exports.MOST_SPANS,
        exports.MOST_IN_LIST,
        exports.MOST_VALUES,
        traces.VALUES,
        traces.VALUES_A_BYTE,
        traces.MOST_MESSAGES,
        late_spans.MOST_WAITING,
    ),
    "**Imports.**": (files.MOST_BYTES >> 30, uploads.KEPT_FREE // MIB),
}


@pytest.mark.parametrize("subject", STATED)
def test_limits_of_the_docs_are_those_of_the_code(subject: str) -> None:
    [line, *_] = re.findall(rf"^(?:\| )?{re.escape(subject)}.*$", TEXT, re.MULTILINE)
    numbers = re.findall(r"\d[\d,]*\d|\d", line)
    assert [each for each in STATED[subject] if f"{each:,}" not in numbers] == []


def test_bodies_that_may_be_large_are_named() -> None:
    routes = (
        path.removeprefix("/api/v1/").strip("/").removesuffix("/estimate")
        for path in size_limits.LARGE
        if path not in (size_limits.FOLDER, "/api/v1/evaluation/estimate")
    )
    assert [route for route in routes if f"`{route}`" not in TEXT] == []
