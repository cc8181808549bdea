"""Repricing: what it is asked for, its report, and its loop over days.

Each day is one transaction, so that no other writer waits longer than one takes.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from operator import itemgetter

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from core.ai_metrics.ingest.costs import recomputed_costs
from core.ai_metrics.ingest.costs.recomputed_costs import PriceDifference, RepriceSpan
from core.database.db import transaction
from core.errors import Invalid
from core.ingest.rows import EARLIEST, FUTURE
from core.platform import clock
from core.presentation.money import Usd
from core.presentation.periods import DAY
from core.providers.queries import token_prices

DEFAULT_DAYS = 30


class EmptySpan(Invalid):
    """The end must be later than the start."""


class Reprice(BaseModel):
    """A request to recompute costs, or to preview it; without times, of the last 30 days."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"dry_run": True, "start": "2026-07-01T00:00:00Z"}},
    )

    dry_run: bool = True
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    model: str | None = Field(default=None, min_length=1, max_length=200, pattern=r"^[^\x00]*$")


class RequestSource(StrEnum):
    """Where requests were made."""

    SENDER = "sender"
    PLAYGROUND = "playground"


class ModelDifference(BaseModel):
    """Changed requests of a model with costs before and after; unpriced ones are counted.

    `source` says where they were made: by a sender, or in the playground.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    source: RequestSource = RequestSource.SENDER
    provider: str
    model: str
    requests: int
    before_usd: Usd
    after_usd: Usd
    difference_usd: Usd
    newly_priced: int
    no_longer_priced: int


class RepriceReport(BaseModel):
    """The changes that were made, or that would be."""

    model_config = ConfigDict(frozen=True)

    dry_run: bool
    start: datetime
    end: datetime
    model: str | None
    requests_examined: int
    requests_changed: int
    difference_usd: Usd
    items: list[ModelDifference]


class RepriceProgress:
    """The days that are done and their changes; a new repricing starts over."""

    def __init__(self, span: RepriceSpan, *, dry_run: bool) -> None:
        """Begin."""
        self.span, self.dry_run, self.at = span, dry_run, span.start
        self._examined = 0
        self._by_model: dict[tuple[RequestSource, str, str], PriceDifference] = {}

    @classmethod
    def after(cls, report: RepriceReport, at: datetime) -> "RepriceProgress":
        """Continue at a time, with the changes of the days before it."""
        made = cls(RepriceSpan(report.start, report.end, report.model), dry_run=report.dry_run)
        made.at, made._examined = at, report.requests_examined
        for item in report.items:
            kept = item.model_dump(exclude={"difference_usd", "source"})
            made._by_model[item.source, item.provider, item.model] = PriceDifference(**kept)
        return made

    def add(self, day: RepriceSpan, examined: int, found: list[PriceDifference]) -> None:
        """Add the changes of a day."""
        self.at = day.end
        self.count(RequestSource.SENDER, examined, found)

    def count(self, source: RequestSource, examined: int, found: list[PriceDifference]) -> None:
        """Add changes of requests of a source."""
        self._examined += examined
        for one in found:
            key = (source, one.provider, one.model)
            self._by_model[key] = self._by_model[key] + one if key in self._by_model else one

    @property
    def report(self) -> RepriceReport:
        """The changes so far."""
        found = list(self._by_model.values())
        return RepriceReport(
            dry_run=self.dry_run,
            start=self.span.start,
            end=self.span.end,
            model=self.span.model,
            requests_examined=self._examined,
            requests_changed=sum(one.requests for one in found),
            difference_usd=sum((one.after_usd - one.before_usd for one in found), Decimal(0)),
            items=[
                _view(source, one)
                for (source, *_), one in sorted(self._by_model.items(), key=itemgetter(0))
            ],
        )


Note = Callable[[Session, RepriceProgress], None]


def reprice_days(progress: RepriceProgress, note: Note | None = None) -> RepriceReport:
    """Compute costs anew by the table of prices, day by day, and store them unless it is a dry run.

    `note` is called in the transaction of each day: what it stores of the progress is true whenever
    this breaks off.
    """
    # Another process may have changed prices since these were cached here
    token_prices.clear_cache()
    for day in days_of(replace(progress.span, start=progress.at)):
        _reprice_day(day, progress, note)
    return progress.report


def span_of(request: Reprice) -> RepriceSpan:
    """Return the requested time span; raise EmptySpan."""
    # Of a later end each day would be walked through, though no request can be that late
    end = min(request.end or clock.now() + FUTURE, clock.now() + 2 * FUTURE)
    start = request.start or min(end, clock.now()) - DEFAULT_DAYS * DAY
    if start >= end:
        raise EmptySpan
    return RepriceSpan(max(start, EARLIEST).astimezone(UTC), end.astimezone(UTC), request.model)


def days_of(span: RepriceSpan) -> Iterator[RepriceSpan]:
    """Yield the days of a time span as partitions have them."""
    start = span.start
    while start < span.end:
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
        yield replace(span, start=start, end=min(midnight, span.end))
        start = midnight


def _reprice_day(day: RepriceSpan, progress: RepriceProgress, note: Note | None) -> None:
    with transaction() as session:
        models = recomputed_costs.count_models(session, day)
    # Between the two: what the packaged data knows of a model may have to be put into the table
    # first.
    schedules = {
        (provider, model): token_prices.list_rates(provider, model) for provider, model in models
    }
    if not models and note is None:
        return
    with transaction() as session:
        found = (
            recomputed_costs.recompute(session, day, schedules, store=not progress.dry_run)
            if models
            else []
        )
        progress.add(day, sum(models.values()), found)
        if note is not None:
            note(session, progress)


def _view(source: RequestSource, found: PriceDifference) -> ModelDifference:
    return ModelDifference(
        source=source,
        provider=found.provider,
        model=found.model,
        requests=found.requests,
        before_usd=found.before_usd,
        after_usd=found.after_usd,
        difference_usd=found.after_usd - found.before_usd,
        newly_priced=found.newly_priced,
        no_longer_priced=found.no_longer_priced,
    )
