"""Filter options of Watch pages: the values that occur in a period."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, union
from sqlalchemy.orm import Session

from core.activity.models.events import DimensionValue, EventDelta, EventRollup, Release
from core.ai_metrics.models import RequestDelta, RequestRollup
from core.ai_metrics.queries.rollup_sources import ALL
from core.ai_metrics.schemas import RequestStatus
from core.batches.models import BatchRunRecord
from core.database.rollups import Grain
from core.database.tables import table_of
from core.identity.permissions import Permission, require_any
from core.identity.schemas import Actor, View
from core.presentation.periods import Period

MOST = 500
requests, events, runs = table_of(RequestRollup), table_of(EventRollup), table_of(BatchRunRecord)
values = table_of(DimensionValue)
waiting_requests, waiting_events = table_of(RequestDelta), table_of(EventDelta)


class FilterOptions(View):
    """Filter options: environments of the whole period, others of the chosen environment."""

    environments: list[str]
    apps: list[str]
    providers: list[str]
    models: list[str]
    releases: list[str]
    jobs: list[str]
    prompt_versions: list[str]
    experiment_arms: list[str]

    def of(self, name: str) -> list[str] | None:
        """Return a filter's options; None for free text."""
        offered: dict[str, list[str]] = {
            "environment": self.environments,
            "app": self.apps,
            "provider": self.providers,
            "model": self.models,
            "release": self.releases,
            "job": self.jobs,
            "prompt_version": self.prompt_versions,
            "experiment_arm": self.experiment_arms,
            "status": list(RequestStatus),
        }
        return offered.get(name)


def read_filter_options(
    session: Session, period: Period, environment: str, *, actor: Actor
) -> FilterOptions:
    """Return the filter options of a period."""
    require_any(actor, Permission.WATCH, Permission.READ_CONTENTS)
    places = session.execute(union(*_places(period)).limit(MOST)).all()
    models = session.execute(union(*_models(period, environment)).limit(MOST)).all()
    seen = table_of(Release).c
    releases = (
        select(seen.release)
        .where(seen.environment == environment)
        .group_by(seen.release)
        .order_by(func.max(seen.first_seen_at).desc())
    )
    versions, arms = (
        session.scalars(
            select(values.c.value)
            .where(values.c.environment == environment, values.c.dimension == dimension)
            .group_by(values.c.value)
            .order_by(func.max(values.c.first_seen_at).desc())
            .limit(MOST)
        ).all()
        for dimension in ("prompt_version", "experiment_arm")
    )
    ran = (runs.c.environment == environment, _inside(runs.c.started_at, period))
    jobs = select(runs.c.batch_job).where(*ran, ~runs.c.is_internal).distinct()
    return FilterOptions(
        # Without any row, too: a new workspace has one environment to choose
        environments=sorted({"production", *(place for place, _ in places)}),
        apps=sorted({app for place, app in places if place == environment and app}),
        providers=sorted({provider for provider, _ in models if provider}),
        models=sorted({model for _, model in models}),
        releases=sorted(session.scalars(releases.limit(MOST)), reverse=True),
        prompt_versions=list(versions),
        experiment_arms=list(arms),
        jobs=sorted(session.scalars(jobs.limit(MOST))),
    )


def _places(period: Period) -> list[Select[Any]]:
    found = [
        select(table.c.environment, table.c.app).where(
            table.c.grain == Grain.DAY, _inside(table.c["at"], period)
        )
        for table in (requests, events)
    ]
    # What came in since the last fold stands in the deltas alone.
    found += [
        select(table.c.environment, table.c.app).where(_inside(table.c["at"], period))
        for table in (waiting_requests, waiting_events)
    ]
    return [
        *found,
        select(runs.c.environment, runs.c.app).where(
            _inside(runs.c.started_at, period), ~runs.c.is_internal
        ),
    ]


def _models(period: Period, environment: str) -> list[Select[Any]]:
    by_day = select(requests.c.provider, requests.c.model).where(
        requests.c.grain == Grain.DAY,
        requests.c.environment == environment,
        requests.c.model != ALL,
        _inside(requests.c["at"], period),
    )
    waiting = select(waiting_requests.c.provider, waiting_requests.c.model).where(
        waiting_requests.c.environment == environment, _inside(waiting_requests.c["at"], period)
    )
    return [by_day, waiting]


def _inside(column: ColumnElement[Any], period: Period) -> ColumnElement[bool]:
    """Return whether a day or a moment has a part in the period."""
    return and_(column >= period.begins_on, column < period.end)
