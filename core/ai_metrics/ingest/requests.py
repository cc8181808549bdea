"""Store AI requests and their rollup deltas in one transaction; a job folds the deltas."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

import uuid_utils
from sqlalchemy import cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, distinct_on, insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from core.activity.ingest.releases import noted_releases, noted_values
from core.activity.ingest.seen_users import SEEN_USERS, note_users, set_aside, user_days
from core.ai_metrics.ingest import request_sums, rollups
from core.ai_metrics.ingest.request_sums import COUNTED, FRESH, NAMING
from core.ai_metrics.models import AiRequest
from core.ai_metrics.schemas import CostSource, NewRequest, RequestStatus
from core.database.rollups import add_sums, sums_of
from core.database.sql_files import compiled, statement
from core.database.staging import Stage, driver
from core.database.tables import table_of
from core.ingest.prompts import REFERENCES
from core.ingest.rows import RowSource, all_new, as_jsonb, keys_of, message_name, staged_key
from core.platform import clock
from core.platform.ids import new_id
from core.providers.queries import token_prices
from core.providers.queries.token_prices import BatchRates

REQUESTS = Stage(
    "staged_requests",
    {
        "id": "uuid",
        "created_at": "timestamptz",
        "external_id": "text",
        "conversation_id": "uuid",
        "message_id": "uuid",
        "user_id": "uuid",
        "user_name": "text",
        "provider": "text",
        "model": "text",
        "operation": "text",
        "environment": "text",
        "app": "text",
        "release": "text",
        "input_tokens": "int4",
        "output_tokens": "int4",
        "cached_tokens": "int4",
        "cache_write_tokens": "int4",
        "reasoning_tokens": "int4",
        "total_tokens": "int4",
        "first_token_ms": "int4",
        "total_latency_ms": "int4",
        "tool_calls_count": "int4",
        "tool_calls": "text",
        "steps": "text",
        "finish_reason": "text",
        "status": "text",
        "error_type": "text",
        "error_message": "text",
        "cost": "int8",
        "cost_source": "text",
        "price_id": "uuid",
        "prompt_version_id": "uuid",
        "prompt_name": "text",
        "prompt_version": "text",
        "prompt_label": "text",
        "experiment_key": "text",
        "experiment_arm": "text",
        "import_id": "uuid",
        "attributes": "text",
    },
)
SHOWN = (*COUNTED, "user_id", "release")
# Rows as they were stored, for what is derived of them or taken away again.
STORED_ROWS = Stage(
    FRESH,
    {name: REQUESTS.columns.get(name, "numeric") for name in (*SHOWN, *NAMING)}
    | {"tool_calls": "jsonb"},
)
STORED = tuple(name for name in REQUESTS.columns if name not in ("user_name", "cost"))
raw, staged = table_of(AiRequest), REQUESTS.table

# What `fresh_requests` adds to the rollups: a table, a view or another part of the statement.
REQUEST_SUMS, DIMENSION_SUMS = request_sums.in_total(), request_sums.by_dimension()
TOOL_SUMS = sums_of(statement(__package__, "tool_sums"), rollups.TOOLS)
TOOLS_BY_DIMENSION = statement(__package__, "tool_dimension_sums")
TOOL_DIMENSION_SUMS = sums_of(TOOLS_BY_DIMENSION, rollups.TOOL_DIMENSIONS)


def _insert(shown: Sequence[str], *, all_new: bool) -> ReturningInsert[Any]:
    columns = [
        cast(staged.c[name], JSONB)
        if name in ("tool_calls", "steps", "attributes")
        else staged.c[name]
        for name in STORED
    ]
    cost = (staged.c.cost * literal_column("0.00000001")).label("cost_usd")
    rows = select(*columns, cost).order_by(staged.c.created_at, staged.c.id)
    returned = [raw.c[name] for name in shown]
    # Looking for each row first, and marking it until it is sure, is a third of the time
    if all_new:
        return (
            insert(raw)
            .from_select([*STORED, "cost_usd"], rows, include_defaults=False)
            .returning(*returned)
        )
    once = rows.ext(distinct_on(staged.c.created_at, staged.c.id))
    stored = insert(raw).from_select([*STORED, "cost_usd"], once, include_defaults=False)
    return stored.on_conflict_do_nothing().returning(*returned)


# Most batches name no tool, release or prompt: their statement has no part for these
@dataclass(frozen=True)
class StoreMode:
    """Properties of a batch, and what to derive from it besides its sums."""

    all_new: bool = False
    defers: bool = False
    with_tools: bool = False
    with_dimensions: bool = False
    with_releases: bool = False
    with_references: bool = False


@cache
def statement_of(how: StoreMode) -> bytes:
    """Return the statement that stores staged rows."""
    naming = (
        *(NAMING if how.with_dimensions else ()),
        *(REFERENCES if how.with_references else ()),
    )
    shown = tuple(dict.fromkeys((*SHOWN, "id", "import_id", *naming)))
    fresh = _insert(shown, all_new=how.all_new).cte(FRESH)
    more = [add_sums("ai_request_deltas", REQUEST_SUMS).cte("deltas")]
    if how.with_dimensions:
        more.append(add_sums("ai_dimension_deltas", DIMENSION_SUMS).cte("dimensions"))
    if how.with_tools:
        more.append(add_sums("tool_deltas", TOOL_SUMS).cte("tools"))
    if how.with_tools and how.with_dimensions:
        more.append(add_sums("tool_dimension_deltas", TOOL_DIMENSION_SUMS).cte("tools_by"))
    if how.defers:
        more.append(set_aside(staged, None if how.all_new else fresh).cte("aside"))
    else:
        seen = select(*(fresh.c[name] for name in SEEN_USERS))
        more.append(user_days(seen).cte("days"))
    if how.with_releases:
        more.append(noted_releases(fresh))
    if how.with_references:
        more.append(noted_values(fresh))
    return compiled(select(func.count()).select_from(fresh).add_cte(fresh, *more))


# What a row has under the name of its column.
AS_SENT = (
    *(
        "model",
        "operation",
        "input_tokens",
        "output_tokens",
        "cached_tokens",
        "cache_write_tokens",
        "reasoning_tokens",
    ),
    *(
        "first_token_ms",
        "total_latency_ms",
        "finish_reason",
        "error_type",
        "error_message",
        "prompt_version_id",
        *REFERENCES,
    ),
)


def store(session: Session, requests: list[NewRequest], source: RowSource) -> int:
    """Store requests and what they add to the rollups; return how many of them are new.

    Their partitions must be there (core/database/partitions.py).
    """
    return _store(session, requests, source, all_new=False)


def store_new(session: Session, requests: list[NewRequest], source: RowSource) -> int:
    """Store requests that are all new; raise NotAllNew, storing nothing, when one is not."""
    with all_new():
        return _store(session, requests, source, all_new=True)


def _store(
    session: Session, requests: list[NewRequest], source: RowSource, *, all_new: bool
) -> int:
    requests = source.cleaned(requests)
    connection = driver(session)
    columns = _columns(requests, source)
    REQUESTS.copy_columns(connection, columns)
    has_tools = any(columns["tool_calls"])
    how = StoreMode(
        all_new=all_new,
        defers=source.defers,
        with_tools=has_tools,
        with_dimensions=has_tools or any(any(columns[name]) for name in NAMING),
        with_releases=any(columns["release"]),
        with_references=any(any(columns[name]) for name in REFERENCES),
    )
    (added,) = connection.execute(statement_of(how), source.days).fetchone() or (0,)
    if not source.defers:
        note_users(connection, REQUESTS, import_id=source.import_id)
    return int(added)


def _columns(requests: list[NewRequest], source: RowSource) -> dict[str, list[Any]]:
    """Return the staging columns; fields that no request has are null constants."""
    now = clock.now()
    providers = [_provider(each) for each in requests]
    rates = BatchRates()
    costs = [
        cost_of(each, provider, rates) for each, provider in zip(requests, providers, strict=True)
    ]
    return {
        "id": [
            staged_key("ai_request", each.id) if each.id is not None else new_id()
            for each in requests
        ],
        "created_at": [each.created_at or now for each in requests],
        "external_id": [each.id for each in requests],
        "conversation_id": keys_of("conversation", [each.conversation_id for each in requests]),
        "message_id": [_message_key(each) for each in requests],
        "user_id": keys_of("user", names := [each.user_id for each in requests]),
        "user_name": names,
        "provider": providers,
        "environment": [each.environment or source.environment for each in requests],
        "app": [each.app or "" for each in requests],
        "release": [each.release or "" for each in requests],
        "total_tokens": [_total(each) for each in requests],
        # A sender may count calls without naming them, or name fewer than there were
        "tool_calls_count": [
            max(each.tool_calls_count or 0, len(each.tool_calls or ())) for each in requests
        ],
        "tool_calls": [as_jsonb(each.tool_calls) for each in requests],
        "steps": [as_jsonb(each.steps) for each in requests],
        "status": [
            each.status or (RequestStatus.ERROR if each.error_type else RequestStatus.OK)
            for each in requests
        ],
        "cost": [cost for cost, _, _ in costs],
        "cost_source": [cost_source for _, cost_source, _ in costs],
        "price_id": [price_id for _, _, price_id in costs],
        "import_id": [source.import_id] * len(requests),
        "attributes": [as_jsonb(each.extra) for each in requests],
        **{name: list(map(attrgetter(name), requests)) for name in AS_SENT},
    }


def _message_key(request: NewRequest) -> uuid_utils.UUID | None:
    if request.message_id is None:
        return None
    return staged_key("message", message_name(request.conversation_id, request.message_id))


def _total(request: NewRequest) -> int | None:
    if request.total_tokens is not None or (
        request.input_tokens is None and request.output_tokens is None
    ):
        return request.total_tokens
    return min((request.input_tokens or 0) + (request.output_tokens or 0), 2**31 - 1)  # an int4


def _provider(request: NewRequest) -> str:
    # In rollups a provider and a model `*` are all of them: a sender's own would stand in the same
    # row, and stop the folding.
    return request.provider if request.provider and request.provider != "*" else ""


def cost_of(
    request: NewRequest, provider: str, rates: BatchRates
) -> tuple[int | None, CostSource, UUID | None]:
    """Return the cost in 0.00000001 USD, its origin, and the price that was used."""
    if request.cost_usd is not None:
        return int(request.cost_usd.scaleb(8).to_integral_value()), CostSource.REPORTED, None
    if request.input_tokens is None and request.output_tokens is None:
        return None, CostSource.UNPRICED, None
    rate = rates.find(provider, request.model, request.created_at or clock.now())
    if rate is None:
        return None, CostSource.UNPRICED, None
    cost = rate.cost(
        request.input_tokens or 0,
        request.output_tokens or 0,
        request.cached_tokens or 0,
        request.cache_write_tokens or 0,
    )
    return min(cost, token_prices.MOST), CostSource.PRICE_TABLE, rate.price_id
