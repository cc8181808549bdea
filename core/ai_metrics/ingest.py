"""Store AI requests and their rollup deltas, in one transaction; a job folds the deltas (rollups.py)."""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID

import uuid_utils
from sqlalchemy.orm import Session

from core.activity.ingest import USER_DAYS, note_days, note_users
from core.activity.queries.releases import note_releases
from core.ai_metrics.schemas import CostSource, NewRequest, RequestStatus
from core.database.staging import Stage, driver
from core.ingest.intake import RowSource, all_new, as_jsonb, keys_of, message_name, staged_key
from core.platform import clock
from core.platform.ids import new_id
from core.providers import rates

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
# Looking for each row first, and marking it until it is sure, is a third of the time: rows of which none is known do without.
INSERT_NEW = f"""
insert into ai_request_metrics ({", ".join(STORED)}, cost_usd)
select {", ".join(TAKEN)}, cost * 0.00000001 from staged_requests order by created_at, id
returning {", ".join(SHOWN)}"""  # noqa: S608  names of our own
INSERT = f"""
insert into ai_request_metrics ({", ".join(STORED)}, cost_usd)
select distinct on (created_at, id) {", ".join(TAKEN)}, cost * 0.00000001 from staged_requests order by created_at, id
on conflict do nothing returning {", ".join(SHOWN)}"""  # noqa: S608  names of our own

KEY = "date_bin('30 minutes', created_at, timestamptz '2000-01-01 00:00:00+00')"
PLACE = "at, environment, app, provider, model, status"
# What failed or is pending and came without tokens has cost nothing that anybody knows of; one that went well has cost something.
SUMS = """count(*) as requests,
        count(*) filter (where cost_usd is null and (total_tokens is not null or status = 'ok')) as unpriced,
        coalesce(sum(input_tokens), 0) as input_tokens, coalesce(sum(output_tokens), 0) as output_tokens,
        coalesce(sum(cached_tokens), 0) as cached_tokens, coalesce(sum(cache_write_tokens), 0) as cache_write_tokens,
        coalesce(sum(reasoning_tokens), 0) as reasoning_tokens, coalesce(sum(total_tokens), 0) as total_tokens,
        (coalesce(sum(cost_usd), 0) * 1000000000)::bigint as cost_nano,
        count(latency) as latencies, coalesce(sum(latency), 0) as latency_ms,
        count(first_token) as first_tokens, coalesce(sum(first_token), 0) as first_token_ms"""
ADDED = """requests, unpriced, input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, total_tokens,
    cost_nano, latencies, latency_ms, first_tokens, first_token_ms"""
HISTOGRAM = """(select histogram_of(array_agg(bucket), array_agg(times))
        from (select bucket, count(*)::int as times from unnest({buckets}) as bucket group by bucket) as counted)"""


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
    -- A list of buckets for each place: counting by place and bucket would compare all of a place's texts for each time.
    select {PLACE}, {SUMS},
        array_agg(latency_bucket(latency)) filter (where latency is not null) as slow,
        array_agg(latency_bucket(first_token)) filter (where first_token is not null) as late
    from timed group by {PLACE}
)
insert into ai_request_deltas ({PLACE}, {ADDED}, latency_histogram, first_token_histogram)
select {PLACE}, {ADDED}, {HISTOGRAM.format(buckets="slow")}, {HISTOGRAM.format(buckets="late")} from sums"""  # noqa: S608


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


TOOLS = f", tools as ({tools(FRESH)})"
DAYS = f", days as ({USER_DAYS.replace('{stage}', FRESH)})"


def _statement(insert: str, *more: str) -> bytes:
    return f"with {FRESH} as ({insert}), deltas as ({deltas(FRESH)}) {''.join(more)} select count(*) from {FRESH}".encode()  # noqa: S608


@dataclass(frozen=True)
class Statements:
    """How rows are stored, with calls of tools in them and without."""

    plain: bytes
    with_tools: bytes


AS_THEY_COME = Statements(_statement(INSERT, DAYS), _statement(INSERT, TOOLS, DAYS))
ALL_NEW = Statements(_statement(INSERT_NEW, DAYS), _statement(INSERT_NEW, TOOLS, DAYS))
BESIDE_OTHERS = Statements(_statement(INSERT), _statement(INSERT, TOOLS))

# What a row has under the name of its column.
AS_SENT = (
    *("model", "operation", "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens"),
    *("first_token_ms", "total_latency_ms", "finish_reason", "error_type", "error_message", "experiment_arm"),
)


def store(session: Session, requests: list[NewRequest], source: RowSource, *, others: Stage | None = None) -> int:
    """Store requests and what they add to the rollups; return how many of them are new.

    `others` names users that are noted with theirs, on their days. Their partitions must be there (core/database/partitions.py).
    """
    return _store(session, requests, source, AS_THEY_COME if others is None else BESIDE_OTHERS, others)


def store_new(session: Session, requests: list[NewRequest], source: RowSource) -> int:
    """Store requests each of which is new; raise NotAllNew when one is not, and nothing is stored."""
    with all_new():
        return _store(session, requests, source, ALL_NEW)


def _store(session: Session, requests: list[NewRequest], source: RowSource, how: Statements, others: Stage | None = None) -> int:
    requests = source.cleaned(requests)
    connection = driver(session)
    REQUESTS.copy_columns(connection, _columns(requests, source))
    has_tools = any(request.tool_calls for request in requests)
    with connection.pipeline():
        stored = connection.execute(how.with_tools if has_tools else how.plain, source.days)
        if any(request.release for request in requests):
            note_releases(connection, REQUESTS)
        if others is not None:
            note_days(connection, [REQUESTS, others], source)
        note_users(connection, REQUESTS, others, import_id=source.import_id)
    return int((stored.fetchone() or (0,))[0])


def _columns(requests: list[NewRequest], source: RowSource) -> dict[str, list[Any]]:
    """Return the columns of the staging table; what is left out is the same for all, and null."""
    now = clock.now()
    providers = [_provider(each) for each in requests]
    costs = [cost_of(each, provider, each.model) for each, provider in zip(requests, providers, strict=True)]
    return {
        "id": [staged_key("ai_request", each.id) if each.id is not None else new_id() for each in requests],
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
        "tool_calls_count": [len(each.tool_calls) if each.tool_calls else 0 for each in requests],
        "tool_calls": [as_jsonb(each.tool_calls) for each in requests],
        "steps": [as_jsonb(each.steps) for each in requests],
        "status": [each.status or (RequestStatus.ERROR if each.error_type else RequestStatus.OK) for each in requests],
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
