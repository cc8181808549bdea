"""Compute costs again by the current prices: one day per transaction, raw rows and rollups
together.

What senders have reported stays. A row is priced by what holds at its own time; one that no price
fits is unpriced, not free.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.ai_metrics.ingest import dimension_backfill
from core.ai_metrics.ingest.request_sums import NAMING
from core.ai_metrics.ingest.requests import STORED_ROWS
from core.ai_metrics.models import AiRequest
from core.ai_metrics.schemas import CostSource
from core.database.locks import Lock
from core.database.sql_files import statement
from core.database.staging import Connection, Stage, driver
from core.database.tables import table_of
from core.providers.queries.token_prices import Rate

# A day of a large workspace takes longer than the 30 s that a request has
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
        **{name: STORED_ROWS.columns[name] for name in NAMING},
    },
)

raw = table_of(AiRequest)
RECOMPUTE = statement(__package__, "compare_costs")
DIFFERENCES = statement(__package__, "cost_differences")
STORE, DELTAS = statement(__package__, "store_costs"), statement(__package__, "cost_deltas")
DIMENSION_DELTAS = statement(__package__, "cost_dimension_deltas")


@dataclass(frozen=True)
class RepriceSpan:
    """A time span, and optionally a model, whose costs are recomputed."""

    start: datetime
    end: datetime
    model: str | None = None

    @property
    def filled(self) -> dict[str, object]:
        """The parameters of the statements."""
        return {"start": self.start, "end": self.end, "model": self.model}


@dataclass(frozen=True)
class PriceDifference:
    """Requests of a model whose cost or price changes, with the costs before and after."""

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
    """Return the number of requests without a reported cost, by provider and model."""
    _allow_time(driver(session))
    keys = (raw.c.provider, raw.c.model)
    models = select(*keys, func.count()).where(
        raw.c.created_at >= span.start,
        raw.c.created_at < span.end,
        raw.c.cost_source != CostSource.REPORTED,
    )
    models = models.where(raw.c.model == span.model) if span.model is not None else models
    rows = session.execute(models.group_by(*keys).order_by(*keys))
    return {(provider, model): count for provider, model, count in rows}


def recompute(
    session: Session,
    span: RepriceSpan,
    schedules: dict[tuple[str, str], list[Rate]],
    *,
    store: bool,
) -> list[PriceDifference]:
    """Return the changes of a time span by model; with `store`, update rows and rollups."""
    connection = driver(session)
    _allow_time(connection)
    # Of two at once, the second sees what the first has stored; and what the deltas subtract is
    # what the rows held
    if store:
        connection.execute("select pg_advisory_xact_lock(%s)", [Lock.STORED_REQUESTS])
        dimension_backfill.build_rest(session)
    RATES.copy(connection, _rate_rows(schedules))
    REPRICED.make(connection)
    session.execute(RECOMPUTE, span.filled)
    found = [PriceDifference(*row) for row in session.execute(DIFFERENCES)]
    if store and found:
        # The planner knows nothing of a temporary table that was just filled
        connection.execute("analyze repriced_requests")
        session.execute(STORE, span.filled)
        session.execute(DELTAS)
        session.execute(DIMENSION_DELTAS)
    return found


def _allow_time(connection: Connection) -> None:
    connection.execute("select set_config('statement_timeout', %s, true)", [LONGEST_DAY])


def _rate_rows(schedules: dict[tuple[str, str], list[Rate]]) -> Iterator[tuple[object, ...]]:
    for (provider, model), rates in schedules.items():
        # A price holds until the next one begins
        ends = [*(rate.valid_from for rate in rates[1:]), None]
        for rate, until in zip(rates, ends, strict=bool(rates)):
            amounts = (
                Decimal(rate.input),
                Decimal(rate.output),
                Decimal(rate.cached_input),
                Decimal(rate.cache_write),
            )
            yield (provider, model, rate.valid_from, until, rate.price_id, *amounts)
