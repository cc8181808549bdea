"""Usage of model calls: figures of a period, by one dimension and by day."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.database.paging import Page, Window
from core.identity.schemas import View
from core.presentation.money import Usd
from core.presentation.periods import Period


class UsageDimension(StrEnum):
    """What usage is grouped by; a project is that of the playground session of a call."""

    MODEL = "model"
    PROJECT = "project"
    PROMPT = "prompt"
    PROMPT_VERSION = "prompt_version"
    ACCOUNT = "account"
    KEY = "key"
    DAY = "day"


class UsageFigures(View):
    """Calls that have ended, with their tokens, cost and time.

    `cost_usd` is of the priced calls alone; unpriced are calls that used tokens and have no known
    cost. `cached_calls` were answered from the cache, without a model: they cost nothing, and are
    not in `p95_time_ms`, which is at most 1% off. Calls that were stopped are not in it, either.
    """

    calls: int
    cached_calls: int
    errors: int
    error_rate: float | None
    input_tokens: int
    output_tokens: int
    cost_usd: Usd
    priced_calls: int
    unpriced_calls: int
    p95_time_ms: int | None


class UsageRow(UsageFigures):
    """The figures of one model, project, prompt, account, key or day.

    `id` and `name` are null for calls without one: those of keys have no account, those of accounts
    no key. Prompts and projects that the reader may not see are one row named `(private)`, without
    an ID.
    """

    id: str | None
    name: str | None
    prompt_id: UUID | None = None
    share: float  # of the calls of the period


class UsagePoint(UsageFigures):
    """The figures of a day of the reporting time zone, or in a period within one day of an hour;
    `at` is its start.
    """

    at: datetime


class UsageList(Page[UsageRow]):
    """Usage of a period, the rows with the highest cost first, and over time.

    `previous` is of as much of the period before as has passed of this one.
    """

    start: datetime
    end: datetime
    group_by: UsageDimension
    total: UsageFigures
    previous: UsageFigures
    series: list[UsagePoint]


class UsageReport(View):
    """Usage of a period, the rows with the highest cost first.

    `previous` and `previous_series` are of as much of the period before as has passed of this one.
    """

    period: Period
    group_by: UsageDimension
    total: UsageFigures
    previous: UsageFigures
    rows: list[UsageRow]
    series: list[UsagePoint]
    previous_series: list[UsagePoint]

    @property
    def grain(self) -> str:
        """The length of a point of the series, as a phrase."""
        return "hourly" if self.period.is_one_day else "daily"

    def page(self, window: Window) -> UsageList:
        """Return a window of the rows, with everything that the API has of the period."""
        return UsageList(
            **dict(window.page_of(self.rows)),
            start=self.period.start,
            end=self.period.end,
            group_by=self.group_by,
            total=self.total,
            previous=self.previous,
            series=self.series,
        )
