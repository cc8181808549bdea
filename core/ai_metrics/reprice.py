"""Compute costs again by the current prices: one day per transaction, raw rows and rollups together.

What senders have reported stays. A row is priced by what holds at its own time; one that no price fits is unpriced, not free.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from core.database.locks import Lock
from core.database.staging import Connection, Stage, driver
from core.providers.rates import Rate

LONGEST_DAY = "10min"
RATES = Stage(
    "staged_rates",
    {
        "provider": "text",
        "model": "text",
        "valid_from": "timestamptz",
        "valid_until": "timestamptz",
        "price_id": "uuid",
        "input": "numeric",
        "output": "numeric",
        "cached_input": "numeric",
        "cache_write": "numeric",
    },
)
REPRICED = Stage(
    "repriced_requests",
    {
        "id": "uuid",
        "created_at": "timestamptz",
        "provider": "text",
        "model": "text",
        "environment": "text",
        "app": "text",
        "status": "text",
        "was": "numeric",
        "cost": "numeric",
        "price_id": "uuid",
        "cost_source": "text",
    },
)

WITHIN = "request.created_at >= %(start)s and request.created_at < %(end)s"
OURS = f"{WITHIN} and request.cost_source <> 'reported' and (%(model)s::text is null or request.model = %(model)s)"
MODELS = f"""
select request.provider, request.model, count(*) from ai_request_metrics as request where {OURS} group by 1, 2 order by 1, 2"""  # noqa: S608  our own names

# As Rate.cost has it, in numeric: the largest counts and prices together are more than a bigint holds.
COST = """least(99999999999999, div(5000
        + rate.input
            * greatest(0, coalesce(input_tokens, 0)::numeric - coalesce(cached_tokens, 0) - coalesce(cache_write_tokens, 0))
        + coalesce(output_tokens, 0) * rate.output
        + coalesce(cached_tokens, 0) * rate.cached_input
        + coalesce(cache_write_tokens, 0) * rate.cache_write, 10000)) * 0.00000001"""
COMPARE = f"""
insert into repriced_requests
select request.id, request.created_at, request.provider, request.model, environment, app, status, request.cost_usd,
    priced.cost, rate.price_id, priced.cost_source
from ai_request_metrics as request
left join staged_rates as rate on (rate.provider, rate.model) = (request.provider, request.model)
    and request.created_at >= rate.valid_from and (rate.valid_until is null or request.created_at < rate.valid_until)
    and (request.input_tokens is not null or request.output_tokens is not null),
lateral (select case when rate.price_id is not null then {COST} end as cost,
    case when rate.price_id is null then 'unpriced' else 'price_table' end as cost_source) as priced
where {OURS}
    and (request.cost_usd, request.price_id, request.cost_source)
        is distinct from (priced.cost, rate.price_id, priced.cost_source)"""  # noqa: S608
DIFFERENCES = """
select provider, model, count(*), coalesce(sum(was), 0), coalesce(sum(cost), 0),
    count(*) filter (where was is null and cost is not null), count(*) filter (where was is not null and cost is null)
from repriced_requests group by provider, model order by provider, model"""

STORE = f"""
update ai_request_metrics as request
set cost_usd = repriced.cost, price_id = repriced.price_id, cost_source = repriced.cost_source
from repriced_requests as repriced
where {WITHIN} and (request.id, request.created_at) = (repriced.id, repriced.created_at)"""  # noqa: S608
DELTAS = """
insert into ai_request_deltas (at, environment, app, provider, model, status, requests, unpriced, input_tokens, output_tokens,
    cached_tokens, cache_write_tokens, reasoning_tokens, total_tokens, cost_nano, latencies, latency_ms, first_tokens,
    first_token_ms)
select date_bin('30 minutes', created_at, timestamptz '2000-01-01 00:00:00+00') as at, environment, app, provider, model, status,
    0, count(*) filter (where cost is null) - count(*) filter (where was is null), 0, 0, 0, 0, 0, 0,
    (coalesce(sum(cost), 0) - coalesce(sum(was), 0)) * 1000000000, 0, 0, 0, 0
from repriced_requests group by 1, 2, 3, 4, 5, 6
having coalesce(sum(cost), 0) <> coalesce(sum(was), 0) or count(cost) <> count(was)"""


@dataclass(frozen=True)
class RepriceSpan:
    """Whose costs are computed: requests from a moment until another, of all models or of one."""

    start: datetime
    end: datetime
    model: str | None = None

    @property
    def filled(self) -> dict[str, object]:
        """What the statements have in place of its fields."""
        return {"start": self.start, "end": self.end, "model": self.model}


@dataclass(frozen=True)
class PriceDifference:
    """What changes for one model: only requests whose cost, or the price behind it, is another one now."""

    provider: str
    model: str
    requests: int
    before_usd: Decimal
    after_usd: Decimal
    newly_priced: int
    no_longer_priced: int

    def __add__(self, other: "PriceDifference") -> "PriceDifference":
        """Return both together."""
        return PriceDifference(
            self.provider,
            self.model,
            self.requests + other.requests,
            self.before_usd + other.before_usd,
            self.after_usd + other.after_usd,
            self.newly_priced + other.newly_priced,
            self.no_longer_priced + other.no_longer_priced,
        )


Models = dict[tuple[str, str], int]


def count_models(session: Session, span: RepriceSpan) -> Models:
    """Return how many requests of each provider and model there are whose cost nobody has reported."""
    connection = driver(session)
    _allow_time(connection)
    rows = connection.execute(MODELS.encode(), span.filled).fetchall()
    return {(provider, model): count for provider, model, count in rows}


def compare(
    session: Session, span: RepriceSpan, schedules: dict[tuple[str, str], list[Rate]], *, store: bool
) -> list[PriceDifference]:
    """Return what changes in a span, by model; with `store`, change it: rows, and by deltas the rollups."""
    connection = driver(session)
    _allow_time(connection)
    if store:  # of two at once, the second sees what the first has stored
        connection.execute("select pg_advisory_xact_lock(%s)", [Lock.REPRICE])
    RATES.copy(connection, _rate_rows(schedules))
    REPRICED.make(connection)
    # Rows that somebody deletes meanwhile are held, or left out: what the deltas subtract is what the rows held.
    connection.execute((COMPARE + (" for update of request" if store else "")).encode(), span.filled)
    found = [PriceDifference(*row) for row in connection.execute(DIFFERENCES.encode()).fetchall()]
    if store and found:
        connection.execute("analyze repriced_requests")
        connection.execute(STORE.encode(), span.filled)
        connection.execute(DELTAS.encode())
    return found


def _allow_time(connection: Connection) -> None:
    connection.execute(f"set local statement_timeout = '{LONGEST_DAY}'".encode())


def _rate_rows(schedules: dict[tuple[str, str], list[Rate]]) -> Iterator[tuple[object, ...]]:
    for (provider, model), rates in schedules.items():
        ends = [*(rate.valid_from for rate in rates[1:]), None]
        for rate, until in zip(rates, ends, strict=bool(rates)):
            amounts = (Decimal(rate.input), Decimal(rate.output), Decimal(rate.cached_input), Decimal(rate.cache_write))
            yield (provider, model, rate.valid_from, until, rate.price_id, *amounts)
