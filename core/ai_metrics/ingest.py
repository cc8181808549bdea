"""AI requests into the database, and what they add to the rollups, in one transaction; a job folds that in (rollups.py)."""

from collections.abc import Iterator
from uuid import UUID

import uuid_utils
from sqlalchemy.orm import Session

from core import clock
from core.activity.ingest import USER_DAYS, note_users
from core.activity.releases import note_releases
from core.ai_metrics.schemas import CostSource, NewRequest, RequestStatus
from core.ids import new_id
from core.intake import Source, as_jsonb, message_name, staged_key
from core.providers import rates
from core.staging import Stage, driver

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
        "experiment_arm": "text",
        "import_id": "uuid",
        "attributes": "text",
    },
)
SUMMED = (
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
    "first_token_ms",
    "total_latency_ms",
)
FRESH = "fresh_requests"  # what was stored of a batch, as statements name it
SHOWN = ("created_at", "user_id", "provider", "model", "environment", "app", "status", *SUMMED, "cost_usd", "tool_calls")

STORED = [name for name in REQUESTS.columns if name not in ("user_name", "cost")]
TAKEN = [f"{name}::jsonb" if name in ("tool_calls", "steps", "attributes") else name for name in STORED]
INSERT = f"""
insert into ai_request_metrics ({", ".join(STORED)}, cost_usd)
select distinct on (created_at, id) {", ".join(TAKEN)}, cost * 0.00000001 from staged_requests order by created_at, id
on conflict do nothing returning {", ".join(SHOWN)}"""  # noqa: S608  names of our own

KEY = "date_bin('30 minutes', created_at, timestamptz '2000-01-01 00:00:00+00')"
SUMS = """count(*), count(*) filter (where cost_usd is null), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
        coalesce(sum(cached_tokens), 0), coalesce(sum(cache_write_tokens), 0), coalesce(sum(reasoning_tokens), 0),
        coalesce(sum(total_tokens), 0), coalesce(sum(cost_usd * 1000000000), 0)::bigint,
        count(latency), coalesce(sum(latency), 0), count(first_token), coalesce(sum(first_token), 0)"""


def deltas(rows: str) -> str:
    """Return the statement that adds what rows of requests, by the name of their table, come to."""
    return f"""
with timed as (
    -- least() passes over nulls: without a latency there is none
    select {KEY} as at, *,
        case when status <> 'pending' and total_latency_ms is not null then least(total_latency_ms, 86400000) end as latency,
        case when status <> 'pending' and first_token_ms is not null then least(first_token_ms, 86400000) end as first_token
    from {rows}
),
sums as (
    select at, environment, app, provider, model, status, {SUMS} from timed group by at, environment, app, provider, model, status
),
buckets as (
    select at, environment, app, provider, model, status, kind, bucket, count(*)::int as times
    from timed, lateral (values (0, latency_bucket(latency)), (1, latency_bucket(first_token))) as each (kind, bucket)
    where bucket is not null group by 1, 2, 3, 4, 5, 6, 7, 8
),
histograms as (
    select at, environment, app, provider, model, status,
        histogram_of(array_agg(bucket) filter (where kind = 0), array_agg(times) filter (where kind = 0)) as latency,
        histogram_of(array_agg(bucket) filter (where kind = 1), array_agg(times) filter (where kind = 1)) as first_token
    from buckets group by at, environment, app, provider, model, status
)
insert into ai_request_deltas (at, environment, app, provider, model, status, requests, unpriced, input_tokens, output_tokens,
    cached_tokens, cache_write_tokens, reasoning_tokens, total_tokens, cost_nano, latencies, latency_ms, first_tokens,
    first_token_ms, latency_histogram, first_token_histogram)
select sums.*, latency, first_token from sums left join histograms using (at, environment, app, provider, model, status)"""  # noqa: S608


def tools(rows: str) -> str:
    """Return the same of the calls of tools in them."""
    return f"""
with calls as (
    select {KEY} as at, environment, app, coalesce(left(call ->> 'name', 200), '') as tool, call ? 'error' as is_error,
        case when call ->> 'duration_ms' ~ '^-?[0-9]{{1,9}}$' then least((call ->> 'duration_ms')::int, 86400000) end as duration
    from {rows}, lateral jsonb_array_elements(tool_calls) as call where tool_calls is not null
),
buckets as (
    select at, environment, app, tool, latency_bucket(duration) as bucket, count(*)::int as times
    from calls where duration is not null group by 1, 2, 3, 4, 5
),
histograms as (
    select at, environment, app, tool,
        histogram_of(array_agg(bucket), array_agg(times)) as durations
    from buckets group by 1, 2, 3, 4
)
insert into tool_deltas (at, environment, app, tool, calls, errors, durations, duration_ms, duration_histogram)
select at, environment, app, tool, count(*), count(*) filter (where is_error), count(duration), coalesce(sum(duration), 0),
    (select durations from histograms as h where (h.at, h.environment, h.app, h.tool) = (c.at, c.environment, c.app, c.tool))
from calls as c group by at, environment, app, tool"""  # noqa: S608


STORE = f"""
with {FRESH} as ({INSERT}), deltas as ({deltas(FRESH)}){{tools}}, days as ({USER_DAYS.replace("{stage}", FRESH)})
select count(*) from {FRESH}"""  # noqa: S608  names of our own
STORE_WITH_TOOLS = STORE.replace("{tools}", f", tools as ({tools(FRESH)})").encode()
STORE_WITHOUT = STORE.replace("{tools}", "").encode()


def store(session: Session, requests: list[NewRequest], source: Source, *, others: Stage | None = None) -> int:
    """Store requests and what they add to the rollups; return how many of them are new.

    `others` names users that are noted with theirs. Their partitions must be there (core/partitions.py).
    """
    requests = source.cleaned(requests)
    connection = driver(session)
    REQUESTS.copy(connection, _rows(requests, source))
    statement = STORE_WITH_TOOLS if any(request.tool_calls for request in requests) else STORE_WITHOUT
    with connection.pipeline():
        stored = connection.execute(statement, source.days)
        if any(request.release for request in requests):
            note_releases(connection, REQUESTS)
        note_users(connection, REQUESTS, others, import_id=source.import_id)
    return int((stored.fetchone() or (0,))[0])


def _rows(requests: list[NewRequest], source: Source) -> Iterator[tuple[object, ...]]:
    now = clock.now()
    for request in requests:
        at, provider = request.created_at or now, _provider(request)
        cost, cost_source, price_id = cost_of(request, provider, request.model)
        yield (
            staged_key("ai_request", request.id) if request.id is not None else new_id(),
            at,
            request.id,
            staged_key("conversation", request.conversation_id) if request.conversation_id is not None else None,
            _message_key(request),
            staged_key("user", request.user_id) if request.user_id is not None else None,
            request.user_id,
            provider,
            request.model,
            request.operation,
            request.environment or source.environment,
            request.app or "",
            request.release or "",
            request.input_tokens,
            request.output_tokens,
            request.cached_tokens,
            request.cache_write_tokens,
            request.reasoning_tokens,
            _total(request),
            request.first_token_ms,
            request.total_latency_ms,
            len(request.tool_calls) if request.tool_calls else 0,
            as_jsonb(request.tool_calls),
            as_jsonb(request.steps),
            request.finish_reason,
            request.status or (RequestStatus.ERROR if request.error_type else RequestStatus.OK),
            request.error_type,
            request.error_message,
            cost,
            cost_source,
            price_id,
            None,
            request.experiment_arm,
            source.import_id,
            as_jsonb(request.extra),
        )


def _message_key(request: NewRequest) -> uuid_utils.UUID | None:
    if request.message_id is None:
        return None
    return staged_key("message", message_name(request.conversation_id, request.message_id))


def _total(request: NewRequest) -> int | None:
    if request.total_tokens is not None or (request.input_tokens is None and request.output_tokens is None):
        return request.total_tokens
    return min((request.input_tokens or 0) + (request.output_tokens or 0), 2**31 - 1)


def _provider(request: NewRequest) -> str:
    # In rollups a provider and a model `*` are all of them: a sender's own would stand in the same row, and stop the folding.
    return request.provider if request.provider and request.provider != "*" else ""


def cost_of(request: NewRequest, provider: str, model: str) -> tuple[int | None, CostSource, UUID | None]:
    """Return the cost in units of 0.00000001 USD, where it comes from, and the price that was used."""
    if request.cost_usd is not None:
        return int(request.cost_usd.scaleb(8).to_integral_value()), CostSource.REPORTED, None
    if request.input_tokens is None and request.output_tokens is None:
        return None, CostSource.UNPRICED, None
    rate = rates.find(provider, model, request.created_at or clock.now())
    if rate is None:
        return None, CostSource.UNPRICED, None
    cost = rate.cost(
        request.input_tokens or 0, request.output_tokens or 0, request.cached_tokens or 0, request.cache_write_tokens or 0
    )
    return min(cost, 99_999_999_999_999), CostSource.PRICE_TABLE, rate.price_id
