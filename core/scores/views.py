"""Filters and views of scores."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.identity.schemas import View
from core.presentation.money import Usd
from core.scores.schemas import ScoreSource, ScoreSubject


@dataclass(frozen=True)
class ScoreFilter:
    """Filters of scores. Bounds are exclusive; `conversation` is Attune's ID or the sender's.

    A score has the prompt version and arm of its message or AI request, and the model of its
    message, or those of its conversation if that used only one.
    """

    name: str | None = None
    below: float | None = None
    above: float | None = None
    label: str | None = None
    source: ScoreSource | None = None
    subject: ScoreSubject | None = None
    model: str | None = None
    conversation: str | None = None
    prompt_version: str | None = None
    experiment_arm: str | None = None


class ScoreView(View):
    """A score; its comment only for roles that read messages, its cost only for those of Watch.

    Lists shorten a long `comment` and name it in `truncated`.
    """

    id: UUID
    external_id: str | None
    name: str
    value: float | None
    label: str | None
    source: ScoreSource
    comment: str | None
    evaluator: str | None
    evaluator_version: str | None
    cost_usd: Usd | None
    subject_kind: ScoreSubject
    subject_id: UUID
    conversation_id: UUID | None
    user_id: UUID | None
    environment: str
    app: str
    release: str
    created_at: datetime
    truncated: tuple[str, ...] = ()


class MeanScore(View):
    """How many scores, and the mean of those with a value, with its 95% interval.

    The interval is null when the values are of fewer than ten conversations, as scores of one
    conversation are not independent, or when all are equal.
    """

    scores: int
    values: int
    mean: float | None
    low: float | None
    high: float | None


class LabelShare(View):
    """The share of a label among a name's labels; Wilson's 95% interval from ten labels on."""

    label: str
    scores: int
    share: float
    low: float | None
    high: float | None


class ScoresOfDay(MeanScore):
    """Scores of one day of the reporting time zone, with the counts of the most frequent labels."""

    at: datetime
    labels: dict[str, int]


class ScoreFigures(MeanScore):
    """Scores under one name; `previous` is the same part of the previous period, and nothing where
    retention has deleted some of it.
    """

    name: str
    lowest: float | None
    highest: float | None
    labels: list[LabelShare]
    days: list[ScoresOfDay]
    previous: MeanScore


class ScoreStats(View):
    """Figures of each name, those with the most scores first; `more_names` are left out."""

    names: list[ScoreFigures]
    more_names: int
