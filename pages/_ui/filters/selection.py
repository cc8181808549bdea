"""What a page's filters select: a period, and rows by their attributes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery
from core.batches.views import BatchRunQuery
from core.insights.schemas import WatchScope
from core.presentation.periods import Period, Watched
from pages._ui.filters.labels import LABELS, SAID

DEFAULTS = {"days": "7", "environment": "production", "by": "model", "measure": "cost"}
Offers = Mapping[str, Mapping[str, str]]  # of a filter: each choice, and the words for it
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True)
class Filters:
    """The selected period and filter values, empty where nothing is selected."""

    period: Period
    chosen: Mapping[str, str]
    is_timed: bool = True  # without it, the page shows what there is, whenever it was
    offers: Offers = field(default_factory=dict)  # the words for each choice
    # What the page lets choose by itself: by it nothing is left out
    own: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str | None:
        """Return the value of a filter, None when nothing is selected."""
        return self.chosen.get(name) or self.own.get(name) or None

    def one_of(self, choices: type[Choice], name: str) -> Choice | None:
        """Return the value of a filter as an enum; an unknown value selects nothing."""
        value = self[name] or ""
        return choices(value) if value in set(choices) else None

    @property
    def watched(self) -> Watched:
        """The environment, app, release and user."""
        return Watched(
            self["environment"] or DEFAULTS["environment"],
            self["app"],
            self["release"],
            self["user_id"],
        )

    @property
    def asked(self) -> AiMetricsQuery:
        more = (
            self["provider"],
            self["model"],
            self.one_of(RequestStatus, "status"),
            self["conversation"],
            self["error_type"],
            self["tool"],
            self["prompt_version"],
            self["experiment_arm"],
        )
        return AiMetricsQuery(self.period, self.watched, *more)

    @property
    def runs(self) -> BatchRunQuery:
        return BatchRunQuery(
            self.period, self.watched, self["job"], self["status"], bool(self["internal"])
        )

    @property
    def scope(self) -> WatchScope:
        return WatchScope(self.period, self.watched)

    @property
    def narrowed(self) -> list[str]:
        """The filters that exclude rows, in words."""
        return [
            SAID.get(
                (name, value),
                f"{LABELS[name].lower()} {self.offers.get(name, {}).get(value, value)}",
            )
            for name, value in self.chosen.items()
            if value and DEFAULTS.get(name) != value and name != "sort"
        ]

    def download(self, path: str, **more: str) -> str:
        """Return the API's address of the same rows as CSV; `path` is below `admin`, unless it
        begins with a slash.
        """
        # With its edges: a link by `days` would be of other days tomorrow
        span = {
            "start": f"{self.period.start:%Y-%m-%dT%H:%M:%SZ}",
            "end": f"{self.period.end:%Y-%m-%dT%H:%M:%SZ}",
        }
        kept = {name: value for name, value in {**self.chosen, **self.own}.items() if value}
        query = {**kept, **(span if self.is_timed else {}), **more, "format": "csv"}
        below = "" if path.startswith("/") else "/admin/"
        return f"/api/v1{below}{path}?{urlencode(query)}"
