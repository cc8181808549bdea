"""Settings of production scoring: which messages are scored, by what, and for how much."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict
from sqlalchemy.orm import Session

from core.database import settings
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.presentation.money import Usd
from core.providers import catalogue
from core.scoring.model_access import unfit_judge_reason
from core.scoring.results import name_of
from core.scoring.schemas import (
    AllScorer,
    AnyScorer,
    ExactScorer,
    JudgeScorer,
    NumericScorer,
    PairwiseScorer,
    ScorerList,
    ScorerSpec,
    SimilarityScorer,
)

NEED_A_VALUE = (ExactScorer, NumericScorer, PairwiseScorer, SimilarityScorer)
EXAMPLE: JsonDict = {
    "is_active": True,
    "sample_share": 0.05,
    "daily_budget_usd": "1.50",
    "scorers": [
        {"kind": "judge", "name": "helpfulness", "rubric": "The answer solves the problem."},
        {"kind": "contains", "name": "no apology", "values": ["sorry"], "negate": True},
    ],
}


class ProductionScoring(settings.SettingsGroup):
    """How messages of production are scored."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    is_active: bool = False
    sample_share: float = Field(
        default=0.05, ge=0, le=1, description="Of the assistant's messages, by a hash of their IDs."
    )
    daily_budget_usd: Usd = Field(
        default=Decimal(1),
        ge=0,
        lt=10**6,
        decimal_places=8,
        description="The most that calls of models may cost in a UTC day. Rules cost nothing.",
    )
    environment: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "production"
    review_below: float | None = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Messages with a score below this join the review queue; null: none.",
    )
    scorers: ScorerList = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [name_of(spec) for spec in self.scorers]
        if len(set(names)) < len(names):
            raise ValueError("Each scorer needs a name of its own: scores are charted by name.")
        return self

    @model_validator(mode="after")
    def _need_no_reference(self) -> Self:
        for spec in flat(self.scorers):
            if isinstance(spec, NEED_A_VALUE) and spec.value is None:
                raise ValueError(
                    f"The scorer {name_of(spec)} needs a value: messages of production have no "
                    "reference answer."
                )
        return self


class ProductionScoringState(settings.SettingsGroup):
    """For whom models are called, which messages are due, and the figures of a UTC day."""

    account_id: UUID | None = None
    since: datetime | None = None  # messages of before the last change are not scored
    looked_until: datetime | None = None
    day: date | None = None
    spent_usd: Decimal = Decimal(0)
    messages: int = 0
    skipped: int = 0
    problem: str | None = None

    def of_today(self) -> "ProductionScoringState":
        """Return the state with the figures of today, which begin at zero."""
        today = clock.now().date()
        if self.day == today:
            return self
        figures = {"day": today, "spent_usd": Decimal(0), "messages": 0, "skipped": 0}
        return self.model_copy(update={**figures, "problem": None})


class ProductionScoringView(ProductionScoring):
    """The settings, and today's figures (UTC).

    `skipped_today` counts scores that no model could be called for until no run tries them again,
    which takes 15 minutes; `problem` says why the last one was skipped, and `unfit_judges` are
    reasons not to trust a judge.
    """

    spent_today_usd: Usd
    messages_today: int
    skipped_today: int
    problem: str | None
    unfit_judges: list[str]


def read(core: Session, *, actor: Actor) -> ProductionScoringView:
    """Return the settings with today's figures; raise Forbidden."""
    require(actor, Permission.WATCH)
    return _view(core)


def change(
    core: Session,
    scoring: ProductionScoring,
    *,
    actor: Actor,
    loaded: ProductionScoring | None = None,
) -> ProductionScoringView:
    """Store the given fields; models are called for this account from now on, and messages that
    come from now on are scored.

    Raises Forbidden, SettingsChanged, or ModelMissing for a model that cannot be called.
    """
    require(actor, Permission.CHANGE_WORKSPACE)
    require(actor, Permission.RUN_MODELS)
    for spec in flat(scoring.scorers):
        if isinstance(spec, JudgeScorer | PairwiseScorer) and spec.judge_model_id:
            catalogue.find_route(core, spec.judge_model_id)
        if isinstance(spec, SimilarityScorer) and spec.model_id:
            catalogue.find_route(core, spec.model_id)
    before, after = settings.amend(core, scoring, by=actor.id, loaded=loaded)
    state = lock_state(core)
    fresh: dict[str, object] = {"account_id": actor.id, "problem": None}
    if (after.scorers, after.is_active) != (before.scorers, before.is_active):
        fresh |= {"since": clock.now(), "looked_until": None}
    settings.write(core, state.model_copy(update=fresh), by=actor.id)
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    changed = [name for name in new if new[name] != old[name]]
    audit.record(
        core,
        "scoring.change",
        actor,
        before={name: old[name] for name in changed},
        after={name: new[name] for name in changed},
    )
    return _view(core)


def lock_state(core: Session) -> ProductionScoringState:
    """Return the state with the figures of today, locked until the transaction ends."""
    # A run and a change of the settings each store all of it, and must not undo each other
    _, state = settings.amend(core, ProductionScoringState(), by=None)
    return state.of_today()


def flat(specs: tuple[ScorerSpec, ...]) -> Iterator[ScorerSpec]:
    """Yield scorers and those inside them."""
    for spec in specs:
        yield spec
        if isinstance(spec, AllScorer | AnyScorer):
            yield from flat(spec.scorers)


def _view(core: Session) -> ProductionScoringView:
    stored = settings.read(core, ProductionScoring)
    state = settings.read(core, ProductionScoringState).of_today()
    judges = [
        spec for spec in flat(stored.scorers) if isinstance(spec, JudgeScorer | PairwiseScorer)
    ]
    reasons = {unfit_judge_reason(spec.judge_model_id) for spec in judges} - {None}
    return ProductionScoringView(
        **{name: getattr(stored, name) for name in ProductionScoring.model_fields},
        spent_today_usd=state.spent_usd,
        messages_today=state.messages,
        skipped_today=state.skipped,
        problem=state.problem,
        unfit_judges=sorted(filter(None, reasons)),
    )
