"""What takes several transactions: repricing, a day in each, so that nobody is held up for longer than one takes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from core import clock
from core.ai_metrics import reprice
from core.ai_metrics.reprice import Difference, Span
from core.db import transaction
from core.errors import Invalid
from core.identity import audit
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.intake import EARLIEST, FUTURE
from core.money import Usd
from core.providers import rates

DEFAULT_DAYS = 30
DAY = timedelta(days=1)


class EmptySpan(Invalid):
    """The end must be later than the start."""


class Reprice(BaseModel):
    """What to price anew, and whether only to say what would change. Without times, the last 30 days."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"dry_run": True, "start": "2026-07-01T00:00:00Z"}})

    dry_run: bool = True
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    model: str | None = Field(default=None, min_length=1, max_length=200, pattern=r"^[^\x00]*$")


class ModelDifference(BaseModel):
    """The changed requests of one model: what they cost before and after; unpriced ones are counted, not taken for zero."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    provider: str
    model: str
    requests: int
    before_usd: Usd
    after_usd: Usd
    difference_usd: Usd
    newly_priced: int
    no_longer_priced: int


class RepriceReport(BaseModel):
    """What has changed, or would."""

    model_config = ConfigDict(frozen=True)

    dry_run: bool
    start: datetime
    end: datetime
    model: str | None
    requests_examined: int
    requests_changed: int
    difference_usd: Usd
    items: list[ModelDifference]


class _Totals:
    """What came of the days so far."""

    def __init__(self) -> None:
        self.examined = 0
        self.by_model: dict[tuple[str, str], Difference] = {}

    def add(self, found: list[Difference]) -> None:
        for one in found:
            key = (one.provider, one.model)
            self.by_model[key] = self.by_model[key] + one if key in self.by_model else one

    @property
    def changed(self) -> int:
        return sum(one.requests for one in self.by_model.values())

    @property
    def difference(self) -> Decimal:
        return sum((one.after_usd - one.before_usd for one in self.by_model.values()), Decimal(0))


def reprice_as(given: Reprice, *, actor: Actor) -> RepriceReport:
    """Compute costs anew by the table of prices, and store them unless it is a dry run.

    Raises Forbidden or EmptySpan. What breaks off in the middle leaves whole days done, and can be repeated.
    """
    require(actor, Permission.MANAGE_PRICES)
    span, totals, is_done = _span(given), _Totals(), False
    try:
        for day in _days(span):
            _reprice_day(day, totals, store=not given.dry_run)
        is_done = True
    finally:
        if not given.dry_run:
            _note(span, totals, actor, outcome="ok" if is_done else "failed")
    return RepriceReport(
        dry_run=given.dry_run,
        start=span.start,
        end=span.end,
        model=span.model,
        requests_examined=totals.examined,
        requests_changed=totals.changed,
        difference_usd=totals.difference,
        items=[_view(totals.by_model[key]) for key in sorted(totals.by_model)],
    )


def _span(given: Reprice) -> Span:
    end = min(given.end or clock.now() + FUTURE, clock.now() + 2 * FUTURE)
    start = given.start or min(end, clock.now()) - DEFAULT_DAYS * DAY
    if start >= end:
        raise EmptySpan
    return Span(max(start, EARLIEST).astimezone(UTC), end.astimezone(UTC), given.model)


def _days(span: Span) -> Iterator[Span]:
    """Yield the days of a span, as the partitions have them; those without requests cost nearly nothing."""
    start = span.start
    while start < span.end:
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
        yield replace(span, start=start, end=min(midnight, span.end))
        start = midnight


def _reprice_day(day: Span, totals: _Totals, *, store: bool) -> None:
    with transaction() as session:
        models = reprice.count_models(session, day)
    if not models:
        return
    # Between the two: what the packaged data knows of a model may have to be put into the table first.
    schedules = {(provider, model): rates.schedule(provider, model) for provider, model in models}
    with transaction() as session:
        totals.add(reprice.compare(session, day, schedules, store=store))
    totals.examined += sum(models.values())


def _note(span: Span, totals: _Totals, actor: Actor, *, outcome: str) -> None:
    targets = {"start": span.start.isoformat(), "end": span.end.isoformat(), "model": span.model}
    after = {"requests": totals.changed, "difference_usd": f"{totals.difference:f}"}
    with transaction() as session:
        audit.record(session, "price.reprice", actor, targets=targets, after=after, outcome=outcome)


def _view(found: Difference) -> ModelDifference:
    return ModelDifference(
        provider=found.provider,
        model=found.model,
        requests=found.requests,
        before_usd=found.before_usd,
        after_usd=found.after_usd,
        difference_usd=found.after_usd - found.before_usd,
        newly_priced=found.newly_priced,
        no_longer_priced=found.no_longer_priced,
    )
