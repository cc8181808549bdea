"""Rates of the versions of a prompt or a bot, over the same cases."""

from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict

from core.evaluations.views import Estimate
from core.identity.schemas import View


class TrendPoint(View):
    """The newest completed evaluation of a version. `note` says what the version changed;
    `has_other_cases` that it did not ask exactly what the newest version was asked.
    """

    version: int
    note: str
    saved_at: datetime
    evaluation_id: UUID
    target: int
    dataset_version: int | None
    has_other_cases: bool
    success_rate: Estimate
    score: Estimate
    cases: int
    runs: int
    evaluations: int
    finished_at: datetime


class VersionTrend(View):
    """Versions that were asked the same, by the same model, and scored in the same way: a dataset
    in whatever version, or the same questions.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    cases: str
    model_id: str | None
    scorers: tuple[str, ...]
    points: tuple[TrendPoint, ...]
