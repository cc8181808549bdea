"""What a worker takes of an evaluation, and what it gives back."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.schemas import EvaluationDefinition
from core.executions.schemas import PendingExecution
from core.identity.schemas import Actor
from core.scoring.schemas import ScoredAnswer, ScoreResult


@dataclass(frozen=True)
class TakenEvaluation:
    """An evaluation that one run of the job works on."""

    id: UUID
    worker: UUID
    definition: EvaluationDefinition
    actor: Actor


@dataclass(frozen=True)
class ClaimedRun:
    """A run of a case to do: a call to make (of a model, or of a service, which is begun), or an
    answer to score. After an answer to a turn that is not the last one, the run is claimed again.
    `judge_limit_usd` is the most that each call of a judge may cost, `embedding_limit_usd` that of
    embeddings.
    """

    id: UUID
    case: EvaluatedCase
    earlier: tuple[ScoredAnswer, ...] = ()
    is_last_turn: bool = True
    execution_id: UUID | None = None
    execution: PendingExecution | None = None
    answer: ScoredAnswer | None = None
    judge_limit_usd: Decimal | None = None
    embedding_limit_usd: Decimal | None = None


@dataclass(frozen=True)
class ScoredRun:
    """The scores of an answer; `scoring_usd` is None when a judge has no price."""

    scores: tuple[ScoreResult, ...]
    checks: list[int]
    passed: bool | None
    score: float | None
    scoring_usd: Decimal | None


@dataclass(frozen=True)
class EndedRun:
    """A run that ended: scored, failed with its answer's error, or given back to be run again."""

    id: UUID
    answer: ScoredAnswer | None
    scored: ScoredRun | None = None
